// WorkQueue: keys that need work, as in client-go. A key is queued at most once however often it
// is added; a key that is being worked on is not handed out again before done(), and one that was
// added meanwhile is queued again then. Failing keys wait longer and longer, each for itself.
//
// It holds keys, never events: whoever takes a key looks at the state of the world.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <tuple>

#include "services/runtime/backoff.h"

namespace cara::runtime {

struct WorkQueueOptions {
  Backoff backoff;
  std::size_t max_keys = 100'000;
};

class WorkQueue {
 public:
  explicit WorkQueue(WorkQueueOptions options = {}) : options_(options) {}

  // Due now. False if the queue is full: the caller looks at everything again later.
  bool add(const std::string& key, MonoTime now) { return add_at(key, now); }
  // Due after `delay`; an earlier time that is already set stays.
  bool add_after(const std::string& key, MonoTime now, Duration delay) {
    return add_at(key, now + delay);
  }
  // Due after this key's backoff, which grows with every call until forget(). How long that is.
  Duration retry(const std::string& key, MonoTime now);
  // The same with a wait of the caller's choice: for what is not wrong, only early.
  void retry_after(const std::string& key, MonoTime now, Duration delay);
  // It went well: the next failure starts with the shortest wait. The key stays where it is.
  void forget(const std::string& key);
  // The thing behind the key is gone: everything about it is dropped.
  void remove(const std::string& key);

  // The next key that is due, oldest first. It is being worked on until done(key).
  std::optional<std::string> take(MonoTime now);
  void done(const std::string& key);

  // When take() will have something; nothing if no key waits.
  std::optional<MonoTime> next_due() const;
  bool is_busy(const std::string& key) const;
  std::uint32_t failures(const std::string& key) const;
  std::size_t size() const { return order_.size(); }  // keys that wait
  std::uint64_t refused() const { return refused_; }  // adds that found the queue full

 private:
  using Place = std::tuple<MonoTime, std::uint64_t, std::string>;  // due, arrival, key
  struct Entry {
    std::optional<Place> place;     // in order_
    std::optional<MonoTime> again;  // added while busy: due then, once done
    bool busy = false;
    std::uint32_t failures = 0;
  };

  bool add_at(const std::string& key, MonoTime due);
  void enqueue(const std::string& key, Entry& entry, MonoTime due);
  void drop_if_idle(const std::string& key);

  WorkQueueOptions options_;
  std::map<std::string, Entry> entries_;
  std::set<Place> order_;
  std::uint64_t arrivals_ = 0;
  std::uint64_t refused_ = 0;
};

}  // namespace cara::runtime
