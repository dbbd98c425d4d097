#include "services/agent/exclusive_gate.h"

#include <utility>

#include "schema/lifecycle.h"

namespace cara::agent {

bool ExclusiveGate::renewed() { return !open_ && !std::exchange(asked_, true); }

bool ExclusiveGate::closes(bool has_lease) {
  if (has_lease) return false;
  asked_ = false;
  return std::exchange(open_, false);
}

bool ExclusiveGate::holds(const schema::DesiredProject& project) const {
  return !open_ && project.spec.on_node_loss == schema::OnNodeLoss::kMoveExclusive &&
         !schema::is_ending(project.phase);
}

}  // namespace cara::agent
