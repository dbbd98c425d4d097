// place(): which node a project goes to, or why none. Pure: a snapshot in, a value out.
//
// The least loaded of the nodes that fit; of equally loaded ones the first by name. Load is the
// number of projects that are bound to a node.
#pragma once

#include <cstdint>
#include <map>
#include <string>

#include "schema/types.h"

namespace cara::scheduler {

using Nodes = std::map<std::string, schema::Node>;
using Projects = std::map<std::string, schema::Project>;
using Load = std::map<std::string, std::int64_t>;  // projects per node; absent: none

struct Placement {
  std::string node;    // empty: no node fits,
  std::string reason;  // and this says why: `0/3 nodes fit: 2 NotReady, 1 unschedulable`
  bool operator==(const Placement&) const = default;
};

Placement place(const Nodes& nodes, const Load& load, const schema::Project& project);

// Every project that may have containers on a node counts, also while it is torn down.
Load load_of(const Projects& projects);

}  // namespace cara::scheduler
