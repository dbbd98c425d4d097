#include "services/runtime/host/connector.h"

#include <nats/nats.h>

#include <random>
#include <utility>

#include "services/runtime/backoff.h"

namespace cara::host {
namespace {

// 1,000 agents that lose one server come back over this long, not all at once.
constexpr runtime::Backoff kPause{.base = std::chrono::milliseconds(200),
                                  .max = std::chrono::seconds(5)};

}  // namespace

Connector::Connector(ConnectOptions options, BusEar& ear, std::function<void(Outcome)> report)
    : options_(std::move(options)),
      ear_(ear),
      report_(std::move(report)),
      thread_([this] { work(); }) {}

Connector::~Connector() {
  ends_within(std::chrono::microseconds(0));
  thread_.join();
}

bool Connector::ends_within(std::chrono::microseconds patience) {
  std::unique_lock lock(mutex_);
  stopping_ = true;
  wake_.notify_all();
  return wake_.wait_for(lock, patience, [this] { return !busy_; });
}

void Connector::connect(std::unique_ptr<NatsConnection> dead) {
  const std::lock_guard lock(mutex_);
  wanted_ = true;
  if (dead) dead_.push_back(std::move(dead));
  wake_.notify_all();
}

// True unless the connector was stopped meanwhile.
bool Connector::pause(std::unique_lock<std::mutex>& lock, std::uint32_t failures) {
  static thread_local std::minstd_rand random{std::random_device{}()};
  const std::int64_t longest = kPause.after(failures).count();
  std::uniform_int_distribution<std::int64_t> jitter(longest / 4, longest);
  const std::chrono::microseconds time(jitter(random));
  return !wake_.wait_for(lock, time, [this] { return stopping_; });
}

template <class Work>
void Connector::without(std::unique_lock<std::mutex>& lock, Work work) {
  busy_ = true;
  lock.unlock();
  work();
  lock.lock();
  busy_ = false;
  wake_.notify_all();
}

void Connector::work() {
  std::uint32_t failures = 0;
  bool lost_one = false;
  std::unique_lock lock(mutex_);
  while (true) {
    wake_.wait(lock, [this] { return stopping_ || wanted_; });
    if (stopping_) break;
    lost_one = lost_one || !dead_.empty();
    auto dead = std::exchange(dead_, {});
    without(lock, [&dead] { dead.clear(); });
    if (failures > 0 || lost_one) {
      if (!pause(lock, std::max<std::uint32_t>(failures, 1))) break;
    }
    Outcome outcome = unavailable("no attempt was made");
    without(lock, [this, &outcome] { outcome = NatsConnection::open(options_, ear_); });
    const bool connected = outcome.ok();
    failures = connected ? 0 : failures + 1;
    if (connected) wanted_ = lost_one = false;
    report_(std::move(outcome));
  }
  lock.unlock();
  nats_ReleaseThreadMemory();
}

}  // namespace cara::host
