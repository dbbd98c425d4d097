// Timeline: virtual time and what happens when. Things at the same instant happen in the order
// they were asked for, so a run is a function of its seed alone.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <utility>

#include "services/runtime/actor.h"

namespace cara::sim {

using runtime::Duration;
using runtime::MonoTime;

class Timeline {
 public:
  using Action = std::function<void()>;

  MonoTime now() const { return now_; }

  void after(Duration delay, Action action) {
    queue_.emplace(std::pair(now_ + delay, ++asked_), std::move(action));
  }

  // When the next thing is due; not set: nothing is.
  std::optional<MonoTime> next() const {
    if (queue_.empty()) return std::nullopt;
    return queue_.begin()->first.first;
  }

  // Does the next thing that is due up to `limit`. False if there is none: time is `limit` then.
  bool run_next(MonoTime limit) {
    if (queue_.empty() || queue_.begin()->first.first > limit) {
      now_ = std::max(now_, limit);
      return false;
    }
    auto next = queue_.extract(queue_.begin());
    now_ = next.key().first;
    next.mapped()();
    return true;
  }

  void run_until(MonoTime limit) {
    while (run_next(limit)) {
    }
  }

 private:
  MonoTime now_{};
  std::uint64_t asked_ = 0;
  std::map<std::pair<MonoTime, std::uint64_t>, Action> queue_;
};

}  // namespace cara::sim
