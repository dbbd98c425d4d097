// Mailbox<Item>: how other threads reach the one thread that owns a host. Bounded: what is over the
// limits is dropped and counted, and the owner hears how much it missed.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <mutex>
#include <utility>
#include <vector>

namespace cara::host {

struct MailboxLimits {
  std::size_t items = 65'536;
  std::size_t bytes = 64 * 1024 * 1024;
};

template <class Item>
class Mailbox {
 public:
  struct Batch {
    std::vector<Item> items;
    std::uint64_t dropped = 0;  // since the last take
  };

  explicit Mailbox(MailboxLimits limits) : limits_(limits) {}

  // Any thread. Drops the item when the mailbox is full: only for what its sender repeats.
  void offer(Item item, std::size_t bytes) {
    const std::lock_guard lock(mutex_);
    if (queue_.size() >= limits_.items || bytes_ + bytes > limits_.bytes) {
      ++dropped_;
    } else {
      push(std::move(item), bytes);
    }
    ready_.notify_one();
  }

  // Any thread. Never drops: only for items whose number something else limits.
  void put(Item item) {
    const std::lock_guard lock(mutex_);
    push(std::move(item), 0);
    ready_.notify_one();
  }

  // Ends the owner's wait without an item.
  void wake() {
    const std::lock_guard lock(mutex_);
    woken_ = true;
    ready_.notify_one();
  }

  // The owner. Waits at most `patience` for the first item, then takes up to `most` of them.
  Batch take(std::size_t most, std::chrono::microseconds patience) {
    std::unique_lock lock(mutex_);
    // Even a wait of no time is two system calls.
    if (patience.count() > 0) {
      ready_.wait_for(lock, patience, [this] { return !queue_.empty() || dropped_ > 0 || woken_; });
    }
    woken_ = false;
    Batch batch{.items = {}, .dropped = std::exchange(dropped_, 0)};
    while (!queue_.empty() && batch.items.size() < most) {
      batch.items.push_back(std::move(queue_.front().first));
      bytes_ -= queue_.front().second;
      queue_.pop_front();
    }
    return batch;
  }

  bool empty() const { return size() == 0; }
  std::size_t size() const {
    const std::lock_guard lock(mutex_);
    return queue_.size();
  }

 private:
  void push(Item item, std::size_t bytes) {
    queue_.emplace_back(std::move(item), bytes);
    bytes_ += bytes;
  }

  const MailboxLimits limits_;
  mutable std::mutex mutex_;
  std::condition_variable ready_;
  // All below: under mutex_.
  std::deque<std::pair<Item, std::size_t>> queue_;
  std::size_t bytes_ = 0;
  std::uint64_t dropped_ = 0;
  bool woken_ = false;
};

}  // namespace cara::host
