// Chores: what endpoints have to ask of the engine while the pump's thread goes on.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <functional>
#include <map>
#include <mutex>
#include <thread>
#include <vector>

namespace cara::docker {

class Chores {
 public:
  // `last`: the process ends; nothing is to be tried again later.
  using Chore = std::function<void(bool last)>;

  explicit Chores(std::size_t threads);
  // Does all that waits, at once; but begins nothing any more when that takes too long.
  ~Chores();
  Chores(const Chores&) = delete;
  Chores& operator=(const Chores&) = delete;

  // Any thread. A chore may block, and may add others.
  void add(Chore chore, std::chrono::milliseconds after = {});

 private:
  void work();

  std::mutex mutex_;
  std::condition_variable wake_;
  std::multimap<std::chrono::steady_clock::time_point, Chore> waiting_;  // under mutex_
  bool stopping_ = false;                                                // under mutex_
  std::chrono::steady_clock::time_point stop_by_;                        // under mutex_
  std::vector<std::thread> threads_;
};

}  // namespace cara::docker
