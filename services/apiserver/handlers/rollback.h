// What happens when an update does not become Running in time.
#pragma once

#include "schema/messages.h"
#include "services/apiserver/context.h"

namespace cara::apiserver {

// `request` gives up the generation that `project` has now, and is taken into `project` already. If
// its policy says so, and it ran on this node with an earlier spec, that spec is put back as a
// whole and `project` is saved. False: nothing was written.
Result<bool> roll_back(Context& context, schema::Project& project,
                       const schema::StatusRequest& request);

}  // namespace cara::apiserver
