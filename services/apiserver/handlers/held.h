// Most nodes lost at once: more likely the network or the bus than the nodes. Then projects of lost
// nodes stay where they are, until enough of the nodes are back or an operator says otherwise.
#pragma once

#include "schema/messages.h"
#include "services/apiserver/context.h"

namespace cara::apiserver {

// Nodes were lost: are they most of those that were Ready a while ago?
Result<Ok> note_losses(Context& context);
// A node is back, or its record is gone.
Result<Ok> note_return(Context& context);
// Why no project of a lost node is moved now; empty: they are.
Result<std::string> moves_held(Context& context);

}  // namespace cara::apiserver
