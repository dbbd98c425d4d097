// Snapshot: all that the store has after a batch.
#pragma once

#include <map>
#include <string>

#include "schema/types.h"
#include "tests/sim/cluster.h"

namespace cara::sim {

struct Snapshot {
  std::map<std::string, schema::Project> projects;
  std::map<std::string, schema::Node> nodes;
};

inline Snapshot take_snapshot(Cluster& cluster) { return {cluster.projects(), cluster.nodes()}; }

// What an operator has ever asked for, so that its doing is told from a mistake.
struct Orders {
  std::map<std::string, MonoTime> moved;    // projects
  std::map<std::string, MonoTime> deleted;  // nodes, by force
  std::optional<MonoTime> allowed;          // moves, the last time
};

using Fail = std::function<void(const std::string& sentence)>;

}  // namespace cara::sim
