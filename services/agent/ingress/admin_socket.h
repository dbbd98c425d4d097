// AdminSocket: HAProxy's runtime API on its unix socket. A connection per call: HAProxy closes it
// behind its answer.
#pragma once

#include <chrono>
#include <string>
#include <string_view>

#include "schema/result.h"

namespace cara::haproxy {

class AdminSocket {
 public:
  static constexpr std::chrono::milliseconds kPatience{2'000};
  static constexpr std::size_t kMaxAnswerBytes = std::size_t{64} * 1024 * 1024;

  explicit AdminSocket(std::string path) : path_(std::move(path)) {}

  // `line` is one line of commands with `;` between them, or a command with its payload; it ends
  // in a newline. kUnavailable: nobody listens. kTimeout: somebody does, and does not answer.
  Result<std::string> ask(std::string_view line) const;
  // For commands that say nothing unless they fail: kInternal with HAProxy's words then.
  Result<Ok> tell(std::string_view line) const;
  // The process that answers.
  Result<int> pid() const;

 private:
  std::string path_;
};

}  // namespace cara::haproxy
