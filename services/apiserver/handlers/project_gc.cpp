// project.expire, project.evict, project.reap: gc asks, the apiserver checks by its own clock.
#include "schema/lifecycle.h"
#include "services/apiserver/handlers/common.h"
#include "services/apiserver/handlers/handlers.h"

namespace cara::apiserver {
namespace {

using runtime::Duration;
using schema::Phase;
using schema::Project;
using schema::RevisionReply;

// How long a project has waited for its lost node: by the monotonic clock if this process saw it
// begin, else by the time in its condition.
Duration waited(const Context& context, const Project& project, const schema::Condition& since) {
  const auto seen = context.watch.waiting_since(project.metadata.uid);
  if (seen) return context.now.mono - *seen;
  return std::chrono::milliseconds(context.now.wall.ms - since.last_transition_time.ms);
}

Result<Ok> check_window(const Context& context, const Project& project, const char* condition,
                        Duration window) {
  const std::string who = called("project", project.metadata.name);
  const schema::Condition* since = find_condition(project.status.conditions, condition);
  if (since == nullptr) return conflict(who + " does not wait for a lost node");
  if (!context.watch.settled(context.now.mono)) {
    return conflict("the apiserver has just started and does not know yet which nodes are lost");
  }
  const Duration left = window - waited(context, project, *since);
  if (left <= Duration::zero()) return Ok{};
  const auto ms = std::chrono::duration_cast<std::chrono::milliseconds>(left).count() + 1;
  return conflict(who + " waits for its node for another " + format_duration_ms(ms));
}

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
      Result<Ok> done = check_window(context, *project, schema::kConditionNotReadyAt,
                                     context.options.grace_period);
      if (done) {
        done = unbind(context, *project, {"NodeLost", node + " did not come back in time"});
      }
      return revision_of(*project, done);
    }
    case Phase::kTerminating: {
      Result<Ok> done = check_window(context, *project, schema::kConditionTerminatingAt,
                                     context.options.termination_timeout);
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
