// Score: which of the nodes that fit is chosen. Pure.
//
// A node's share is how much of it is requested, in permille: of processors or of memory,
// whichever is more. It does not depend on the project that is placed, so that nodes can be kept in
// order (ranked_nodes.h).
#pragma once

#include <compare>
#include <cstdint>
#include <string_view>

#include "schema/fit.h"
#include "schema/messages.h"

namespace cara::scheduler {

// What a service that requests nothing counts for in a score, and nowhere else: else a node with a
// hundred of them would look as idle as one with none. The figures are Kubernetes'
// (DefaultMilliCPURequest, DefaultMemoryRequest of its scheduler).
inline constexpr std::int64_t kUnaskedCpuMillis = 100;
inline constexpr std::int64_t kUnaskedMemoryBytes = std::int64_t{200} << 20;
// What each project counts for on a node that does not say what it has: 100 of them fill it.
inline constexpr std::int32_t kUnknownShare = 10;
inline constexpr std::int32_t kFullShare = 1000;  // more does not count as more

struct Weight {
  std::int64_t cpu_millis = 0;
  std::int64_t memory_bytes = 0;
  bool operator==(const Weight&) const = default;
};
Weight weight_of(const schema::ProjectSpec& spec, const schema::Demand& demand);

// In permille, 0 to kFullShare. `weight` is that of all `projects` on the node.
std::int32_t share_of(const schema::Node& node, std::int64_t projects, const Weight& weight);

// The lowest rank is chosen. No two nodes have the same one.
struct Rank {
  std::int32_t share = 0;     // spread: the share; binpack: minus the share
  std::int32_t projects = 0;  // likewise
  std::string_view name;
  auto operator<=>(const Rank&) const = default;
};
// `name` must outlive it.
Rank rank_of(schema::PlacementStrategy strategy, std::int32_t share, std::int64_t projects,
             std::string_view name);

}  // namespace cara::scheduler
