#include "services/agent/capacity.h"

#include <algorithm>

namespace cara::agent {

std::optional<schema::Amounts> allocatable(const EngineInfo& info, const CapacityOptions& options) {
  constexpr std::int64_t kMillis = 1000;
  if (info.cpus <= 0 || info.memory_bytes <= 0) return std::nullopt;
  const std::int64_t memory =
      options.reserved_memory_bytes.value_or(std::min(kReservedMemoryBytes, info.memory_bytes / 4));
  const auto left = [](std::int64_t all, std::int64_t kept) {
    return std::max<std::int64_t>(0, all - kept);
  };
  return schema::Amounts{.cpu_millis = left(info.cpus * kMillis, options.reserved_cpu_millis),
                         .memory_bytes = left(info.memory_bytes, memory),
                         .pids = options.pids - options.pids / 10,
                         .gpus = options.gpus};
}

}  // namespace cara::agent
