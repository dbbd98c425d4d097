// QuietServer: greets like a NATS server and then never says another word (nats.c #706).
#pragma once

#include <cstdint>
#include <string>
#include <thread>

namespace cara::test {

class QuietServer {
 public:
  QuietServer();
  ~QuietServer();
  QuietServer(const QuietServer&) = delete;
  QuietServer& operator=(const QuietServer&) = delete;

  std::string url() const { return "nats://127.0.0.1:" + std::to_string(port_); }

 private:
  void serve();

  int listener_ = -1;
  std::uint16_t port_ = 0;
  std::thread thread_;
};

}  // namespace cara::test
