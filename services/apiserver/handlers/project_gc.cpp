// project.expire, project.evict, project.reap: gc asks, the apiserver checks by its own clock.
#include "schema/lifecycle.h"
#include "services/apiserver/handlers/common.h"
#include "services/apiserver/handlers/handlers.h"
#include "services/apiserver/handlers/held.h"
#include "services/apiserver/handlers/windows.h"

namespace cara::apiserver {
namespace {

using schema::Phase;
using schema::Project;
using schema::RevisionReply;

Result<RevisionReply> revision_of(const Project& project, const Result<Ok>& done) {
  if (!done) return done.error();
  return RevisionReply{project.metadata.revision};
}

}  // namespace

Result<RevisionReply> project_expire(Context& context, const Identity&,
                                     const schema::GcRequest& request) {
  Result<Project> project = find_project(context, request.name, request.uid);
  if (!project) return project.error();
  if (schema::is_ending(project->status.phase)) return revision_of(*project, Ok{});
  if (!project->spec.expire_at || *project->spec.expire_at > context.now.wall) {
    return conflict(called("project", request.name) + " has not expired");
  }
  const Cause cause{"Expired", "expireAt " + to_string(*project->spec.expire_at) + " has passed"};
  return revision_of(*project, begin_end(context, *project, cause));
}

Result<RevisionReply> project_evict(Context& context, const Identity&,
                                    const schema::GcRequest& request) {
  Result<Project> project = find_project(context, request.name, request.uid);
  if (!project) return project.error();
  const std::string node = called("node", project->status.node_ref);
  switch (project->status.phase) {
    case Phase::kScheduled:
    case Phase::kRunning:
    case Phase::kFailed: {
      if (project->spec.on_node_loss == schema::OnNodeLoss::kStay) {
        return conflict(called("project", request.name) + " stays on " + node +
                        " (spec.onNodeLoss: Stay)");
      }
      const Result<std::string> held = moves_held(context);
      if (!held) return held.error();
      if (!held->empty()) return conflict("moves are held: " + *held);
      Result<Ok> done = check_grace(context, *project);
      if (done) {
        done = unbind(context, *project, {"NodeLost", node + " did not come back in time"});
      }
      return revision_of(*project, done);
    }
    case Phase::kTerminating: {
      Result<Ok> done = check_termination(context, *project);
      if (done) {
        done = end_without_node(
            context, *project,
            {"TerminationTimeout", node + " did not come back; it cleans up when it does"});
      }
      return revision_of(*project, done);
    }
    case Phase::kPending:
    case Phase::kTerminated:
      break;
  }
  return conflict(called("project", request.name) + " is on no node");
}

Result<RevisionReply> project_reap(Context& context, const Identity&,
                                   const schema::GcRequest& request) {
  Result<Project> project = find_project(context, request.name, request.uid);
  if (!project) return project.error();
  if (project->status.phase != Phase::kTerminated) {
    return conflict(called("project", request.name) + " is not Terminated but " +
                    std::string(to_string(project->status.phase)));
  }
  if (Result<Ok> done = context.store.remove(*project, {.schedulers = true}); !done) {
    return done.error();
  }
  context.watch.forget_project(project->metadata.uid);
  return RevisionReply{context.store.revision()};
}

}  // namespace cara::apiserver
