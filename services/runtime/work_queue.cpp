#include "services/runtime/work_queue.h"

#include <algorithm>

#include "schema/check.h"

namespace cara::runtime {

bool WorkQueue::add_at(const std::string& key, MonoTime due) {
  auto found = entries_.find(key);
  if (found == entries_.end()) {
    if (entries_.size() >= options_.max_keys) {
      ++refused_;
      return false;
    }
    found = entries_.emplace(key, Entry{}).first;
  }
  Entry& entry = found->second;
  if (entry.busy) {
    entry.again = entry.again ? std::min(*entry.again, due) : due;
  } else {
    enqueue(key, entry, due);
  }
  return true;
}

void WorkQueue::enqueue(const std::string& key, Entry& entry, MonoTime due) {
  if (entry.place) {
    if (std::get<MonoTime>(*entry.place) <= due) return;
    order_.erase(*entry.place);
  }
  entry.place = Place{due, ++arrivals_, key};
  order_.insert(*entry.place);
}

Duration WorkQueue::retry(const std::string& key, MonoTime now) {
  const Duration delay = options_.backoff.after(failures(key) + 1);
  retry_after(key, now, delay);
  return delay;
}

void WorkQueue::retry_after(const std::string& key, MonoTime now, Duration delay) {
  if (add_after(key, now, delay)) ++entries_.find(key)->second.failures;
}

void WorkQueue::forget(const std::string& key) {
  const auto found = entries_.find(key);
  if (found == entries_.end()) return;
  found->second.failures = 0;
  drop_if_idle(key);
}

void WorkQueue::remove(const std::string& key) {
  const auto found = entries_.find(key);
  if (found == entries_.end()) return;
  if (found->second.place) order_.erase(*found->second.place);
  if (found->second.busy) {
    found->second = Entry{.place = {}, .again = {}, .busy = true, .failures = 0};
  } else {
    entries_.erase(found);
  }
}

std::optional<std::string> WorkQueue::take(MonoTime now) {
  if (order_.empty() || std::get<MonoTime>(*order_.begin()) > now) return std::nullopt;
  const std::string key = std::get<std::string>(*order_.begin());
  order_.erase(order_.begin());
  Entry& entry = entries_.find(key)->second;
  entry.place.reset();
  entry.busy = true;
  return key;
}

void WorkQueue::done(const std::string& key) {
  const auto found = entries_.find(key);
  CARA_CHECK(found != entries_.end() && found->second.busy);
  Entry& entry = found->second;
  entry.busy = false;
  if (entry.again) {
    const MonoTime due = *entry.again;
    entry.again.reset();
    enqueue(key, entry, due);
  }
  drop_if_idle(key);
}

void WorkQueue::drop_if_idle(const std::string& key) {
  const auto found = entries_.find(key);
  const Entry& entry = found->second;
  if (!entry.place && !entry.busy && entry.failures == 0) entries_.erase(found);
}

std::optional<MonoTime> WorkQueue::next_due() const {
  if (order_.empty()) return std::nullopt;
  return std::get<MonoTime>(*order_.begin());
}

bool WorkQueue::is_busy(const std::string& key) const {
  const auto found = entries_.find(key);
  return found != entries_.end() && found->second.busy;
}

std::uint32_t WorkQueue::failures(const std::string& key) const {
  const auto found = entries_.find(key);
  return found == entries_.end() ? 0 : found->second.failures;
}

}  // namespace cara::runtime
