// What a node and its containers use now: two looks, and the difference.
#pragma once

#include <chrono>
#include <string>

#include "schema/streams.h"
#include "services/agent/docker/streams/exec_control.h"

namespace cara::docker {

struct MeterOptions {
  std::string node;
  bool has_machine = true;                 // this machine is the engine's
  std::chrono::milliseconds time{1'000};   // between the two looks
  std::chrono::milliseconds limit{9'000};  // of one question to the engine
};

// Blocks for a little more than `time`. What cannot be read is 0; a container that ends meanwhile
// is left out.
Result<schema::NodeUsage> measure_node(const EngineCall& call, const MeterOptions& options);

// Sums since the boot, of proc(5).
struct MachineSample {
  std::int64_t busy_ticks = 0;  // of all CPUs
  std::int64_t received = 0;    // by the machine's own interfaces
  std::int64_t sent = 0;
};
MachineSample read_machine_sample(const std::string& root = "");

}  // namespace cara::docker
