// ConnectWatch: bounds natsConnection_Connect, which in cnats before 3.8.0 spins for ever, eating
// memory, when a server goes quiet during the handshake (nats.c #706, #707). It gives up only on a
// closed socket, so this shuts the socket down from outside.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <thread>
#include <vector>

namespace cara::host {

class ConnectWatch {
 public:
  // From `bound` on, every TCP socket of this process to one of `ports` is shut down, once a
  // second; a healthy connection of that kind would merely reconnect. If the guarded call has not
  // returned kLastResort later, the process ends with kExitCode: its supervisor starts it again.
  static constexpr std::chrono::seconds kLastResort{20};
  static constexpr int kExitCode = 70;

  ConnectWatch(std::vector<std::uint16_t> ports, std::chrono::milliseconds bound);
  ~ConnectWatch();  // the guarded call returned
  ConnectWatch(const ConnectWatch&) = delete;
  ConnectWatch& operator=(const ConnectWatch&) = delete;

 private:
  void watch(const std::vector<std::uint16_t>& ports, std::chrono::milliseconds bound);

  std::mutex mutex_;
  std::condition_variable done_;
  bool returned_ = false;
  std::thread thread_;
};

}  // namespace cara::host
