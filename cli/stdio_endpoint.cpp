#include "cli/stdio_endpoint.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <climits>
#include <cstring>
#include <string>

namespace cara::cli {
namespace {

bool is_passing(int error) { return error == EAGAIN || error == EWOULDBLOCK || error == EINTR; }

bool is_writable(int file) {
  pollfd polled{.fd = file, .events = POLLOUT, .revents = 0};
  return ::poll(&polled, 1, 0) > 0;
}

}  // namespace

StdioEndpoint::Output StdioEndpoint::open_output(int file) {
  Output output{.file = file};
  struct stat what {};
  if (fstat(file, &what) != 0) return output;
  const bool may_block = S_ISFIFO(what.st_mode) || isatty(file) == 1;
  output.takes_all = !may_block && !S_ISSOCK(what.st_mode);
  if (may_block) {
    const std::string path = "/proc/self/fd/" + std::to_string(file);
    output.own = ::open(path.c_str(), O_WRONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
  }
  return output;
}

StdioEndpoint::StdioEndpoint(std::array<int, 3> files, bool input, std::shared_ptr<State> state)
    : input_(input ? files[0] : -1),
      outputs_{open_output(files[1]), open_output(files[2])},
      state_(std::move(state)) {}

StdioEndpoint::~StdioEndpoint() {
  for (const Output& output : outputs_) {
    if (output.own >= 0) ::close(output.own);
  }
}

void StdioEndpoint::opened(const std::string&) { state_->opened = true; }

host::Endpoint::Read StdioEndpoint::read(std::size_t limit) {
  std::string bytes(limit, '\0');
  const ssize_t count = ::read(input_, bytes.data(), bytes.size());
  if (count < 0 && is_passing(errno)) return {};
  // A terminal that hung up says EIO.
  if (count < 0 && errno != EIO) {
    return {.status = Read::kFailed,
            .error = internal(std::string("standard input: ") + std::strerror(errno))};
  }
  if (count <= 0) return {.status = Read::kEnd};
  bytes.resize(static_cast<std::size_t>(count));
  return {.status = Read::kData, .data = std::move(bytes)};
}

Result<std::size_t> StdioEndpoint::write(std::string_view bytes, schema::Channel channel) {
  const Output& output = outputs_[channel == schema::Channel::kStderr ? 1 : 0];
  const int file = output.own >= 0 ? output.own : output.file;
  blocked_ = -1;
  if (output.own < 0 && !output.takes_all) {
    // So much is taken without blocking, if anything is.
    bytes = bytes.substr(0, PIPE_BUF);
    if (!is_writable(file)) {
      blocked_ = file;
      return std::size_t{0};
    }
  }
  const ssize_t count = ::write(file, bytes.data(), bytes.size());
  if (count >= 0) return static_cast<std::size_t>(count);
  if (is_passing(errno)) {
    blocked_ = file;
    return std::size_t{0};
  }
  if (errno == EPIPE) state_->reader_gone = true;
  return internal(std::string("the output could not be written: ") + std::strerror(errno));
}

}  // namespace cara::cli
