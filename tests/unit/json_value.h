// Test manifests are written as JSON: text stays text, numbers stay numbers.
#pragma once

#include <nlohmann/json.hpp>
#include <string>

#include "schema/value.h"

namespace cara {

inline Value from_json(const nlohmann::ordered_json& json) {
  if (json.is_object()) {
    Map map;
    for (const auto& [key, value] : json.items()) map.push_back({key, from_json(value)});
    return map;
  }
  if (json.is_array()) {
    Array list;
    for (const auto& value : json) list.push_back(from_json(value));
    return list;
  }
  if (json.is_string()) return json.get<std::string>();
  if (json.is_boolean()) return json.get<bool>();
  if (json.is_number_integer()) return json.get<std::int64_t>();
  if (json.is_number_float()) return json.get<double>();
  return {};
}

inline Value from_json_text(const std::string& text) {
  return from_json(nlohmann::ordered_json::parse(text));
}

}  // namespace cara
