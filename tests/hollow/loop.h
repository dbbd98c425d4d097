// Loop: readiness of file descriptors, timers on the boot clock and signals, on one thread.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <initializer_list>
#include <span>

#include "tests/sim/timeline.h"

namespace cara::hollow {

using runtime::Duration;
using runtime::MonoTime;

class Watcher {
 public:
  virtual ~Watcher() = default;
  // May be called once for what was ready before the descriptor was closed.
  virtual void on_ready(std::uint32_t events) = 0;
};

class Loop {
 public:
  Loop();
  ~Loop();
  Loop(const Loop&) = delete;
  Loop& operator=(const Loop&) = delete;

  // `watcher` must outlive the loop. `events`: EPOLLIN, EPOLLOUT, or both.
  void watch(int fd, std::uint32_t events, Watcher& watcher);
  void change(int fd, std::uint32_t events, Watcher& watcher);
  void forget(int fd);

  void after(Duration delay, std::function<void()> action);

  // Until stop(). Things that became ready together are told before a timer that is due.
  void run();
  void stop() { running_ = false; }

  // Where watchers read into; nothing stays there.
  std::span<char> buffer() { return buffer_; }

 private:
  int time_to_next_ms() const;

  int epoll_;
  bool running_ = false;
  sim::Timeline timeline_;
  std::array<char, 64 * 1024> buffer_{};
};

// Calls `on_signal` for signals that are blocked in every thread.
class Signals final : private Watcher {
 public:
  Signals(Loop& loop, std::initializer_list<int> signals, std::function<void(int)> on_signal);
  ~Signals() override;
  Signals(const Signals&) = delete;
  Signals& operator=(const Signals&) = delete;

 private:
  void on_ready(std::uint32_t events) override;

  Loop& loop_;
  const std::function<void(int)> on_signal_;
  int fd_ = -1;
};

}  // namespace cara::hollow
