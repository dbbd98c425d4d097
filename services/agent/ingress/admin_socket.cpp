#include "services/agent/ingress/admin_socket.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <cstring>

#include "schema/formats.h"

namespace cara::haproxy {
namespace {

using Clock = std::chrono::steady_clock;

class Connection {
 public:
  explicit Connection(const std::string& path)
      : file_(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)),
        end_(Clock::now() + AdminSocket::kPatience) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    if (path.size() >= sizeof address.sun_path) {
      errno = ENAMETOOLONG;
      return;
    }
    std::memcpy(address.sun_path, path.data(), path.size());
    connected_ = ::connect(file_, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
  }
  ~Connection() {
    if (file_ >= 0) ::close(file_);
  }
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  bool connected() const { return connected_; }
  int file() const { return file_; }
  bool wait_for(short events) const {
    using std::chrono::milliseconds;
    pollfd wait{.fd = file_, .events = events, .revents = 0};
    while (true) {
      const auto left = std::chrono::duration_cast<milliseconds>(end_ - Clock::now());
      const int ready = ::poll(&wait, 1, static_cast<int>(std::max<long>(left.count(), 0)));
      if (ready != -1 || errno != EINTR) return ready == 1;
    }
  }

 private:
  int file_;
  Clock::time_point end_;
  bool connected_ = false;
};

Error no_answer() { return timed_out("HAProxy runs and does not answer"); }
Error broken() { return unavailable("HAProxy ended before it had answered"); }

}  // namespace

Result<std::string> AdminSocket::ask(std::string_view line) const {
  const Connection connection(path_);
  if (!connection.connected()) {
    // A full backlog: nobody accepts.
    if (errno == EAGAIN) return no_answer();
    return unavailable("HAProxy does not listen on " + path_ + ": " + std::strerror(errno));
  }
  while (!line.empty()) {
    if (!connection.wait_for(POLLOUT)) return no_answer();
    const ssize_t sent = ::send(connection.file(), line.data(), line.size(), MSG_NOSIGNAL);
    if (sent < 0 && (errno == EINTR || errno == EAGAIN)) continue;
    if (sent <= 0) return broken();
    line.remove_prefix(static_cast<std::size_t>(sent));
  }
  std::string answer;
  std::array<char, 64 * 1024> piece{};
  while (answer.size() < kMaxAnswerBytes) {
    if (!connection.wait_for(POLLIN)) return no_answer();
    const ssize_t got = ::recv(connection.file(), piece.data(), piece.size(), 0);
    if (got < 0 && (errno == EINTR || errno == EAGAIN)) continue;
    if (got < 0 || (got == 0 && answer.empty())) return broken();
    if (got == 0) return answer;
    answer.append(piece.data(), static_cast<std::size_t>(got));
  }
  return internal("HAProxy's answer has more than " + std::to_string(kMaxAnswerBytes) + " bytes");
}

Result<Ok> AdminSocket::tell(std::string_view line) const {
  auto answer = ask(line);
  if (!answer) return answer.error();
  std::erase(*answer, '\n');
  if (!answer->empty()) return internal("HAProxy says: " + schema::printable(*answer, 300));
  return Ok{};
}

Result<int> AdminSocket::pid() const {
  const auto info = ask("show info\n");
  if (!info) return info.error();
  constexpr std::string_view kPid = "\nPid: ";
  const auto at = info->find(kPid);
  int pid = 0;
  if (at != std::string::npos) {
    const char* start = info->data() + at + kPid.size();
    std::from_chars(start, info->data() + info->size(), pid);
  }
  if (pid <= 0) return internal("HAProxy's answer to `show info` has no Pid");
  return pid;
}

}  // namespace cara::haproxy
