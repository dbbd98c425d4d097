// Ready and NotReady: what is written when a node is heard, lost, and heard again.
#pragma once

#include <string>
#include <vector>

#include "schema/messages.h"
#include "schema/types.h"
#include "services/apiserver/context.h"

namespace cara::apiserver {

struct EngineReport {
  bool ready = false;
  std::string message;
};
// False: it is as it was.
bool set_engine(const Context& context, schema::Node& node, const EngineReport& report);

// The event of what set_engine() changed.
Result<Ok> tell_engine(Context& context, const schema::Node& node);

// Writes the conditions of what is wrong with the node, and an event for what is new or over.
// False: it is as it was.
Result<bool> set_troubles(Context& context, schema::Node& node,
                          const std::vector<schema::NodeTrouble>& troubles);

// Saves `node` as Ready; if it was NotReady, its projects wait for it no longer.
Result<Ok> make_ready(Context& context, schema::Node& node, const std::string& reason);

}  // namespace cara::apiserver
