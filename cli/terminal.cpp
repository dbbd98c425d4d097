#include "cli/terminal.h"

#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cstdlib>

#include "schema/check.h"

namespace cara::cli {
namespace {

// What handlers of signals use: plain data, lock-free atomics.
constexpr int kNone = -1;
std::atomic<int> raw_file = kNone;
termios settings_before{};
std::array<std::atomic<bool>, 65> seen_signals{};
static_assert(std::atomic<int>::is_always_lock_free && std::atomic<bool>::is_always_lock_free);

constexpr std::array kDeadly{SIGSEGV, SIGBUS,  SIGILL, SIGFPE, SIGABRT,
                             SIGQUIT, SIGTERM, SIGHUP, SIGINT, SIGPIPE};

// May be called in a handler: tcsetattr(3) is safe there.
void restore() {
  const int file = raw_file.exchange(kNone);
  // Not TCSAFLUSH: what the user has typed ahead is for the shell.
  if (file != kNone) tcsetattr(file, TCSADRAIN, &settings_before);
}

void on_deadly(int number) {
  restore();
  std::signal(number, SIG_DFL);
  raise(number);
}

void on_watched(int number) { seen_signals[static_cast<std::size_t>(number)] = true; }

}  // namespace

std::optional<WindowSize> window_size(int file) {
  winsize size{};
  if (ioctl(file, TIOCGWINSZ, &size) != 0 || size.ws_col == 0) return std::nullopt;
  return WindowSize{size.ws_col, size.ws_row};
}

RawTerminal::RawTerminal(int file) {
  if (tcgetattr(file, &settings_before) != 0) return;
  static const bool kAtExit = std::atexit(restore) == 0;
  CARA_CHECK(kAtExit && raw_file == kNone);
  for (const int number : kDeadly) {
    struct sigaction now {};
    // Somebody who watches a signal restores by the end of this object.
    if (sigaction(number, nullptr, &now) == 0 && now.sa_handler == SIG_DFL) {
      std::signal(number, on_deadly);
    }
  }
  raw_file = file;
  termios raw = settings_before;
  cfmakeraw(&raw);
  tcsetattr(file, TCSADRAIN, &raw);
}

RawTerminal::~RawTerminal() {
  restore();
  for (const int number : kDeadly) {
    struct sigaction now {};
    if (sigaction(number, nullptr, &now) == 0 && now.sa_handler == on_deadly) {
      std::signal(number, SIG_DFL);
    }
  }
}

SignalWatch::SignalWatch(std::vector<int> signals) : signals_(std::move(signals)) {
  for (const int number : signals_) {
    seen_signals[static_cast<std::size_t>(number)] = false;
    struct sigaction action {};
    action.sa_handler = on_watched;  // without SA_RESTART: a wait ends
    sigemptyset(&action.sa_mask);
    struct sigaction before {};
    sigaction(number, &action, &before);
    before_.push_back(before);
  }
}

SignalWatch::~SignalWatch() {
  for (std::size_t i = 0; i < signals_.size(); ++i) sigaction(signals_[i], &before_[i], nullptr);
}

std::vector<int> SignalWatch::take() {
  std::vector<int> seen;
  for (const int number : signals_) {
    if (seen_signals[static_cast<std::size_t>(number)].exchange(false)) seen.push_back(number);
  }
  return seen;
}

}  // namespace cara::cli
