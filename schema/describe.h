// The machinery behind "one definition, many uses": every type of the API has one function
// `describe(visitor, object)` that names its fields, and each visitor makes one thing of it:
//   decode<T>(Value)  -> T, with every wrong field reported by its path
//   encode(T)         -> Value: schema/encode.h
//   schema_of<T>()    -> the JSON Schema: schema/schema_visitor.h
// Include it in .cpp files only: it is all templates.
#pragma once

#include <algorithm>
#include <charconv>
#include <limits>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include "schema/formats.h"
#include "schema/result.h"
#include "schema/time.h"
#include "schema/value.h"

namespace cara::schema {

enum class Presence { kRequired, kOptional };

// What a field must look like beyond its type, and what it means.
struct Rules {
  std::string_view doc = {};
  Format format = Format::kAny;          // of a text, of each text of a list
  std::optional<std::int64_t> min = {};  // of a number
  std::optional<std::int64_t> max = {};
  std::size_t min_items = 0;  // of a list
  std::size_t max_items = 1024;
  Format key_format = Format::kAny;  // of a map's keys
  std::string_view unique_by = {};   // members of a list of maps that may not repeat
  bool status_only = false;          // written by the system; ignored in a manifest (E23)
};

// Names of an enum's values, in declaration order starting at 0. Specialised per enum.
template <class E>
struct EnumNames;

// Strictness of decoding.
enum class Mode {
  kManifest,  // what a person wrote: unknown fields and broken rules are errors
  kMessage,   // what a process sent: unknown fields are ignored, rules are not checked
};

namespace detail {

template <class T>
struct is_vector : std::false_type {};
template <class T>
struct is_vector<std::vector<T>> : std::true_type {};
template <class T>
struct is_optional : std::false_type {};
template <class T>
struct is_optional<std::optional<T>> : std::true_type {};
using StringMap = std::map<std::string, std::string>;
// A map from names to described types.
template <class T>
struct is_map : std::false_type {};
template <class T>
struct is_map<std::map<std::string, T>> : std::negation<std::is_same<T, std::string>> {};

inline std::string join_path(const std::string& path, std::string_view key) {
  return path.empty() ? std::string(key) : path + "." + std::string(key);
}

}  // namespace detail

// --- Decoding -----------------------------------------------------------------------------------

class DecodeContext {
 public:
  explicit DecodeContext(Mode mode) : mode_(mode) {}
  Mode mode() const { return mode_; }
  const std::vector<FieldError>& errors() const { return errors_; }
  std::vector<FieldError> take_errors() { return std::move(errors_); }
  void fail(const std::string& path, std::string message) {
    if (errors_.size() < kMaxErrors) errors_.push_back({path, std::move(message)});
  }
  static constexpr std::size_t kMaxErrors = 100;

 private:
  Mode mode_;
  std::vector<FieldError> errors_;
};

// The nearest of `known` to a mistyped `name`, or empty if none is near.
std::string nearest_name(std::string_view name, const std::vector<std::string>& known);

// Scalars: each reports a type error itself and leaves `out` alone then.
void decode_scalar(DecodeContext& context, const std::string& path, const Value& value,
                   std::string& out);
void decode_scalar(DecodeContext& context, const std::string& path, const Value& value,
                   std::int64_t& out);
void decode_scalar(DecodeContext& context, const std::string& path, const Value& value, bool& out);
void decode_scalar(DecodeContext& context, const std::string& path, const Value& value,
                   Timestamp& out);
void decode_scalar(DecodeContext& context, const std::string& path, const Value& value, Bytes& out);
void decode_scalar(DecodeContext& context, const std::string& path, const Value& value,
                   detail::StringMap& out);
// `expected a map such as {port: 80}, found text`; `wanted` is `map` or `list`.
void fail_kind(DecodeContext& context, const std::string& path, std::string_view wanted,
               const Value& value);
// A number as the text that it was written as; every other value as it is.
Value number_as_text(const Value& value);
void check_rules(DecodeContext& context, const std::string& path, const std::string& value,
                 const Rules& rules);
void check_rules(DecodeContext& context, const std::string& path, std::int64_t value,
                 const Rules& rules);
// Reports members of `map` that are not in `known`.
void check_unknown(DecodeContext& context, const std::string& path, const Map& map,
                   const std::vector<std::string>& known);
// Reports entries of `list` whose member `key` repeats an earlier one's.
void check_unique(DecodeContext& context, const std::string& path, const Array& list,
                  std::string_view key);

template <class T>
void decode_value(DecodeContext& context, const std::string& path, const Value& value, T& out,
                  const Rules& rules);

class DecodeVisitor {
 public:
  DecodeVisitor(DecodeContext& context, const std::string& path, const Map& map)
      : context_(context), path_(path), map_(map) {}

  template <class T>
  void field(Presence presence, std::string_view key, T& out, const Rules& rules) {
    known_.emplace_back(key);
    if (rules.status_only && context_.mode() == Mode::kManifest) return;
    const Value* value = nullptr;
    for (const Member& member : map_) {
      if (member.key == key) value = &member.value;
    }
    const std::string path = detail::join_path(path_, key);
    if (value == nullptr || value->is_null()) {
      if (presence == Presence::kRequired) context_.fail(path, "is required");
      return;
    }
    decode_value(context_, path, *value, out, rules);
  }

  void finish() {
    if (context_.mode() == Mode::kManifest) check_unknown(context_, path_, map_, known_);
  }

 private:
  DecodeContext& context_;
  const std::string& path_;
  const Map& map_;
  std::vector<std::string> known_;
};

template <class E>
void decode_enum(DecodeContext& context, const std::string& path, const Value& value, E& out) {
  std::string text;
  const auto before = context.errors().size();
  decode_scalar(context, path, value, text);
  if (context.errors().size() != before) return;
  std::string allowed;
  for (std::size_t i = 0; i < EnumNames<E>::kNames.size(); ++i) {
    if (EnumNames<E>::kNames[i] == text) {
      out = static_cast<E>(i);
      return;
    }
    allowed += (i == 0 ? "" : ", ") + std::string(EnumNames<E>::kNames[i]);
  }
  context.fail(path, "`" + printable(text) + "` is not known; use one of: " + allowed);
}

template <class T>
void decode_list(DecodeContext& context, const std::string& path, const Value& value,
                 std::vector<T>& out, const Rules& rules) {
  const Array* list = value.as_array();
  if (list == nullptr) {
    fail_kind(context, path, "list", value);
    return;
  }
  if (list->size() < rules.min_items) {
    context.fail(path, "needs at least " + std::to_string(rules.min_items) + " entry");
  }
  if (context.mode() == Mode::kManifest && list->size() > rules.max_items) {
    context.fail(path, "has " + std::to_string(list->size()) + " entries; at most " +
                           std::to_string(rules.max_items) + " are allowed");
    return;
  }
  out.clear();
  out.reserve(list->size());
  for (std::size_t i = 0; i < list->size(); ++i) {
    T entry{};
    decode_value(context, path + "[" + std::to_string(i) + "]", (*list)[i], entry,
                 Rules{.format = rules.format});
    out.push_back(std::move(entry));
  }
  if (context.mode() == Mode::kManifest && !rules.unique_by.empty()) {
    check_unique(context, path, *list, rules.unique_by);
  }
}

template <class T>
void decode_map(DecodeContext& context, const std::string& path, const Value& value,
                std::map<std::string, T>& out, const Rules& rules) {
  const Map* map = value.as_map();
  if (map == nullptr) {
    fail_kind(context, path, "map", value);
    return;
  }
  if (context.mode() == Mode::kManifest && map->size() > rules.max_items) {
    context.fail(path, "has " + std::to_string(map->size()) + " entries; at most " +
                           std::to_string(rules.max_items) + " are allowed");
    return;
  }
  out.clear();
  for (const Member& member : *map) {
    const std::string at = detail::join_path(path, member.key);
    if (context.mode() == Mode::kManifest) {
      check_rules(context, at, member.key, Rules{.format = rules.key_format});
    }
    decode_value(context, at, member.value, out[member.key], Rules{});
  }
}

template <class T>
void decode_value(DecodeContext& context, const std::string& path, const Value& value, T& out,
                  const Rules& rules) {
  if constexpr (detail::is_optional<T>::value) {
    typename T::value_type inner{};
    const auto before = context.errors().size();
    decode_value(context, path, value, inner, rules);
    if (context.errors().size() == before) out = std::move(inner);
  } else if constexpr (detail::is_vector<T>::value) {
    decode_list(context, path, value, out, rules);
  } else if constexpr (detail::is_map<T>::value) {
    decode_map(context, path, value, out, rules);
  } else if constexpr (std::is_enum_v<T>) {
    decode_enum(context, path, value, out);
  } else if constexpr (std::is_same_v<T, Value>) {
    out = value;
  } else if constexpr (std::is_same_v<T, std::string> || std::is_same_v<T, std::int64_t>) {
    const auto before = context.errors().size();
    const bool as_text = std::is_same_v<T, std::string> && format_takes_numbers(rules.format);
    decode_scalar(context, path, as_text ? number_as_text(value) : value, out);
    if (context.mode() == Mode::kManifest && context.errors().size() == before) {
      check_rules(context, path, out, rules);
    }
  } else if constexpr (std::is_same_v<T, bool> || std::is_same_v<T, Timestamp> ||
                       std::is_same_v<T, Bytes> || std::is_same_v<T, detail::StringMap>) {
    decode_scalar(context, path, value, out);
  } else {
    const Map* map = value.as_map();
    if (map == nullptr) {
      fail_kind(context, path, "map", value);
      return;
    }
    DecodeVisitor visitor(context, path, *map);
    describe(visitor, out);
    visitor.finish();
  }
}

template <class T>
Result<T> decode(const Value& value, Mode mode) {
  DecodeContext context(mode);
  T out{};
  decode_value(context, "", value, out, Rules{});
  if (context.errors().empty()) return out;
  const FieldError first = context.errors().front();
  return invalid((first.path.empty() ? "the message" : first.path) + " " + first.message,
                 context.take_errors());
}

}  // namespace cara::schema
