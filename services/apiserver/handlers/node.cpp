// node.get, node.list, node.delete.
#include "schema/wire.h"
#include "services/apiserver/handlers/common.h"
#include "services/apiserver/handlers/handlers.h"
#include "services/apiserver/handlers/held.h"

namespace cara::apiserver {

using schema::DeleteOutcome;
using schema::DeleteReply;
using schema::Node;
using schema::Project;

Result<schema::NodeReply> node_get(Context& context, const Identity&,
                                   const schema::GetRequest& request) {
  Result<Node> node = find_node(context, request.name, "");
  if (!node) return node.error();
  return schema::NodeReply{std::move(*node)};
}

Result<schema::NodeListReply> node_list(Context& context, const Identity&,
                                        const schema::ListRequest& request) {
  schema::NodeListReply reply{.revision = context.store.revision()};
  Page page(request.limit);
  Result<Ok> read = Ok{};
  const auto on_object = [&](const Packed& packed) {
    if (!page.takes(packed.body.size())) {
      reply.next = reply.nodes.back().metadata.name;
      return Walk::kEnd;
    }
    Result<Node> node = schema::unpack_message<Node>(packed.body);
    if (!node) {
      read = internal(called("node", packed.name) + " cannot be read from the store");
      return Walk::kEnd;
    }
    reply.nodes.push_back(std::move(*node));
    return Walk::kOn;
  };
  if (Result<Ok> done = context.store.walk("node", request.after, on_object); !done) {
    return done.error();
  }
  if (!read) return read.error();
  return reply;
}

Result<DeleteReply> node_delete(Context& context, const Identity&,
                                const schema::DeleteRequest& request) {
  const Result<Node> node = find_node(context, request.name, request.uid);
  if (!node) return node.error();
  Result<std::vector<Project>> projects = bound_projects(context, request.name);
  if (!projects) return projects.error();
  if (!projects->empty() && !request.force) {
    return conflict(called("node", request.name) + " holds " + std::to_string(projects->size()) +
                    (projects->size() == 1 ? " project (" : " projects (the first is ") +
                    called("project", projects->front().metadata.name) +
                    "); delete or move them, or delete the node by force");
  }
  for (Project& project : *projects) {
    const Cause cause{"NodeDeleted", called("node", request.name) + " was deleted"};
    if (Result<Ok> done = take_off(context, project, cause); !done) return done.error();
  }
  if (Result<Ok> done = tell(context, *node, {"NodeDeleted", "The node was deleted"}); !done) {
    return done.error();
  }
  // Its agent learns from the next heartbeat that it is registered no longer.
  if (Result<Ok> done = context.store.remove(*node, {.node = request.name, .schedulers = true});
      !done) {
    return done.error();
  }
  context.watch.forget_node(request.name);
  if (Result<Ok> done = note_return(context); !done) return done.error();
  return DeleteReply{.outcome = DeleteOutcome::kDeleted,
                     .uid = node->metadata.uid,
                     .projects = static_cast<std::int64_t>(projects->size())};
}

}  // namespace cara::apiserver
