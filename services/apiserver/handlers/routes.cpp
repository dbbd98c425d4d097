// routes.get: which project has which host, and where it is, for the ingress of a node.
#include "schema/routes.h"

#include <utility>

#include "schema/wire.h"
#include "services/apiserver/handlers/common.h"
#include "services/apiserver/handlers/handlers.h"

namespace cara::apiserver {
namespace {

using schema::Node;
using schema::Project;
using schema::RoutesReply;
using schema::RoutesRequest;

schema::NodeRoute route_of(const Node& node) {
  return {.name = node.metadata.name,
          .address = node.status.info.ingress ? node.status.info.ingress->address : ""};
}

Result<Ok> add_all(Context& context, const RoutesRequest& request, RoutesReply& reply) {
  Page page(0);
  Result<Ok> read = Ok{};
  const auto on_project = [&](const Packed& packed) {
    const Result<Project> project = schema::unpack_message<Project>(packed.body);
    if (!project) {
      read = internal(called("project", packed.name) + " cannot be read from the store");
      return Walk::kEnd;
    }
    schema::ProjectRoutes routes = schema::routes_of(*project);
    if (routes.rules.empty()) return Walk::kOn;
    if (!page.takes(schema::pack_message(routes).size())) {
      reply.next = reply.projects.back().name;
      return Walk::kEnd;
    }
    reply.projects.push_back(std::move(routes));
    return Walk::kOn;
  };
  if (Result<Ok> done = context.store.walk("project", request.after, on_project); !done) {
    return done;
  }
  if (!read || !reply.next.empty()) return read;
  const Result<std::vector<Node>> nodes = all_nodes(context);
  if (!nodes) return nodes.error();
  for (const Node& node : *nodes) {
    if (node.status.info.ingress) reply.nodes.push_back(route_of(node));
  }
  return Ok{};
}

// As it is now, whatever it was then. Its size in the reply, about.
Result<std::size_t> add_change(Context& context, const ChangeRow& row, RoutesReply& reply) {
  if (row.kind == "project") {
    const Result<std::optional<Project>> project = context.store.find_project(row.name);
    if (!project) return project.error();
    reply.projects.push_back(*project ? schema::routes_of(**project)
                                      : schema::ProjectRoutes{.name = row.name});
    return schema::pack_message(reply.projects.back()).size();
  }
  const Result<std::optional<Node>> node = context.store.find_node(row.name);
  if (!node) return node.error();
  reply.nodes.push_back(*node ? route_of(**node) : schema::NodeRoute{row.name, ""});
  return schema::pack_message(reply.nodes.back()).size();
}

Result<Ok> add_changes(Context& context, const RoutesRequest& request, RoutesReply& reply) {
  const Result<std::vector<ChangeRow>> read = changes_after(context, request.since, "routes");
  if (!read) return read.error();
  const std::vector<ChangeRow>& rows = *read;
  std::size_t bytes = 0;
  for (std::size_t i = 0; i < rows.size(); ++i) {
    if (i == kMaxChangesPerReply || bytes > kMaxPageBytes) {
      reply.more = true;
      reply.revision = rows[i - 1].revision;
      return Ok{};
    }
    const Result<std::size_t> added = add_change(context, rows[i], reply);
    if (!added) return added.error();
    bytes += *added;
  }
  return Ok{};
}

}  // namespace

Result<RoutesReply> routes_get(Context& context, const Identity& caller,
                               const RoutesRequest& request) {
  const Result<Node> node = registered_node(context, caller, request.node, request.registration);
  if (!node) return node.error();
  RoutesReply reply{.cluster = context.store.cluster(),
                    .revision = context.store.revision(),
                    .hop_key = context.store.hop_key()};
  const bool all = request.since == 0;
  const Result<Ok> done =
      all ? add_all(context, request, reply) : add_changes(context, request, reply);
  if (!done) return done.error();
  return reply;
}

Result<Ok> watch_all_routes(Context& context) {
  const auto on_project = [&](const Packed& packed) {
    const Result<Project> project = schema::unpack_message<Project>(packed.body);
    if (project) context.routes.tell("project", packed.name, digest_of(*project));
    return Walk::kOn;
  };
  if (Result<Ok> done = context.store.walk("project", "", on_project); !done) return done;
  const Result<std::vector<Node>> nodes = all_nodes(context);
  if (!nodes) return nodes.error();
  for (const Node& node : *nodes) {
    context.routes.tell("node", node.metadata.name, digest_of(node));
  }
  return Ok{};
}

}  // namespace cara::apiserver
