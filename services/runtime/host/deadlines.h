// Deadlines<Key>: at most one point in time per key, popped in order of time.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <utility>

#include "services/runtime/actor.h"

namespace cara::host {

template <class Key>
class Deadlines {
 public:
  // Moves the deadline of a key that has one.
  void set(const Key& key, runtime::MonoTime when) {
    clear(key);
    by_key_.emplace(key, when);
    by_time_.emplace(when, key);
  }

  void clear(const Key& key) {
    const auto it = by_key_.find(key);
    if (it == by_key_.end()) return;
    by_time_.erase({it->second, key});
    by_key_.erase(it);
  }

  std::optional<runtime::MonoTime> next() const {
    if (by_time_.empty()) return std::nullopt;
    return by_time_.begin()->first;
  }

  // The earliest key whose time has come.
  std::optional<Key> pop(runtime::MonoTime now) {
    if (by_time_.empty() || by_time_.begin()->first > now) return std::nullopt;
    const Key key = by_time_.begin()->second;
    clear(key);
    return key;
  }

 private:
  std::map<Key, runtime::MonoTime> by_key_;
  std::set<std::pair<runtime::MonoTime, Key>> by_time_;
};

}  // namespace cara::host
