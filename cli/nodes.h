// What the commands about nodes share: how nodes are named, looked at and changed.
#pragma once

#include <chrono>
#include <string>
#include <vector>

#include "cli/api.h"
#include "schema/messages.h"

namespace cara::cli {

// `w1 w2`, `node/w1 node/w2`; sorted, each once. kInvalid: none, or something else than nodes.
Result<std::vector<std::string>> parse_nodes(std::vector<std::string> words);

// `node w1 w2 CHANGE...` or `node/w1 CHANGE...`: a change has a `=` or a `:` in it, or ends in `-`,
// which no name does.
struct NodesAndChanges {
  std::vector<std::string> nodes;
  std::vector<std::string> changes;
};
Result<NodesAndChanges> parse_nodes_and_changes(const std::vector<std::string>& words);

// kNotFound with the sentence that users know.
Result<schema::Node> get_node(Api& api, const std::string& name, runtime::Duration timeout);
Result<schema::NodeChangeReply> change_node(Api& api, const schema::NodeChangeRequest& request,
                                            runtime::Duration timeout);

}  // namespace cara::cli
