// node.get, node.list, node.delete.
#include "schema/lifecycle.h"
#include "schema/wire.h"
#include "services/apiserver/handlers/common.h"
#include "services/apiserver/handlers/handlers.h"

namespace cara::apiserver {
namespace {

using schema::DeleteOutcome;
using schema::DeleteReply;
using schema::Node;
using schema::Phase;
using schema::Project;

// Nobody else can say any more that a Terminating project's objects are gone.
Result<Ok> take_off(Context& context, Project& project) {
  const Cause cause{"NodeDeleted", called("node", project.status.node_ref) + " was deleted"};
  if (project.status.phase == Phase::kTerminating) {
    return end_without_node(context, project, cause);
  }
  return unbind(context, project, cause);
}

}  // namespace

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
    if (Result<Ok> done = take_off(context, project); !done) return done.error();
  }
  if (Result<Ok> done = tell(context, *node, {"NodeDeleted", "The node was deleted"}); !done) {
    return done.error();
  }
  // Its agent learns from the next heartbeat that it is registered no longer.
  if (Result<Ok> done = context.store.remove(*node, {.node = request.name, .schedulers = true});
      !done) {
    return done.error();
  }
  return DeleteReply{DeleteOutcome::kDeleted, node->metadata.uid};
}

}  // namespace cara::apiserver
