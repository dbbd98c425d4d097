#include "tests/integration/origin.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <array>
#include <cstdlib>
#include <cstring>
#include <stdexcept>
#include <utility>

namespace cara::test {
namespace {

// IPv4, or IPv6 without brackets.
sockaddr_in6 to_address(const std::string& ip, std::uint16_t port) {
  sockaddr_in6 address{};
  if (ip.find(':') != std::string::npos) {
    address.sin6_family = AF_INET6;
    address.sin6_port = htons(port);
    inet_pton(AF_INET6, ip.c_str(), &address.sin6_addr);
    return address;
  }
  auto& four = reinterpret_cast<sockaddr_in&>(address);
  four.sin_family = AF_INET;
  four.sin_port = htons(port);
  inet_pton(AF_INET, ip.c_str(), &four.sin_addr);
  return address;
}

socklen_t size_of(const sockaddr_in6& address) {
  return address.sin6_family == AF_INET6 ? sizeof(sockaddr_in6) : sizeof(sockaddr_in);
}

bool send_all(int file, const std::string& bytes) {
  std::size_t sent = 0;
  while (sent < bytes.size()) {
    const ssize_t more = ::send(file, bytes.data() + sent, bytes.size() - sent, MSG_NOSIGNAL);
    if (more <= 0) return false;
    sent += static_cast<std::size_t>(more);
  }
  return true;
}

std::string header(const std::string& head, const std::string& name) {
  const auto at = head.find("\r\n" + name + ": ");
  if (at == std::string::npos) return {};
  const auto start = at + name.size() + 4;
  return head.substr(start, head.find("\r\n", start) - start);
}

}  // namespace

Origin::Origin(std::string name, const std::string& ip, std::uint16_t port)
    : name_(std::move(name)), ip_(ip) {
  sockaddr_in6 address = to_address(ip, port);
  socklen_t size = size_of(address);
  listener_ = socket(address.sin6_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const int on = 1;
  setsockopt(listener_, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  if (bind(listener_, reinterpret_cast<sockaddr*>(&address), size) != 0 ||
      listen(listener_, 128) != 0 ||
      getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size) != 0) {
    throw std::runtime_error("an origin cannot listen on " + ip);
  }
  port_ = ntohs(address.sin6_port);  // at the same place in both kinds
  acceptor_ = std::thread([this] { accept_all(); });
}

Origin::~Origin() {
  release();
  shutdown(listener_, SHUT_RDWR);
  acceptor_.join();
  close(listener_);
  close_idle_connections();
  for (std::thread& thread : threads_) thread.join();
}

std::string Origin::address() const {
  const bool is_ipv6 = ip_.find(':') != std::string::npos;
  return (is_ipv6 ? "[" + ip_ + "]" : ip_) + ":" + std::to_string(port_);
}

std::size_t Origin::open_connections() const {
  const std::lock_guard guard(lock_);
  return open_.size();
}

void Origin::release() {
  const std::lock_guard guard(lock_);
  is_released_ = true;
  released_.notify_all();
}

void Origin::close_idle_connections() {
  const std::lock_guard guard(lock_);
  for (const int file : open_) shutdown(file, SHUT_RDWR);
}

std::string Origin::received() const {
  const std::lock_guard guard(lock_);
  return received_;
}

void Origin::accept_all() {
  while (true) {
    const int file = accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
    if (file < 0) return;
    const std::lock_guard guard(lock_);
    open_.insert(file);
    threads_.emplace_back([this, file] { serve(file); });
  }
}

void Origin::serve(int file) {
  std::string buffer;
  std::array<char, 64 * 1024> piece{};
  bool open = true;
  bool is_fresh = true;
  while (open) {
    const ssize_t got = recv(file, piece.data(), piece.size(), 0);
    if (got <= 0) break;
    buffer.append(piece.data(), static_cast<std::size_t>(got));
    {
      const std::lock_guard guard(lock_);
      if (received_.size() < 1024 * 1024) {
        received_.append(piece.data(), static_cast<std::size_t>(got));
      }
    }
    while (open) {
      const auto end = buffer.find("\r\n\r\n");
      if (end == std::string::npos) break;
      const std::string head = buffer.substr(0, end + 2);
      const std::string length = header(head, "content-length");
      const auto whole = end + 4 + (length.empty() ? 0 : std::stoul(length));
      if (buffer.size() < whole) break;
      buffer.erase(0, whole);
      ++requests_;
      open = (is_fresh || !head.starts_with("GET /drop")) && answer(file, head);
      is_fresh = false;
    }
  }
  const std::lock_guard guard(lock_);
  open_.erase(file);
  close(file);
}

bool Origin::answer(int file, const std::string& head) {
  if (!header(head, "x-garbage").empty()) return send_all(file, "garbage\r\n\r\n") && false;
  if (head.starts_with("GET /stream")) {
    send_all(file, "HTTP/1.1 200 OK\r\nContent-Length: 12\r\n\r\nevent ");
    std::unique_lock lock(lock_);
    released_.wait(lock, [this] { return is_released_; });
    return send_all(file, "event ");
  }
  if (head.starts_with("GET /hold")) {
    std::unique_lock lock(lock_);
    released_.wait(lock, [this] { return is_released_; });
  }
  if (!header(head, "upgrade").empty()) {
    if (!send_all(file,
                  "HTTP/1.1 101 Switching Protocols\r\nUpgrade: echo\r\n"
                  "Connection: Upgrade\r\n\r\n")) {
      return false;
    }
    std::array<char, 4096> piece{};
    while (true) {
      const ssize_t got = recv(file, piece.data(), piece.size(), 0);
      if (got <= 0) return false;
      if (!send_all(file, std::string(piece.data(), static_cast<std::size_t>(got)))) return false;
    }
  }
  const std::string body = name_ + "\n" + head;
  return send_all(file, "HTTP/1.1 200 OK\r\nX-Cara-Page: 1\r\nContent-Length: " +
                            std::to_string(body.size()) + "\r\n\r\n" + body);
}

Client::Client(std::uint16_t port, const std::string& ip)
    : file_(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
  const sockaddr_in6 address = to_address(ip, port);
  const timeval patience{.tv_sec = 10, .tv_usec = 0};
  setsockopt(file_, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  if (connect(file_, reinterpret_cast<const sockaddr*>(&address), size_of(address)) != 0) {
    throw std::runtime_error("nobody listens on " + ip + ":" + std::to_string(port));
  }
}

Client::~Client() { close(file_); }

void Client::send(const std::string& bytes) const { (void)send_all(file_, bytes); }

bool Client::more() {
  std::array<char, 64 * 1024> piece{};
  const ssize_t got = recv(file_, piece.data(), piece.size(), 0);
  if (got <= 0) return false;
  buffer_.append(piece.data(), static_cast<std::size_t>(got));
  return true;
}

Client::Answer Client::read() {
  Answer answer;
  std::size_t end = 0;
  while ((end = buffer_.find("\r\n\r\n")) == std::string::npos) {
    if (!more()) return answer;
  }
  answer.head = buffer_.substr(0, end + 2);
  answer.status = std::atoi(answer.head.c_str() + std::strlen("HTTP/1.1 "));
  buffer_.erase(0, end + 4);
  const std::string length = header(answer.head, "content-length");
  if (answer.status == 101) return answer;
  if (length.empty()) {
    while (more()) {
    }
    answer.body = std::exchange(buffer_, "");
    return answer;
  }
  answer.body = read_bytes(std::stoul(length));
  return answer;
}

std::string Client::read_bytes(std::size_t count) {
  while (buffer_.size() < count && more()) {
  }
  std::string bytes = buffer_.substr(0, count);
  buffer_.erase(0, count);
  return bytes;
}

bool Client::is_open() const {
  pollfd wait{.fd = file_, .events = POLLIN | POLLRDHUP, .revents = 0};
  return poll(&wait, 1, 0) == 0;
}

std::string get(const std::string& host, const std::string& path, const std::string& more) {
  return "GET " + path + " HTTP/1.1\r\nHost: " + host + "\r\n" + more + "\r\n";
}

}  // namespace cara::test
