// What names and texts must look like. One table for validation, JSON Schema and error messages.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace cara::schema {

enum class Format {
  kAny,
  kDnsLabel,      // [a-z0-9]([-a-z0-9]*[a-z0-9])?, 1..63: project, service, volume, ingress names
  kDnsName,       // labels joined by dots, 1..253: node names
  kEnvName,       // not empty, no `=`, no NUL
  kEnvValue,      // no NUL, at most 128 KiB (the kernel's limit for one string)
  kAbsolutePath,  // starts with /, no `..`, no NUL, no `:`
  kImage,         // a Docker image reference
  kHost,          // a host name, any case, with or without dots
};

// A sentence that says what is wrong with `text`, or nothing.
std::optional<std::string> check_format(Format format, std::string_view text);
// The ECMA 262 pattern of a format for JSON Schema; empty if it has none. Length limits apart.
std::string_view format_pattern(Format format);
std::size_t format_max_length(Format format);

// `text` as it may be shown in a terminal or a log: control characters and invalid UTF-8 are
// written as \xNN, and at most `limit` bytes are kept, with `...` behind a cut.
std::string printable(std::string_view text, std::size_t limit = 80);
// Like printable, but newlines stay: for log lines of containers inside a message.
std::string printable_lines(std::string_view text, std::size_t limit);
bool is_valid_utf8(std::string_view text);

}  // namespace cara::schema
