// project.move: off its node, to another one. What is on the node goes first, as with a deletion.
#include "schema/fit.h"
#include "schema/lifecycle.h"
#include "services/apiserver/handlers/common.h"
#include "services/apiserver/handlers/handlers.h"
#include "services/apiserver/handlers/windows.h"

namespace cara::apiserver {
namespace {

using schema::MoveReply;
using schema::MoveRequest;
using schema::Node;
using schema::Project;

// A node beside its own that would take it now.
Result<std::string> find_candidate(Context& context, const Project& project) {
  const Result<std::vector<Node>> nodes = all_nodes(context);
  if (!nodes) return nodes.error();
  const schema::Demand demand = schema::demand_of(project.spec);
  const schema::Wish wish{project, demand};
  schema::Misfits misfits;
  for (const Node& node : *nodes) {
    if (node.metadata.name == project.status.node_ref) continue;
    const Result<schema::Usage> usage =
        context.store.usage(node.metadata.name, project.metadata.uid);
    if (!usage) return usage.error();
    const auto why = schema::misfit({node, *usage}, wish);
    if (!why) return node.metadata.name;
    misfits.add(*why, {node, *usage});
  }
  const std::string who = called("project", project.metadata.name);
  if (nodes->size() <= 1) return conflict(who + " has nowhere to go: there is no other node");
  return conflict(who + " has nowhere to go: " + misfits.text(wish));
}

Result<Ok> leave(Context& context, Project& project) {
  const std::string& name = project.status.node_ref;
  const Result<std::optional<Node>> node = context.store.find_node(name);
  if (!node) return node.error();
  if (*node && (*node)->status.state == schema::NodeState::kReady) {
    if (project.status.leaving) return Ok{};
    project.status.leaving = true;
    const Cause cause{"Leaving", called("node", name) + " is asked to remove it"};
    if (Result<Ok> done = tell(context, project, cause); !done) return done;
    return save(context, project, {.node = name});
  }
  // Nobody can be asked. Of MoveExclusive no copy may be left when it starts elsewhere.
  if (project.spec.on_node_loss == schema::OnNodeLoss::kMoveExclusive) {
    if (Result<Ok> done = check_grace(context, project); !done) return done;
  }
  return unbind(context, project, moved_from(name));
}

}  // namespace

Result<MoveReply> project_move(Context& context, const Identity&, const MoveRequest& request) {
  Result<Project> project = find_project(context, request.name, request.uid);
  if (!project) return project.error();
  const std::string who = called("project", request.name);
  if (!schema::is_bound(project->status.phase) || project->status.node_ref != request.node) {
    return conflict(who + " is not on " + called("node", request.node) + " any more");
  }
  if (project->status.phase == schema::Phase::kTerminating) {
    return conflict(who + " is being deleted");
  }
  if (project->spec.on_node_loss == schema::OnNodeLoss::kStay) {
    return conflict(who + " stays on " + called("node", request.node) +
                    ", where its volumes are (spec.onNodeLoss: Stay)");
  }
  Result<std::string> candidate = find_candidate(context, *project);
  if (!candidate) return candidate.error();
  if (request.dry_run) return MoveReply{std::move(*candidate)};
  if (Result<Ok> done = leave(context, *project); !done) return done.error();
  return MoveReply{std::move(*candidate)};
}

}  // namespace cara::apiserver
