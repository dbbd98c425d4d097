// How long a project waits for its lost node, by the apiserver's own clock. Each is Ok when the
// time is over, else kConflict with how long it is still.
#pragma once

#include "schema/types.h"
#include "services/apiserver/context.h"

namespace cara::apiserver {

// Until it may start elsewhere (spec.onNodeLoss).
Result<Ok> check_grace(const Context& context, const schema::Project& project);
// Until it counts as removed.
Result<Ok> check_termination(const Context& context, const schema::Project& project);

}  // namespace cara::apiserver
