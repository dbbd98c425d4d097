// The terminal of this process, and the signals it gets, while a command of a container has them.
#pragma once

#include <csignal>
#include <optional>
#include <vector>

namespace cara::cli {

struct WindowSize {
  int columns = 0;
  int rows = 0;
  bool operator==(const WindowSize&) const = default;
};
// Nothing: it is no terminal, or has no size.
std::optional<WindowSize> window_size(int file);

// Every key goes through as it is, Ctrl-C, too. Undone at the end of its life, of the process by
// exit(), and of the process by a signal that cannot be caught otherwise. One at a time.
class RawTerminal {
 public:
  explicit RawTerminal(int file);  // no terminal: nothing happens
  ~RawTerminal();
  RawTerminal(const RawTerminal&) = delete;
  RawTerminal& operator=(const RawTerminal&) = delete;
};

// Signals that are noted instead of what they do. One at a time.
class SignalWatch {
 public:
  explicit SignalWatch(std::vector<int> signals);
  ~SignalWatch();  // what they did before
  SignalWatch(const SignalWatch&) = delete;
  SignalWatch& operator=(const SignalWatch&) = delete;

  // Those since the last call, each once; in no order.
  std::vector<int> take();

 private:
  const std::vector<int> signals_;
  std::vector<struct sigaction> before_;
};

}  // namespace cara::cli
