#include "services/scheduler/score.h"

#include <algorithm>

namespace cara::scheduler {
namespace {

std::int32_t permille(std::int64_t used, std::int64_t allocatable) {
  if (allocatable <= used) return kFullShare;
  // Of bytes a thousandfold may not fit into 64 bits; a rounded quotient does.
  return static_cast<std::int32_t>(kFullShare *
                                   (static_cast<double>(used) / static_cast<double>(allocatable)));
}

}  // namespace

Weight weight_of(const schema::ProjectSpec& spec, const schema::Demand& demand) {
  Weight weight{demand.amounts.cpu_millis, demand.amounts.memory_bytes};
  for (const schema::ServiceDef& service : spec.services) {
    const auto& resources = service.resources;
    const bool asks_cpu =
        resources && (!resources->requests.cpu.empty() || !resources->limits.cpu.empty());
    const bool asks_memory =
        resources && (!resources->requests.memory.empty() || !resources->limits.memory.empty());
    if (!asks_cpu) weight.cpu_millis += kUnaskedCpuMillis;
    if (!asks_memory) weight.memory_bytes += kUnaskedMemoryBytes;
  }
  return weight;
}

std::int32_t share_of(const schema::Node& node, std::int64_t projects, const Weight& weight) {
  const auto& allocatable = node.status.info.allocatable;
  if (!allocatable) {
    return static_cast<std::int32_t>(std::min<std::int64_t>(projects, kFullShare / kUnknownShare)) *
           kUnknownShare;
  }
  return std::max(permille(weight.cpu_millis, allocatable->cpu_millis),
                  permille(weight.memory_bytes, allocatable->memory_bytes));
}

Rank rank_of(schema::PlacementStrategy strategy, std::int32_t share, std::int64_t projects,
             std::string_view name) {
  const auto count = static_cast<std::int32_t>(projects);
  switch (strategy) {
    case schema::PlacementStrategy::kSpread:
      return {share, count, name};
    case schema::PlacementStrategy::kBinpack:
      return {-share, -count, name};
  }
  return {share, count, name};
}

}  // namespace cara::scheduler
