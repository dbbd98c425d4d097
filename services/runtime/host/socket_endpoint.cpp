#include "services/runtime/host/socket_endpoint.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace cara::host {
namespace {

bool is_passing(int error) { return error == EAGAIN || error == EWOULDBLOCK || error == EINTR; }

Error broken(int error) {
  return unavailable(std::string("the connection broke: ") + std::strerror(error));
}

}  // namespace

SocketEndpoint::SocketEndpoint(int fd) : fd_(fd) {
  fcntl(fd_, F_SETFL, fcntl(fd_, F_GETFL) | O_NONBLOCK);
}

SocketEndpoint::~SocketEndpoint() { close(fd_); }

Endpoint::Read SocketEndpoint::read(std::size_t limit) {
  std::string bytes(limit, '\0');
  const ssize_t count = recv(fd_, bytes.data(), limit, 0);
  if (count < 0) {
    if (is_passing(errno)) return {};
    return {.status = Read::kFailed, .error = broken(errno)};
  }
  if (count == 0) return {.status = Read::kEnd};
  bytes.resize(static_cast<std::size_t>(count));
  return {.status = Read::kData, .data = std::move(bytes)};
}

Result<std::size_t> SocketEndpoint::write(std::string_view bytes, schema::Channel) {
  const ssize_t count = send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
  if (count >= 0) return static_cast<std::size_t>(count);
  if (is_passing(errno)) return std::size_t{0};
  return broken(errno);
}

void SocketEndpoint::end_of_input() { shutdown(fd_, SHUT_WR); }

}  // namespace cara::host
