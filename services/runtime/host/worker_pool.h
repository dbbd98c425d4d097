// WorkerPool: a fixed number of threads for calls that block (the engine). Bounded queue.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

namespace cara::host {

class WorkerPool {
 public:
  // Jobs that wait for a thread; one more is refused.
  static constexpr std::size_t kMaxWaiting = 4'096;

  explicit WorkerPool(std::size_t workers);
  // Drops the jobs that wait and waits for those that run.
  ~WorkerPool();
  WorkerPool(const WorkerPool&) = delete;
  WorkerPool& operator=(const WorkerPool&) = delete;

  // Any thread. False: the queue is full. `job` does not throw.
  bool submit(std::function<void()> job);

  // Any thread. Refuses new jobs, drops the waiting ones, and is true if the running ones end
  // within `patience`.
  bool stop(std::chrono::microseconds patience);

 private:
  void work();

  std::mutex mutex_;
  std::condition_variable wake_;
  std::condition_variable idle_;
  // All below: under mutex_, but the threads themselves.
  std::deque<std::function<void()>> waiting_;
  std::size_t running_ = 0;
  bool stopping_ = false;
  std::vector<std::thread> threads_;
};

}  // namespace cara::host
