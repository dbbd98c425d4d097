// Values as text: for scripts (JSON) and for people who apply it again (YAML).
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "schema/value.h"

namespace cara::cli {

enum class Output { kTable, kJson, kYaml };
std::optional<Output> parse_output(std::string_view text);

// All end in a newline and hold no raw control characters but newlines. What to_yaml writes reads
// back as the same value: text that looks like another type is quoted.
std::string to_json(const Value& value);
// On one line, without its end.
std::string to_json_line(const Value& value);
std::string to_yaml(const Value& value);
// REQUIRES: not kTable.
std::string render(const Value& value, Output output);

}  // namespace cara::cli
