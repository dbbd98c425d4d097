#include "tests/bench/jobs.h"

#include <thread>
#include <utility>
#include <vector>

namespace cara::bench {

void Jobs::add(Job job) {
  const std::lock_guard lock(mutex_);
  waiting_.push_back(std::move(job));
  changed_.notify_one();
}

Result<Ok> Jobs::run(std::size_t threads) {
  {
    std::vector<std::jthread> workers;
    for (std::size_t i = 0; i < threads; ++i) workers.emplace_back([this] { work(); });
  }
  if (error_) return *error_;
  return Ok{};
}

void Jobs::work() {
  std::unique_lock lock(mutex_);
  while (true) {
    changed_.wait(lock, [this] { return !waiting_.empty() || running_ == 0; });
    if (waiting_.empty()) break;
    const Job job = std::move(waiting_.front());
    waiting_.pop_front();
    ++running_;
    lock.unlock();
    const Result<Ok> result = job();
    lock.lock();
    --running_;
    if (!result.ok()) {
      error_ = result.error();
      waiting_.clear();
    }
  }
  changed_.notify_all();
}

}  // namespace cara::bench
