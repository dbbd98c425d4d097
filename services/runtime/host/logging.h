// Log lines on stderr through spdlog: for people, or one JSON object per line. Control characters
// never get there raw: what a container or a peer said cannot drive the reader's terminal.
#pragma once

#include <string>
#include <string_view>

namespace cara::host {

struct LogOptions {
  std::string program;
  std::string level = "info";   // debug, info, warn, error
  std::string format = "text";  // text, json
};

// Also ignores SIGPIPE: a process outlives the reader of its log.
void start_logging(const LogOptions& options);

// Control characters as `\n`, `\x1b`; tabs stay.
std::string printable(std::string_view text);
// The inside of a JSON string; invalid UTF-8 becomes U+FFFD.
std::string json_escaped(std::string_view text);

}  // namespace cara::host
