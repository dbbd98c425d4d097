// NatsServer: a real nats-server on an ephemeral loopback port, which keeps its port over restarts.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <filesystem>
#include <string>

namespace cara::test {

class NatsServer {
 public:
  // `config` is nats-server configuration text (permissions, max_payload, ...). Returns when the
  // server answers.
  explicit NatsServer(std::string config = "");
  ~NatsServer();
  NatsServer(const NatsServer&) = delete;
  NatsServer& operator=(const NatsServer&) = delete;

  // `credentials` is `user:password` or empty.
  std::string url(const std::string& credentials = "") const;
  std::uint16_t port() const { return port_; }

  void start();   // REQUIRES: not running
  void kill();    // -9
  void freeze();  // SIGSTOP
  void thaw();

 private:
  std::filesystem::path directory_;
  std::uint16_t port_ = 0;
  pid_t pid_ = -1;
};

// A port that nobody listens on now.
std::uint16_t free_port();

}  // namespace cara::test
