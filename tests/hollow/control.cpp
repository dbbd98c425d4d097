#include "tests/hollow/control.h"

#include <fcntl.h>
#include <sys/epoll.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

namespace cara::hollow {

// Open for writing, too: else the end of each writer would be the end of the pipe.
Result<int> ControlPipe::open(const std::string& path) {
  if (::mkfifo(path.c_str(), 0600) != 0 && errno != EEXIST) {
    return invalid("cannot make the pipe " + path + ": " + std::strerror(errno));
  }
  const int fd = ::open(path.c_str(), O_RDWR | O_NONBLOCK | O_CLOEXEC);
  if (fd < 0) return invalid("cannot open the pipe " + path + ": " + std::strerror(errno));
  return fd;
}

ControlPipe::ControlPipe(Loop& loop, int fd, std::function<void(std::string_view line)> on_line)
    : loop_(loop), fd_(fd), on_line_(std::move(on_line)) {
  loop_.watch(fd_, EPOLLIN, *this);
}

ControlPipe::~ControlPipe() {
  loop_.forget(fd_);
  ::close(fd_);
}

void ControlPipe::on_ready(std::uint32_t) {
  const auto buffer = loop_.buffer();
  const ssize_t got = ::read(fd_, buffer.data(), buffer.size());
  if (got <= 0) return;
  unread_.append(buffer.data(), static_cast<std::size_t>(got));
  for (auto end = unread_.find('\n'); end != std::string::npos; end = unread_.find('\n')) {
    const std::string line = unread_.substr(0, end);
    unread_.erase(0, end + 1);
    on_line_(line);
  }
  if (unread_.size() > kMaxLine) unread_.clear();
}

}  // namespace cara::hollow
