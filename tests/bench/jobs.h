// Jobs: a queue of work that a fixed number of threads empties; first in, first out, as the agent's
// queue in front of the engine.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <functional>
#include <mutex>
#include <optional>

#include "schema/result.h"

namespace cara::bench {

class Jobs {
 public:
  // May add others.
  using Job = std::function<Result<Ok>()>;

  // Any thread.
  void add(Job job);
  // Returns when none waits or runs; after an error the rest is dropped.
  Result<Ok> run(std::size_t threads);

 private:
  void work();

  std::mutex mutex_;
  std::condition_variable changed_;
  // Under mutex_:
  std::deque<Job> waiting_;
  std::size_t running_ = 0;
  std::optional<Error> error_;
};

}  // namespace cara::bench
