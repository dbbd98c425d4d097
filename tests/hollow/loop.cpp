#include "tests/hollow/loop.h"

#include <signal.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <utility>

#include "schema/check.h"
#include "services/runtime/host/clock.h"

namespace cara::hollow {
namespace {

using host::mono_now;

constexpr std::size_t kMaxReady = 256;  // of one round
// The wait does not count while the machine sleeps, deadlines do.
constexpr Duration kMaxNap = std::chrono::seconds(1);

void control(int epoll, int operation, int fd, std::uint32_t events, Watcher* watcher) {
  epoll_event event{};
  event.events = events;
  event.data.ptr = watcher;
  CARA_CHECK(::epoll_ctl(epoll, operation, fd, &event) == 0);
}

}  // namespace

Loop::Loop() : epoll_(::epoll_create1(EPOLL_CLOEXEC)) {
  CARA_CHECK(epoll_ >= 0);
  timeline_.run_until(mono_now());
}

Loop::~Loop() { ::close(epoll_); }

void Loop::watch(int fd, std::uint32_t events, Watcher& watcher) {
  control(epoll_, EPOLL_CTL_ADD, fd, events, &watcher);
}
void Loop::change(int fd, std::uint32_t events, Watcher& watcher) {
  control(epoll_, EPOLL_CTL_MOD, fd, events, &watcher);
}
void Loop::forget(int fd) { control(epoll_, EPOLL_CTL_DEL, fd, 0, nullptr); }

// The timeline stands where the last round began.
void Loop::after(Duration delay, std::function<void()> action) {
  timeline_.after(mono_now() - timeline_.now() + delay, std::move(action));
}

int Loop::time_to_next_ms() const {
  Duration nap = kMaxNap;
  if (const auto next = timeline_.next()) nap = std::min(nap, *next - mono_now());
  return static_cast<int>(
      std::chrono::ceil<std::chrono::milliseconds>(std::max(nap, Duration(0))).count());
}

void Loop::run() {
  running_ = true;
  std::array<epoll_event, kMaxReady> ready{};
  while (running_) {
    const int count = ::epoll_wait(epoll_, ready.data(), kMaxReady, time_to_next_ms());
    CARA_CHECK(count >= 0 || errno == EINTR);
    for (int i = 0; i < count; ++i) {
      const epoll_event& event = ready[static_cast<std::size_t>(i)];
      static_cast<Watcher*>(event.data.ptr)->on_ready(event.events);
    }
    timeline_.run_until(mono_now());
  }
}

Signals::Signals(Loop& loop, std::initializer_list<int> signals, std::function<void(int)> on_signal)
    : loop_(loop), on_signal_(std::move(on_signal)) {
  sigset_t set;
  sigemptyset(&set);
  for (const int signal : signals) sigaddset(&set, signal);
  fd_ = ::signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
  CARA_CHECK(fd_ >= 0);
  loop_.watch(fd_, EPOLLIN, *this);
}

Signals::~Signals() {
  loop_.forget(fd_);
  ::close(fd_);
}

void Signals::on_ready(std::uint32_t) {
  signalfd_siginfo info{};
  while (::read(fd_, &info, sizeof info) == static_cast<ssize_t>(sizeof info)) {
    on_signal_(static_cast<int>(info.ssi_signo));
  }
}

}  // namespace cara::hollow
