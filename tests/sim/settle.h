// Settled: has the cluster become what its users asked for? Either yes, or why not yet.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "tests/sim/cluster.h"

namespace cara::sim {

// Nothing: every process runs, every node is Ready, every project is Running (or Failed, if it
// cannot run) on a node, or Pending if no node would take it, and every engine has exactly the
// objects and routes that are wanted [I18].
std::optional<std::string> why_unsettled(Cluster& cluster);

// Nothing: the store holds what the client's journal was promised [I1, I2].
std::optional<std::string> broken_promise(Cluster& cluster);

}  // namespace cara::sim
