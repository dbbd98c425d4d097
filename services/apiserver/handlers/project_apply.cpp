// project.apply: create, configure, or leave alone.
#include "schema/codec.h"
#include "schema/defaults.h"
#include "schema/lifecycle.h"
#include "schema/wire.h"
#include "services/apiserver/handlers/common.h"
#include "services/apiserver/handlers/handlers.h"
#include "services/apiserver/handlers/revise.h"

namespace cara::apiserver {
namespace {

using schema::ApplyOutcome;
using schema::ApplyReply;
using schema::Project;

Result<Project> read_wanted(const schema::ApplyRequest& request) {
  const std::size_t bytes = schema::pack(request.manifest).size();
  if (bytes > schema::kMaxManifestBytes) {
    return invalid("the manifest has " + std::to_string(bytes) + " bytes; at most " +
                   std::to_string(schema::kMaxManifestBytes) + " are allowed");
  }
  return schema::read_manifest(request.manifest);
}

Result<Ok> check_expiry(const Context& context, const Project& wanted) {
  if (!wanted.spec.expire_at || *wanted.spec.expire_at > context.now.wall) return Ok{};
  const std::string text = "is already past (" + to_string(*wanted.spec.expire_at) + ")";
  return invalid("spec.expireAt " + text, {{"spec.expireAt", text}});
}

Result<ApplyReply> create(Context& context, Project project) {
  if (project.metadata.revision != 0) {
    return conflict(called("project", project.metadata.name) + " does not exist, but revision " +
                    std::to_string(project.metadata.revision) + " of it was expected");
  }
  if (Result<Ok> done = check_expiry(context, project); !done) return done.error();
  project.status = {};
  if (Result<Ok> done = resolve_ingress(context, project); !done) return done.error();
  project.metadata.uid = context.ids.next();
  project.metadata.generation = 1;
  project.metadata.created_at = context.now.wall;
  set_condition(project.status.conditions, {.type = schema::kConditionPhase,
                                            .reason = "Accepted",
                                            .message = "Waiting for a node",
                                            .last_transition_time = context.now.wall});
  Result<Ok> done =
      save(context, project, {.schedulers = true, .gc = project.spec.expire_at.has_value()});
  // The claims refer to the stored project.
  if (done) done = claim_names(context, project);
  if (done) done = context.store.add_revision(project, schema::RevisionCause::kApply);
  if (done) done = tell(context, project, {"Created", "Generation 1 was applied"});
  if (!done) return done.error();
  return ApplyReply{ApplyOutcome::kCreated, std::move(project)};
}

Result<ApplyReply> configure(Context& context, Project old, Project wanted) {
  // One that was stored before a default was made says the same as one that has it.
  schema::fill_defaults(old.spec);
  const std::string who = called("project", old.metadata.name);
  if (schema::is_ending(old.status.phase)) {
    return conflict(who + " is being deleted; apply again when it is gone");
  }
  if (wanted.metadata.revision != 0 && wanted.metadata.revision != old.metadata.revision) {
    return conflict(who + " has changed: it is at revision " +
                    std::to_string(old.metadata.revision) + ", not " +
                    std::to_string(wanted.metadata.revision));
  }
  Project next = old;
  next.metadata.labels = std::move(wanted.metadata.labels);
  next.metadata.annotations = std::move(wanted.metadata.annotations);
  next.spec = std::move(wanted.spec);
  keep_restarts(old.spec, next.spec);
  if (Result<Ok> done = resolve_ingress(context, next); !done) return done.error();
  if (next == old) return ApplyReply{ApplyOutcome::kUnchanged, std::move(old)};
  if (next.spec.expire_at != old.spec.expire_at) {
    if (Result<Ok> done = check_expiry(context, next); !done) return done.error();
  }
  Result<Ok> done = revise(context, old, next, schema::RevisionCause::kApply);
  const std::string what =
      next.metadata.generation == old.metadata.generation
          ? std::string("Labels or annotations were changed")
          : "Generation " + std::to_string(next.metadata.generation) + " was applied";
  if (done) done = tell(context, next, {"Configured", what});
  if (!done) return done.error();
  return ApplyReply{ApplyOutcome::kConfigured, std::move(next)};
}

}  // namespace

Result<ApplyReply> project_apply(Context& context, const Identity&,
                                 const schema::ApplyRequest& request) {
  Result<Project> wanted = read_wanted(request);
  if (!wanted) return wanted.error();
  Result<std::optional<Project>> old = context.store.find_project(wanted->metadata.name);
  if (!old) return old.error();
  const std::optional<Project> before = *old;
  Result<ApplyReply> reply = *old ? configure(context, std::move(**old), std::move(*wanted))
                                  : create(context, std::move(*wanted));
  if (reply && request.dry_run) {
    reply->previous = before;
    context.trial = true;
  }
  return reply;
}

}  // namespace cara::apiserver
