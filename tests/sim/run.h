// One run: seed -> workload and faults -> heal -> it must settle, stay settled, and keep every
// promise. The same seed always gives the same run.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "tests/sim/coverage.h"
#include "tests/sim/trace.h"

namespace cara::sim {

struct RunOptions {
  std::uint64_t seed = 0;
  std::function<void(const TraceEntry&)> listener = {};  // of everything that happens
};

struct RunResult {
  std::string failure;  // empty: it went well
  std::vector<std::string> last_lines;
  std::uint64_t hash = 0;
  std::uint64_t steps = 0;
  std::uint64_t operations = 0;  // of the client
  std::int64_t settled_after_ms = 0;
  Coverage faults;
};

RunResult run(const RunOptions& options);

// Twice; a different trace the second time is a failure, too.
RunResult run_twice(std::uint64_t seed);

// The failure with everything that helps, ending in the command that replays it.
std::string report(std::uint64_t seed, const RunResult& result);

}  // namespace cara::sim
