#include "services/apiserver/handlers/rollback.h"

#include <algorithm>

#include "schema/formats.h"
#include "schema/wire.h"
#include "services/apiserver/handlers/common.h"
#include "services/apiserver/handlers/revise.h"

namespace cara::apiserver {
namespace {

using schema::Project;
using schema::RevisionCause;

// The newest earlier spec that the project was Running with, or null. What fails where nothing of
// it ever ran, after a move or after a rollback is not the spec's fault for sure: it is left alone.
const Revision* find_target(const std::vector<Revision>& revisions, const Project& project) {
  if (revisions.empty()) return nullptr;
  const Revision& current = revisions.back();
  const bool is_update = current.generation == project.metadata.generation &&
                         current.healthy_in == 0 && current.cause != RevisionCause::kRollback;
  if (!is_update) return nullptr;
  const auto found =
      std::find_if(revisions.rbegin() + 1, revisions.rend(),
                   [](const Revision& revision) { return revision.healthy_in != 0; });
  if (found == revisions.rend() || found->healthy_in != project.status.assignment) return nullptr;
  return &*found;
}

Result<Ok> put_back(Context& context, Project& project, const Revision& target,
                    const std::string& failure) {
  Result<schema::ProjectSpec> spec = schema::unpack_message<schema::ProjectSpec>(target.spec);
  if (!spec) return internal("a stored spec cannot be read: " + spec.error().message);
  // The time that was asked for last holds: the old one may be past.
  spec->expire_at = project.spec.expire_at;
  if (*spec == project.spec) return conflict("it is the spec that failed");
  Project next = project;
  next.spec = std::move(*spec);
  const Cause cause{"UpdateFailed", failure + "; the spec of revision " +
                                        std::to_string(target.number) + " is back"};
  set_condition(next.status.conditions, {.type = schema::kConditionRolledBack,
                                         .reason = cause.reason,
                                         .message = cause.message,
                                         .last_transition_time = context.now.wall});
  if (Result<Ok> done = resolve_ingress(context, next); !done) return done;
  if (Result<Ok> done = revise(context, project, next, RevisionCause::kRollback); !done)
    return done;
  project = std::move(next);
  return tell(context, project, {"RolledBack", cause.message});
}

}  // namespace

Result<bool> roll_back(Context& context, Project& project, const schema::StatusRequest& request) {
  if (project.spec.update_policy.on_failure != schema::UpdateFailure::kRollback) return false;
  const Result<std::vector<Revision>> revisions = context.store.revisions(project.metadata.uid);
  if (!revisions) return revisions.error();
  const Revision* target = find_target(*revisions, project);
  if (target == nullptr) return false;
  const std::string failure = "generation " + std::to_string(request.generation) +
                              " did not become Running within " +
                              project.spec.update_policy.healthy_deadline + ": " +
                              schema::printable_lines(request.message, kMaxMessageBytes);
  context.actor = kOwnActor;
  const Result<Ok> done = put_back(context, project, *target, failure);
  if (done) return true;
  // Its names may be another project's now: the user has to decide.
  const bool refused = done.error().code == Code::kConflict || done.error().code == Code::kInvalid;
  if (!refused) return done.error();
  const Cause cause{"RollbackRefused", "Revision " + std::to_string(target->number) +
                                           " cannot be put back: " + done.error().message};
  if (Result<Ok> told = tell(context, project, cause); !told) return told.error();
  return false;
}

}  // namespace cara::apiserver
