#include "schema/describe.h"

#include <array>

#include "schema/compose_words.h"
#include "schema/words.h"

namespace cara::schema {
namespace {

// Damerau-free edit distance, for short names.
std::size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  for (std::size_t j = 0; j <= b.size(); ++j) row[j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    std::size_t diagonal = row[0];
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t replaced = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
      diagonal = row[j];
      row[j] = std::min({row[j] + 1, row[j - 1] + 1, replaced});
    }
  }
  return row[b.size()];
}

std::string lower(std::string_view text) {
  std::string out(text);
  for (char& c : out) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c + ('a' - 'A'));
  }
  return out;
}

void type_error(DecodeContext& context, const std::string& path, std::string_view expected,
                const Value& value) {
  std::string found(kind_of(value));
  if (const auto* plain = std::get_if<Plain>(&value.data())) {
    found = "`" + printable(plain->text) + "`";
  } else if (const std::string* text = value.as_string()) {
    found = "`" + printable(*text) + "`";
  }
  context.fail(path, "expected " + std::string(expected) + ", found " + found);
}

// The text of a scalar that was written as text.
const std::string* text_of(const Value& value) {
  if (const auto* plain = std::get_if<Plain>(&value.data())) return &plain->text;
  return value.as_string();
}

}  // namespace

std::string nearest_name(std::string_view name, const std::vector<std::string>& known) {
  constexpr std::size_t kMaxTypo = 64;
  if (name.size() > kMaxTypo) return "";
  std::string best;
  std::size_t best_distance = std::max<std::size_t>(2, name.size() / 3) + 1;
  for (const std::string& candidate : known) {
    const std::size_t distance = edit_distance(lower(name), lower(candidate));
    if (distance < best_distance) {
      best = candidate;
      best_distance = distance;
    }
  }
  return best;
}

void decode_scalar(DecodeContext& context, const std::string& path, const Value& value,
                   std::string& out) {
  const std::string* text = text_of(value);
  if (text == nullptr) return type_error(context, path, "text", value);
  out = *text;
}

void decode_scalar(DecodeContext& context, const std::string& path, const Value& value,
                   std::int64_t& out) {
  if (const std::int64_t* number = value.as_int()) {
    out = *number;
    return;
  }
  const auto* plain = std::get_if<Plain>(&value.data());
  if (plain == nullptr) return type_error(context, path, "a whole number", value);
  std::int64_t number = 0;
  const char* end = plain->text.data() + plain->text.size();
  const auto [stop, code] = std::from_chars(plain->text.data(), end, number);
  if (code != std::errc() || stop != end) {
    return type_error(context, path, "a whole number", value);
  }
  out = number;
}

void decode_scalar(DecodeContext& context, const std::string& path, const Value& value, bool& out) {
  if (const bool* flag = value.as_bool()) {
    out = *flag;
    return;
  }
  const auto* plain = std::get_if<Plain>(&value.data());
  if (plain == nullptr || (plain->text != "true" && plain->text != "false")) {
    return type_error(context, path, "true or false", value);
  }
  out = plain->text == "true";
}

void decode_scalar(DecodeContext& context, const std::string& path, const Value& value,
                   Timestamp& out) {
  const std::string* text = text_of(value);
  if (text == nullptr) return type_error(context, path, "an RFC 3339 time", value);
  const Result<Timestamp> time = parse_timestamp(*text);
  if (!time) return context.fail(path, time.error().message);
  out = *time;
}

void decode_scalar(DecodeContext& context, const std::string& path, const Value& value,
                   Bytes& out) {
  const Bytes* bytes = value.as_bytes();
  if (bytes == nullptr) return type_error(context, path, "binary data", value);
  out = *bytes;
}

void decode_scalar(DecodeContext& context, const std::string& path, const Value& value,
                   detail::StringMap& out) {
  const Map* map = value.as_map();
  if (map == nullptr) return type_error(context, path, "a map", value);
  out.clear();
  for (const Member& member : *map) {
    std::string text;
    decode_scalar(context, detail::join_path(path, member.key), member.value, text);
    if (context.mode() == Mode::kManifest && (member.key.empty() || member.key.size() > 253)) {
      context.fail(path, "a key must have 1 to 253 characters");
    }
    out[member.key] = std::move(text);
  }
}

Value number_as_text(const Value& value) {
  if (const std::int64_t* number = value.as_int()) return Value(std::to_string(*number));
  const double* number = std::get_if<double>(&value.data());
  if (number == nullptr) return value;
  std::array<char, 32> text{};
  char* end = std::to_chars(text.data(), text.data() + text.size(), *number).ptr;
  return Value(std::string(text.data(), static_cast<std::size_t>(end - text.data())));
}

void check_rules(DecodeContext& context, const std::string& path, const std::string& value,
                 const Rules& rules) {
  if (auto wrong = check_format(rules.format, value)) context.fail(path, *wrong);
}

void check_rules(DecodeContext& context, const std::string& path, std::int64_t value,
                 const Rules& rules) {
  if ((rules.min && value < *rules.min) || (rules.max && value > *rules.max)) {
    const std::string bounds =
        rules.max ? std::to_string(rules.min.value_or(0)) + " to " + std::to_string(*rules.max)
                  : "at least " + std::to_string(*rules.min);
    context.fail(path, "is " + std::to_string(value) + "; must be " + bounds);
  }
}

void fail_kind(DecodeContext& context, const std::string& path, std::string_view wanted,
               const Value& value) {
  std::string example(example_entry(path));
  if (!example.empty()) {
    example = " such as `" + (wanted == "list" ? "[" + example + "]" : example) + "`";
  }
  context.fail(path, "expected a " + std::string(wanted) + example + ", found " +
                         std::string(kind_of(value)));
}

void check_unknown(DecodeContext& context, const std::string& path, const Map& map,
                   const std::vector<std::string>& known) {
  for (const Member& member : map) {
    if (std::find(known.begin(), known.end(), member.key) != known.end()) continue;
    const std::string_view meant = stands_for(path, member.key);
    const std::string hint =
        meant.empty()
            ? hint_for(in_camel_case(member.key), known, "known here: " + joined(known))
            : "; docker-compose.yml's `" + member.key + "` is here: " + std::string(meant);
    context.fail(detail::join_path(path, printable(member.key)), "is not known" + hint);
  }
}

void check_unique(DecodeContext& context, const std::string& path, const Array& list,
                  std::string_view key) {
  std::map<std::string, std::size_t> seen;
  for (std::size_t i = 0; i < list.size(); ++i) {
    const Value* value = list[i].find(key);
    const std::string* text = value == nullptr ? nullptr : text_of(*value);
    if (text == nullptr) continue;
    const auto [first, is_new] = seen.emplace(*text, i);
    if (is_new) continue;
    context.fail(path + "[" + std::to_string(i) + "]." + std::string(key),
                 "`" + printable(*text) + "` is used before, in " + path + "[" +
                     std::to_string(first->second) + "]");
  }
}

void add_text_rules(Map& schema, const Rules& rules) {
  const std::string_view pattern = format_pattern(rules.format);
  const std::size_t longest = format_max_length(rules.format);
  if (!pattern.empty()) schema.push_back({"pattern", Value(pattern)});
  if (longest > 0) schema.push_back({"maxLength", Value(static_cast<std::int64_t>(longest))});
}

void add_number_rules(Map& schema, const Rules& rules) {
  if (rules.min) schema.push_back({"minimum", Value(*rules.min)});
  if (rules.max) schema.push_back({"maximum", Value(*rules.max)});
}

}  // namespace cara::schema
