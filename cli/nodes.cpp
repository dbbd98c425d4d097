#include "cli/nodes.h"

#include <algorithm>

#include "cli/objects.h"
#include "cli/request.h"

namespace cara::cli {
namespace {

bool is_change(const std::string& word) {
  return word.find_first_of("=:") != std::string::npos || word.ends_with('-');
}

Error say_which(Error error, const std::string& name) {
  if (error.code == Code::kNotFound) error.message = not_found_sentence(Kind::kNode, name);
  return error;
}

Result<std::vector<std::string>> names_of(const std::vector<std::string>& words) {
  const Result<Objects> objects = parse_objects(words);
  if (!objects) return objects.error();
  if (objects->kind != Kind::kNode) {
    return invalid("only nodes are changed like this; what a project is stands in its manifest");
  }
  if (objects->names.empty()) return invalid("which node? Give its name");
  return objects->names;
}

}  // namespace

Result<std::vector<std::string>> parse_nodes(std::vector<std::string> words) {
  const bool slashed = !words.empty() && words.front().find('/') != std::string::npos;
  if (!slashed) words.insert(words.begin(), "node");
  return names_of(words);
}

Result<NodesAndChanges> parse_nodes_and_changes(const std::vector<std::string>& words) {
  if (words.empty()) return invalid("of what? Say `node NAME`");
  const auto first = std::find_if(words.begin(), words.end(), is_change);
  const Result<std::vector<std::string>> nodes = names_of({words.begin(), first});
  if (!nodes) return nodes.error();
  return NodesAndChanges{*nodes, {first, words.end()}};
}

Result<schema::Node> get_node(Api& api, const std::string& name, runtime::Duration timeout) {
  auto reply = call<schema::NodeReply>(api, "node.get", schema::GetRequest{name}, timeout);
  if (!reply) return say_which(reply.error(), name);
  return std::move(reply->node);
}

Result<schema::NodeChangeReply> change_node(Api& api, const schema::NodeChangeRequest& request,
                                            runtime::Duration timeout) {
  auto reply = call<schema::NodeChangeReply>(api, "node.change", request, timeout);
  if (!reply) return say_which(reply.error(), request.name);
  return reply;
}

}  // namespace cara::cli
