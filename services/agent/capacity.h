// Capacity: what of a machine projects may request. Pure.
#pragma once

#include <cstdint>
#include <optional>

#include "schema/types.h"
#include "services/agent/engine.h"

namespace cara::agent {

inline constexpr std::int64_t kReservedCpuMillis = 100;
inline constexpr std::int64_t kReservedMemoryBytes = std::int64_t{256} * 1024 * 1024;

// What the engine does not tell, and what its owner keeps for the system.
struct CapacityOptions {
  std::int64_t reserved_cpu_millis = kReservedCpuMillis;
  std::optional<std::int64_t> reserved_memory_bytes;  // absent: the default, at most a quarter
  std::int64_t pids = 32'768;  // that the machine can have; a tenth is the system's
  std::int64_t gpus = 0;
};

// Nothing: the engine has not told yet.
std::optional<schema::Amounts> allocatable(const EngineInfo& info, const CapacityOptions& options);

}  // namespace cara::agent
