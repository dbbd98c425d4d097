// ControlPipe: lines that a script writes to a named pipe.
#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "schema/result.h"
#include "tests/hollow/loop.h"

namespace cara::hollow {

class ControlPipe final : private Watcher {
 public:
  static constexpr std::size_t kMaxLine = 256;

  // Makes the pipe if there is none.
  static Result<int> open(const std::string& path);
  // `fd`: from open().
  ControlPipe(Loop& loop, int fd, std::function<void(std::string_view line)> on_line);
  ~ControlPipe() override;
  ControlPipe(const ControlPipe&) = delete;
  ControlPipe& operator=(const ControlPipe&) = delete;

 private:
  void on_ready(std::uint32_t events) override;

  Loop& loop_;
  const int fd_;
  const std::function<void(std::string_view line)> on_line_;
  std::string unread_;
};

}  // namespace cara::hollow
