#include "services/runtime/host/worker_pool.h"

#include <utility>

namespace cara::host {

WorkerPool::WorkerPool(std::size_t workers) {
  threads_.reserve(workers);
  for (std::size_t i = 0; i < workers; ++i) threads_.emplace_back([this] { work(); });
}

WorkerPool::~WorkerPool() {
  stop(std::chrono::microseconds(0));
  for (std::thread& thread : threads_) thread.join();
}

bool WorkerPool::submit(std::function<void()> job) {
  const std::lock_guard lock(mutex_);
  if (stopping_ || waiting_.size() >= kMaxWaiting) return false;
  waiting_.push_back(std::move(job));
  wake_.notify_one();
  return true;
}

bool WorkerPool::stop(std::chrono::microseconds patience) {
  std::unique_lock lock(mutex_);
  stopping_ = true;
  waiting_.clear();
  wake_.notify_all();
  return idle_.wait_for(lock, patience, [this] { return running_ == 0; });
}

void WorkerPool::work() {
  std::unique_lock lock(mutex_);
  while (true) {
    wake_.wait(lock, [this] { return stopping_ || !waiting_.empty(); });
    if (stopping_) return;
    const std::function<void()> job = std::move(waiting_.front());
    waiting_.pop_front();
    ++running_;
    lock.unlock();
    job();
    lock.lock();
    --running_;
    idle_.notify_all();
  }
}

}  // namespace cara::host
