// place(): which node a project goes to, or why none. Pure: a snapshot in, a value out.
//
// Of the nodes that fit (schema/fit.h): those with the fewest PreferNoSchedule taints that the
// project does not tolerate; of these the one of the lowest rank (score.h).
#pragma once

#include <string>

#include "services/scheduler/node_index.h"

namespace cara::scheduler {

// The node's name; empty: no node fits.
std::string place(const NodeIndex& index, const schema::Wish& wish);

// Such as `0/3 nodes fit: 2 insufficient memory (...), 1 NotReady`. Looks at every node.
// REQUIRES: no node fits.
std::string why_not(const NodeIndex& index, const schema::Wish& wish);

}  // namespace cara::scheduler
