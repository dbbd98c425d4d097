// What a successful operation did to the objects of a project, so that the next step can be planned
// without observing first. The result is an assumption: nothing is reported from it.
#pragma once

#include "services/agent/engine.h"

namespace cara::agent {

void assume(const EngineOp& op, const EngineReply& reply, Observation& seen);

}  // namespace cara::agent
