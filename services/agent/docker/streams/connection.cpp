#include "services/agent/docker/streams/connection.h"

#include <fcntl.h>
#include <netdb.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <memory>
#include <thread>
#include <utility>

namespace cara::docker {

namespace {

constexpr std::size_t kMaxRest = 64 * 1024;
// A full queue of a unix socket wakes nobody who waits for it.
constexpr std::chrono::milliseconds kConnectAgain{10};

bool is_passing(int error) { return error == EAGAIN || error == EWOULDBLOCK || error == EINTR; }

int new_socket(int family) {
  return ::socket(family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
}

}  // namespace

std::chrono::milliseconds time_left(Deadline deadline) {
  const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(
      deadline - std::chrono::steady_clock::now());
  return std::max(left, std::chrono::milliseconds(1));
}

Connection::Connection(Connection&& other) noexcept
    : fd_(std::exchange(other.fd_, -1)), where_(std::move(other.where_)) {}

Connection::~Connection() {
  if (fd_ >= 0) ::close(fd_);
}

int Connection::release() { return std::exchange(fd_, -1); }

bool Connection::wait(short events, Deadline deadline) const {
  pollfd polled{.fd = fd_, .events = events, .revents = 0};
  int ready = 0;
  do {
    ready = ::poll(&polled, 1, static_cast<int>(time_left(deadline).count()));
  } while (ready < 0 && errno == EINTR);
  return ready > 0;
}

Error Connection::late() const { return timed_out(where_ + " gave no answer in time"); }

Result<Connection> Connection::connect(int fd, const void* address, unsigned size,
                                       const std::string& where, Deadline deadline) {
  Connection connection(fd, where);
  const auto refused = [&](int error) {
    return unavailable(where + " does not answer: " + std::strerror(error));
  };
  if (fd < 0) return refused(errno);
  while (::connect(fd, static_cast<const sockaddr*>(address), size) != 0) {
    if (errno == EINPROGRESS) {
      if (!connection.wait(POLLOUT, deadline)) return connection.late();
      int error = 0;
      socklen_t length = sizeof error;
      ::getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &length);
      if (error != 0) return refused(error);
      break;
    }
    if (!is_passing(errno)) return refused(errno);
    if (std::chrono::steady_clock::now() >= deadline) return connection.late();
    std::this_thread::sleep_for(kConnectAgain);
  }
  return connection;
}

Result<Connection> Connection::open(const Endpoint& where, Deadline deadline) {
  if (!where.socket.empty()) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    where.socket.copy(address.sun_path, sizeof address.sun_path - 1);
    return connect(new_socket(AF_UNIX), &address, sizeof address,
                   "the Docker engine at unix://" + where.socket, deadline);
  }
  std::string host = where.base_url.substr(where.base_url.find("//") + 2);
  host = host.substr(0, host.find('/'));
  const std::size_t colon = host.rfind(':');
  const bool has_port = colon != std::string::npos && host.find(']', colon) == std::string::npos;
  const std::string port = has_port ? host.substr(colon + 1) : "80";
  if (has_port) host.resize(colon);
  if (host.starts_with('[') && host.ends_with(']')) host = host.substr(1, host.size() - 2);
  return open_tcp(host, port, "the Docker engine at " + where.base_url, deadline);
}

Result<Connection> Connection::open_tcp(const std::string& host, const std::string& port,
                                        const std::string& what, Deadline deadline) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  if (const int wrong = ::getaddrinfo(host.c_str(), port.c_str(), &hints, &found); wrong != 0) {
    return unavailable(what + " has no known address: " + ::gai_strerror(wrong));
  }
  const std::unique_ptr<addrinfo, void (*)(addrinfo*)> all(found, ::freeaddrinfo);
  Error last = unavailable(what + " has no address");
  for (const addrinfo* each = found; each != nullptr; each = each->ai_next) {
    Result<Connection> connection =
        connect(new_socket(each->ai_family), each->ai_addr, each->ai_addrlen, what, deadline);
    if (connection) return connection;
    last = connection.error();
  }
  return last;
}

Result<Ok> Connection::send(std::string_view bytes, Deadline deadline) {
  while (!bytes.empty()) {
    const ssize_t count = ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (count >= 0) {
      bytes.remove_prefix(static_cast<std::size_t>(count));
    } else if (!is_passing(errno)) {
      return unavailable(where_ + " does not answer: " + std::strerror(errno));
    } else if (!wait(POLLOUT, deadline)) {
      return late();
    }
  }
  return Ok{};
}

Result<long> Connection::read_head(Deadline deadline) {
  std::string head;
  std::array<char, 4096> piece{};
  while (!head.ends_with(kHeadEnd)) {
    if (head.size() > kMaxHead) return internal(where_ + " sent no end of its answer's head");
    if (!wait(POLLIN, deadline)) return late();
    // Only looked at: what is behind the head stays where it is.
    const ssize_t seen = ::recv(fd_, piece.data(), piece.size(), MSG_PEEK);
    if (seen < 0 && is_passing(errno)) continue;
    if (seen <= 0) return unavailable(where_ + " ended the connection without an answer");
    const std::size_t before = head.size();
    head.append(piece.data(), static_cast<std::size_t>(seen));
    const std::size_t end = head.find(kHeadEnd, before < 3 ? 0 : before - 3);
    if (end != std::string::npos) head.resize(end + kHeadEnd.size());
    const ssize_t taken = ::recv(fd_, piece.data(), head.size() - before, 0);
    if (taken != static_cast<ssize_t>(head.size() - before)) {
      return unavailable(where_ + " broke off its answer");
    }
  }
  const long status = status_of(head);
  if (status == 0) return internal(where_ + " gave an answer that is not HTTP");
  return status;
}

std::string Connection::read_rest(Deadline deadline) {
  std::string rest;
  std::array<char, 4096> piece{};
  while (rest.size() < kMaxRest && wait(POLLIN, deadline)) {
    const ssize_t count = ::recv(fd_, piece.data(), piece.size(), 0);
    if (count < 0 && is_passing(errno)) continue;
    if (count <= 0) break;
    rest.append(piece.data(), static_cast<std::size_t>(count));
  }
  return rest;
}

long status_of(std::string_view head) {
  constexpr std::string_view kProtocol = "HTTP/1.";
  const std::size_t space = head.find(' ');
  if (!head.starts_with(kProtocol) || space == std::string_view::npos) return 0;
  long status = 0;
  const char* begin = head.data() + space + 1;
  const auto read = std::from_chars(begin, head.data() + head.size(), status);
  return read.ec == std::errc() && read.ptr == begin + 3 ? status : 0;
}

std::string request_head(std::string_view method, std::string_view path, std::string_view version,
                         std::string_view headers) {
  return std::string(method) + " " + std::string(path) + " HTTP/" + std::string(version) +
         "\r\nHost: docker\r\n" + std::string(headers) + "\r\n";
}

}  // namespace cara::docker
