// encode(T): an object as a Value, from its description. Include it in .cpp files only.
#pragma once

#include <algorithm>
#include <map>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

#include "schema/describe.h"

namespace cara::schema {

enum class Fields {
  kAll,      // defaults too: what is stored and shown
  kChanged,  // what differs from the defaults: a new field with a default changes nothing
};

template <class T>
Value encode_value(const T& in, Fields fields);

// Optional fields at their "nothing" value (empty text, list, map, false; unset time; no optional)
// are left out.
class EncodeVisitor {
 public:
  explicit EncodeVisitor(Fields fields) : fields_(fields) {}

  template <class T>
  void field(Presence presence, std::string_view key, T& in, const Rules&) {
    if (presence == Presence::kOptional && is_nothing(in)) return;
    Value value = encode_value(in, fields_);
    const Map* map = value.as_map();
    if (presence == Presence::kOptional && map != nullptr && map->empty()) return;
    map_.push_back({std::string(key), std::move(value)});
  }
  Map take() { return std::move(map_); }

 private:
  template <class T>
  static bool is_nothing(const T& in) {
    if constexpr (detail::is_optional<T>::value)
      return !in.has_value();
    else if constexpr (std::is_same_v<T, Timestamp>)
      return !in.is_set();
    else if constexpr (std::is_same_v<T, Value>)
      return in.is_null();
    else if constexpr (std::is_same_v<T, bool>)
      return !in;
    else if constexpr (requires { in.empty(); })
      return in.empty();
    else
      return false;
  }
  Fields fields_;
  Map map_;
};

// The members of `map` that a default object does not have in the same way.
inline Map without_defaults(Map map, const Map& defaults) {
  std::erase_if(map, [&](const Member& member) {
    return std::find(defaults.begin(), defaults.end(), member) != defaults.end();
  });
  return map;
}

template <class T>
Map encode_fields(const T& in, Fields fields) {
  EncodeVisitor visitor(fields);
  describe(visitor, const_cast<T&>(in));  // the visitor only reads
  return visitor.take();
}

template <class T>
Value encode_value(const T& in, Fields fields) {
  if constexpr (detail::is_optional<T>::value) {
    return in.has_value() ? encode_value(*in, fields) : Value();
  } else if constexpr (detail::is_vector<T>::value) {
    Array list;
    list.reserve(in.size());
    for (const auto& entry : in) list.push_back(encode_value(entry, fields));
    return Value(std::move(list));
  } else if constexpr (detail::is_map<T>::value) {
    Map map;
    for (const auto& [key, entry] : in) map.push_back({key, encode_value(entry, fields)});
    return Value(std::move(map));
  } else if constexpr (std::is_enum_v<T>) {
    return Value(std::string_view(EnumNames<T>::kNames[static_cast<std::size_t>(in)]));
  } else if constexpr (std::is_same_v<T, Timestamp>) {
    return in.is_set() ? Value(to_string(in)) : Value();
  } else if constexpr (std::is_same_v<T, detail::StringMap>) {
    Map map;
    for (const auto& [key, text] : in) map.push_back({key, Value(text)});
    return Value(std::move(map));
  } else if constexpr (std::is_constructible_v<Value, const T&>) {
    return Value(in);
  } else {
    Map map = encode_fields(in, fields);
    if (fields == Fields::kAll) return Value(std::move(map));
    return Value(without_defaults(std::move(map), encode_fields(T{}, fields)));
  }
}

template <class T>
Value encode(const T& in, Fields fields = Fields::kAll) {
  return encode_value(in, fields);
}

}  // namespace cara::schema
