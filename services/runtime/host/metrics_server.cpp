#include "services/runtime/host/metrics_server.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <system_error>
#include <utility>

#include "schema/address.h"

namespace cara::host {
namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

constexpr milliseconds kPatience{5'000};  // of one connection, all in all
constexpr milliseconds kStopsWithin{200};
constexpr std::size_t kMaxRequest = 8 * 1024;
constexpr int kBacklog = 16;

bool wait_for(int file, short events, Clock::time_point end) {
  const auto left = std::chrono::ceil<milliseconds>(end - Clock::now()).count();
  pollfd wait{.fd = file, .events = events, .revents = 0};
  return left > 0 && ::poll(&wait, 1, static_cast<int>(left)) == 1;
}

// The first line of the request; empty: there was none in time.
std::string read_request(int client, Clock::time_point end) {
  std::string request;
  std::array<char, 1024> piece{};
  while (request.find("\r\n\r\n") == std::string::npos) {
    if (request.size() > kMaxRequest || !wait_for(client, POLLIN, end)) return "";
    const ssize_t got = ::recv(client, piece.data(), piece.size(), 0);
    if (got <= 0) return "";
    request.append(piece.data(), static_cast<std::size_t>(got));
  }
  return request.substr(0, request.find("\r\n"));
}

void send_all(int client, std::string_view text, Clock::time_point end) {
  while (!text.empty() && wait_for(client, POLLOUT, end)) {
    const ssize_t sent = ::send(client, text.data(), text.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
    if (sent < 0 && errno != EAGAIN && errno != EINTR) return;
    if (sent > 0) text.remove_prefix(static_cast<std::size_t>(sent));
  }
}

std::string response(std::string_view status, std::string_view type, const std::string& body) {
  return "HTTP/1.1 " + std::string(status) + "\r\nContent-Type: " + std::string(type) +
         "\r\nContent-Length: " + std::to_string(body.size()) + "\r\nConnection: close\r\n\r\n";
}

Result<int> listen_on(const std::string& text) {
  const auto address = schema::parse_address(text);
  if (!address) return invalid("--metrics-listen " + address.error().message);
  sockaddr_in v4{};
  sockaddr_in6 v6{};
  v4.sin_family = AF_INET;
  v4.sin_port = htons(address->port);
  v6.sin6_family = AF_INET6;
  v6.sin6_port = v4.sin_port;
  ::inet_pton(AF_INET, address->ip.c_str(), &v4.sin_addr);
  ::inet_pton(AF_INET6, address->ip.c_str(), &v6.sin6_addr);
  const auto* where = address->is_ipv6 ? reinterpret_cast<const sockaddr*>(&v6)
                                       : reinterpret_cast<const sockaddr*>(&v4);
  const socklen_t size = address->is_ipv6 ? sizeof v6 : sizeof v4;
  const int file = ::socket(where->sa_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  const int on = 1;
  if (file >= 0) ::setsockopt(file, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  if (file < 0 || ::bind(file, where, size) != 0 || ::listen(file, kBacklog) != 0) {
    const std::string why = std::generic_category().message(errno);
    if (file >= 0) ::close(file);
    return unavailable("--metrics-listen " + text + " cannot be listened on: " + why);
  }
  return file;
}

}  // namespace

Result<std::unique_ptr<MetricsServer>> MetricsServer::start(const std::string& address,
                                                            Figures figures) {
  const Result<int> listener = listen_on(address);
  if (!listener) return listener.error();
  return std::unique_ptr<MetricsServer>(new MetricsServer(*listener, std::move(figures)));
}

MetricsServer::MetricsServer(int listener, Figures figures)
    : listener_(listener), figures_(std::move(figures)), thread_([this] { run(); }) {}

MetricsServer::~MetricsServer() {
  stop_ = true;
  thread_.join();
  ::close(listener_);
}

void MetricsServer::run() {
  while (!stop_) {
    if (!wait_for(listener_, POLLIN, Clock::now() + kStopsWithin)) continue;
    const int client = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK);
    if (client < 0) continue;
    serve(client);
    ::close(client);
  }
}

void MetricsServer::serve(int client) const {
  const Clock::time_point end = Clock::now() + kPatience;
  const std::string line = read_request(client, end);
  const bool is_get = line.starts_with("GET ");
  if (line.empty() || (!is_get && !line.starts_with("HEAD "))) {
    send_all(client, response("405 Method Not Allowed", "text/plain", ""), end);
    return;
  }
  const std::size_t path = line.find(' ') + 1;
  std::string status = "404 Not Found";
  std::string body = "the figures are at /metrics\n";
  const std::string asked = line.substr(path, line.find_first_of(" ?", path) - path);
  if (asked == "/metrics") {
    const Result<std::string> figures = figures_();
    status = figures ? "200 OK" : "503 Service Unavailable";
    body = figures ? *figures : figures.error().message + "\n";
  }
  const std::string head = response(status, "text/plain; version=0.0.4; charset=utf-8", body);
  send_all(client, is_get ? head + body : head, end);
}

}  // namespace cara::host
