// schema_of<T>(): the JSON Schema (draft-07) of a described type. Include it in .cpp files only.
#pragma once

#include <string>
#include <string_view>
#include <type_traits>

#include "schema/encode.h"

namespace cara::schema {

void add_text_rules(Map& schema, const Rules& rules);
void add_number_rules(Map& schema, const Rules& rules);

template <class T>
Map schema_of(const Rules& rules = {});

class SchemaVisitor {
 public:
  template <class T>
  void field(Presence presence, std::string_view key, T& sample, const Rules& rules) {
    Map schema = schema_of<T>(rules);
    if (!rules.doc.empty()) schema.push_back({"description", Value(rules.doc)});
    if (presence == Presence::kOptional && has_default(sample)) {
      schema.push_back({"default", encode(sample)});
    }
    if (rules.status_only) schema.push_back({"readOnly", Value(true)});
    properties_.push_back({std::string(key), Value(std::move(schema))});
    if (presence == Presence::kRequired) required_.push_back(Value(key));
  }
  Map take() {
    Map schema{{"type", Value("object")}, {"additionalProperties", Value(false)}};
    schema.push_back({"properties", Value(std::move(properties_))});
    if (!required_.empty()) schema.push_back({"required", Value(std::move(required_))});
    return schema;
  }

 private:
  // Of a field that is left out: what it says then. Nothing is no default.
  template <class T>
  static bool has_default(const T& sample) {
    if constexpr (std::is_enum_v<T>) return true;
    if constexpr (std::is_same_v<T, std::string>) return !sample.empty();
    if constexpr (std::is_same_v<T, std::int64_t>) return sample != 0;
    if constexpr (std::is_same_v<T, bool>) return sample;
    return false;
  }

  Map properties_;
  Array required_;
};

template <class T>
Map schema_of(const Rules& rules) {
  if constexpr (detail::is_optional<T>::value) {
    return schema_of<typename T::value_type>(rules);
  } else if constexpr (detail::is_vector<T>::value) {
    Map schema{{"type", Value("array")},
               {"items", Value(schema_of<typename T::value_type>({.format = rules.format}))},
               {"maxItems", Value(static_cast<std::int64_t>(rules.max_items))}};
    if (rules.min_items > 0) {
      schema.push_back({"minItems", Value(static_cast<std::int64_t>(rules.min_items))});
    }
    return schema;
  } else if constexpr (detail::is_map<T>::value) {
    Map schema{{"type", Value("object")},
               {"additionalProperties", Value(schema_of<typename T::mapped_type>())},
               {"maxProperties", Value(static_cast<std::int64_t>(rules.max_items))}};
    const std::string_view keys = format_pattern(rules.key_format);
    if (!keys.empty()) {
      schema.push_back({"propertyNames", Value(Map{{"pattern", Value(keys)}})});
    }
    return schema;
  } else if constexpr (std::is_enum_v<T>) {
    Array names;
    for (std::string_view name : EnumNames<T>::kNames) names.push_back(Value(name));
    return Map{{"enum", Value(std::move(names))}};
  } else if constexpr (std::is_same_v<T, std::string>) {
    Map schema{{"type", format_takes_numbers(rules.format)
                            ? Value(Array{Value("integer"), Value("number"), Value("string")})
                            : Value("string")}};
    add_text_rules(schema, rules);
    return schema;
  } else if constexpr (std::is_same_v<T, Timestamp>) {
    return Map{{"type", Value("string")}, {"format", Value("date-time")}};
  } else if constexpr (std::is_same_v<T, std::int64_t>) {
    Map schema{{"type", Value("integer")}};
    add_number_rules(schema, rules);
    return schema;
  } else if constexpr (std::is_same_v<T, bool>) {
    return Map{{"type", Value("boolean")}};
  } else if constexpr (std::is_same_v<T, detail::StringMap>) {
    return Map{{"type", Value("object")},
               {"additionalProperties", Value(Map{{"type", Value("string")}})}};
  } else {
    SchemaVisitor visitor;
    T sample{};
    describe(visitor, sample);
    return visitor.take();
  }
}

}  // namespace cara::schema
