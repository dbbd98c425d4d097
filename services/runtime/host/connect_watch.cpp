#include "services/runtime/host/connect_watch.h"

#include <netinet/in.h>
#include <spdlog/spdlog.h>
#include <sys/socket.h>

#include <algorithm>
#include <charconv>
#include <cstdlib>
#include <filesystem>
#include <optional>
#include <string>
#include <system_error>
#include <utility>

namespace cara::host {
namespace {

std::optional<std::uint16_t> peer_port(int fd) {
  sockaddr_storage peer{};
  socklen_t size = sizeof peer;
  if (getpeername(fd, reinterpret_cast<sockaddr*>(&peer), &size) != 0) return std::nullopt;
  if (peer.ss_family == AF_INET) {
    return ntohs(reinterpret_cast<const sockaddr_in&>(peer).sin_port);
  }
  if (peer.ss_family == AF_INET6) {
    return ntohs(reinterpret_cast<const sockaddr_in6&>(peer).sin6_port);
  }
  return std::nullopt;
}

void shut_down_sockets_to(const std::vector<std::uint16_t>& ports) {
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator("/proc/self/fd", error)) {
    const std::string name = entry.path().filename().string();
    int fd = -1;
    std::from_chars(name.data(), name.data() + name.size(), fd);
    const auto port = peer_port(fd);
    if (port && std::find(ports.begin(), ports.end(), *port) != ports.end()) {
      shutdown(fd, SHUT_RDWR);
    }
  }
}

}  // namespace

ConnectWatch::ConnectWatch(std::vector<std::uint16_t> ports, std::chrono::milliseconds bound)
    : thread_([this, ports = std::move(ports), bound] { watch(ports, bound); }) {}

ConnectWatch::~ConnectWatch() {
  {
    const std::lock_guard lock(mutex_);
    returned_ = true;
  }
  done_.notify_one();
  thread_.join();
}

void ConnectWatch::watch(const std::vector<std::uint16_t>& ports, std::chrono::milliseconds bound) {
  std::unique_lock lock(mutex_);
  const auto returned = [this] { return returned_; };
  if (done_.wait_for(lock, bound, returned)) return;
  spdlog::warn("the NATS server went quiet during the handshake: closing the connection");
  for (std::chrono::seconds waited{0}; waited < kLastResort; waited += std::chrono::seconds(1)) {
    shut_down_sockets_to(ports);
    if (done_.wait_for(lock, std::chrono::seconds(1), returned)) return;
  }
  spdlog::critical("the NATS library does not return from its handshake: the process ends");
  spdlog::default_logger()->flush();
  std::_Exit(kExitCode);
}

}  // namespace cara::host
