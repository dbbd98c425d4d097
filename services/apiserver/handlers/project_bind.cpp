// project.bind, project.unschedulable: what schedulers say about a Pending project.
#include <algorithm>

#include "schema/fit.h"
#include "schema/formats.h"
#include "schema/lifecycle.h"
#include "services/apiserver/handlers/common.h"
#include "services/apiserver/handlers/handlers.h"

namespace cara::apiserver {
namespace {

using schema::Phase;
using schema::Project;
using schema::RevisionReply;

// The decision was made on what the scheduler saw; it stands only if that is still so.
template <class Request>
Result<Project> find_pending(Context& context, const Request& request) {
  Result<Project> project = find_project(context, request.name, request.uid);
  if (!project) return project;
  const std::string who = called("project", request.name);
  if (request.uid.empty()) return invalid("uid is required");
  if (project->status.phase != Phase::kPending) {
    return conflict(who + " is no longer Pending but " +
                    std::string(to_string(project->status.phase)));
  }
  if (project->metadata.revision != request.revision) {
    return conflict(who + " has changed since revision " + std::to_string(request.revision));
  }
  return project;
}

}  // namespace

Result<RevisionReply> project_bind(Context& context, const Identity&,
                                   const schema::BindRequest& request) {
  Result<Project> project = find_pending(context, request);
  if (!project) return project.error();
  const Result<std::optional<schema::Node>> node = context.store.find_node(request.node);
  if (!node) return node.error();
  const std::string where = called("node", request.node);
  if (!*node) return conflict(where + " does not exist");
  const Result<schema::Usage> usage = context.store.usage(request.node, project->metadata.uid);
  if (!usage) return usage.error();
  const schema::Demand demand = schema::demand_of(project->spec);
  const schema::Wish wish{*project, demand};
  if (const auto why = schema::misfit({**node, *usage}, wish)) {
    return conflict(where + " is " + schema::explain(*why, {**node, *usage}, wish));
  }
  Result<Ok> done = move(context, *project, Phase::kScheduled, {"Scheduled", "Bound to " + where});
  if (!done) return done.error();
  project->status.node_ref = request.node;
  project->status.home = request.node;
  project->status.services.clear();
  project->status.assignment = std::max(project->status.assignment, context.store.epochs()) + 1;
  done = save(context, *project, {.node = request.node});
  if (done) done = context.store.hold(*project);
  if (!done) return done.error();
  context.shares.give_back(project->metadata.uid);
  return RevisionReply{project->metadata.revision};
}

Result<RevisionReply> project_unschedulable(Context& context, const Identity&,
                                            const schema::UnschedulableRequest& request) {
  Result<Project> project = find_pending(context, request);
  if (!project) return project.error();
  context.shares.give_back(project->metadata.uid);
  const Cause cause{"Unschedulable", schema::printable(request.message, kMaxMessageBytes)};
  if (!explain_phase(*project, cause)) return RevisionReply{project->metadata.revision};
  if (Result<Ok> done = tell(context, *project, cause); !done) return done.error();
  if (Result<Ok> done = save(context, *project, {}); !done) return done.error();
  return RevisionReply{project->metadata.revision};
}

}  // namespace cara::apiserver
