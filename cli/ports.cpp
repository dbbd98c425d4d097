#include "cli/ports.h"

#include <arpa/inet.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <cstring>
#include <memory>
#include <optional>
#include <utility>

#include "schema/formats.h"

namespace cara::cli {
namespace {

constexpr int kBacklog = 128;

std::optional<std::uint16_t> parse_port(std::string_view text) {
  std::uint16_t port = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
  if (error != std::errc() || end != text.data() + text.size() || port == 0) return std::nullopt;
  return port;
}

std::uint16_t port_of(int fd) {
  sockaddr_storage address{};
  socklen_t size = sizeof address;
  if (getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size) != 0) return 0;
  return ntohs(address.ss_family == AF_INET6
                   ? reinterpret_cast<const sockaddr_in6&>(address).sin6_port
                   : reinterpret_cast<const sockaddr_in&>(address).sin_port);
}

}  // namespace

Result<PortPair> parse_port_pair(std::string_view text) {
  const std::size_t colon = text.find(':');
  const std::string_view local = text.substr(0, colon);
  const auto remote = parse_port(colon == std::string_view::npos ? text : text.substr(colon + 1));
  const bool any = colon == 0;
  const auto fixed = any ? std::optional<std::uint16_t>(0) : parse_port(local);
  if (remote && fixed) return PortPair{*fixed, *remote};
  return invalid("`" + schema::printable(text) +
                 "` is no port; write 80, 8080:80, or :80 for a free local one");
}

Listener::Listener(int fd, std::string address, std::uint16_t port)
    : fd_(fd), address_(std::move(address)), port_(port) {}

Listener::Listener(Listener&& other) noexcept
    : fd_(std::exchange(other.fd_, -1)), address_(std::move(other.address_)), port_(other.port_) {}

Listener::~Listener() {
  if (fd_ >= 0) close(fd_);
}

Result<Listener> Listener::open(const std::string& address, std::uint16_t port) {
  const addrinfo hints{.ai_flags = AI_NUMERICHOST | AI_PASSIVE, .ai_socktype = SOCK_STREAM};
  addrinfo* found = nullptr;
  if (getaddrinfo(address.c_str(), std::to_string(port).c_str(), &hints, &found) != 0) {
    return invalid("--address: `" + schema::printable(address) + "` is no IP address");
  }
  const std::unique_ptr<addrinfo, decltype(&freeaddrinfo)> owner(found, freeaddrinfo);
  const int fd = socket(found->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  Listener listener(fd, address, port);
  const int yes = 1;
  setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
  if (found->ai_family == AF_INET6) setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &yes, sizeof yes);
  if (fd < 0 || bind(fd, found->ai_addr, found->ai_addrlen) != 0 || listen(fd, kBacklog) != 0) {
    return internal("cannot listen on " + listener.name() + ": " + std::strerror(errno));
  }
  listener.port_ = port_of(fd);
  return listener;
}

std::string Listener::name() const {
  const bool is_v6 = address_.find(':') != std::string::npos;
  return (is_v6 ? "[" + address_ + "]" : address_) + ":" + std::to_string(port_);
}

int Listener::accept() const {
  const int fd = ::accept4(fd_, nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK);
  const int yes = 1;
  if (fd >= 0) setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
  return fd;
}

}  // namespace cara::cli
