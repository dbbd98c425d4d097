// Totals: what the agents of a fleet count together.
#pragma once

#include <cstdint>

#include "services/runtime/actor.h"

namespace cara::hollow {

struct Totals {
  std::uint64_t messages_in = 0;
  std::uint64_t messages_out = 0;
  std::uint64_t steps = 0;
  std::uint64_t engine_calls = 0;
  std::uint64_t losses = 0;  // of connections
  std::uint64_t failed_connects = 0;
  std::uint64_t registrations = 0;
  std::uint64_t refused = 0;     // registrations and heartbeats, by the apiserver
  std::uint64_t unanswered = 0;  // requests on the bus: nobody there, or no answer in time
  std::uint64_t denied = 0;      // by nats-server
  std::uint64_t warnings = 0;    // the actors' notes
  std::uint64_t errors = 0;
  std::uint64_t stopped = 0;  // actors that could not go on
  // Since the last `reset`: the longest an agent was without an answered heartbeat, and the longest
  // an answer took.
  runtime::Duration longest_silence{};
  runtime::Duration longest_answer{};
};

}  // namespace cara::hollow
