#include "services/agent/docker/streams/chores.h"

#include <utility>

namespace cara::docker {

namespace {

constexpr std::chrono::seconds kStopLimit{3};

}  // namespace

Chores::Chores(std::size_t threads) {
  for (std::size_t i = 0; i < threads; ++i) threads_.emplace_back([this] { work(); });
}

Chores::~Chores() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
    stop_by_ = std::chrono::steady_clock::now() + kStopLimit;
  }
  wake_.notify_all();
  for (std::thread& thread : threads_) thread.join();
}

void Chores::add(Chore chore, std::chrono::milliseconds after) {
  {
    const std::lock_guard lock(mutex_);
    waiting_.emplace(std::chrono::steady_clock::now() + after, std::move(chore));
  }
  wake_.notify_one();
}

void Chores::work() {
  std::unique_lock lock(mutex_);
  while (true) {
    if (stopping_ && std::chrono::steady_clock::now() >= stop_by_) return;
    if (waiting_.empty()) {
      if (stopping_) return;
      wake_.wait(lock);
      continue;
    }
    const auto first = waiting_.begin();
    if (!stopping_ && std::chrono::steady_clock::now() < first->first) {
      // A copy: the entry may be gone while this one waits.
      const auto when = first->first;
      wake_.wait_until(lock, when);
      continue;
    }
    const Chore chore = std::move(first->second);
    waiting_.erase(first);
    const bool last = stopping_;
    lock.unlock();
    chore(last);
    lock.lock();
  }
}

}  // namespace cara::docker
