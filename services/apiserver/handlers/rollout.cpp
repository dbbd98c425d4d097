// project.history, project.undo: the specs a project had, and back to one of them.
#include <algorithm>

#include "schema/lifecycle.h"
#include "schema/wire.h"
#include "services/apiserver/handlers/common.h"
#include "services/apiserver/handlers/handlers.h"
#include "services/apiserver/handlers/revise.h"

namespace cara::apiserver {
namespace {

using schema::Project;
using schema::ProjectSpec;

Result<ProjectSpec> spec_of(const Revision& revision) {
  Result<ProjectSpec> spec = schema::unpack_message<ProjectSpec>(revision.spec);
  if (!spec) return internal("a stored spec cannot be read: " + spec.error().message);
  return spec;
}

std::vector<std::string> images_of(const ProjectSpec& spec) {
  std::vector<std::string> images;
  for (const schema::ServiceDef& service : spec.services) {
    const bool known = std::find(images.begin(), images.end(), service.image) != images.end();
    if (!known) images.push_back(service.image);
  }
  return images;
}

Result<Revision> find_revision(const Project& project, const std::vector<Revision>& revisions,
                               std::int64_t number) {
  for (const Revision& revision : revisions) {
    if (revision.number == number) return revision;
  }
  std::string kept;
  for (const Revision& revision : revisions) {
    kept += (kept.empty() ? "" : ", ") + std::to_string(revision.number);
  }
  return not_found(called("project", project.metadata.name) + " has no revision " +
                   std::to_string(number) + "; kept are: " + kept);
}

// A restart is no part of what a spec says: the last one that was asked for stays.
void take_restarts(const ProjectSpec& current, ProjectSpec& spec) {
  for (schema::ServiceDef& service : spec.services) service.restarted_at.reset();
  keep_restarts(current, spec);
}

// The one that `to` names, or the newest before the current one that says something else: a
// project that was restarted, or stopped and started, is no other one.
Result<Revision> target_of(const Project& project, const std::vector<Revision>& revisions,
                           std::int64_t to) {
  if (to != 0) return find_revision(project, revisions, to);
  for (auto it = revisions.rbegin(); it != revisions.rend(); ++it) {
    Result<ProjectSpec> spec = spec_of(*it);
    if (!spec) return spec.error();
    take_restarts(project.spec, *spec);
    spec->paused = project.spec.paused;
    if (*spec != project.spec) return *it;
  }
  if (revisions.size() >= 2) return revisions[revisions.size() - 2];
  return conflict(called("project", project.metadata.name) +
                  " has no earlier revision to go back to");
}

}  // namespace

Result<schema::HistoryReply> project_history(Context& context, const Identity& caller,
                                             const schema::HistoryRequest& request) {
  const Result<Project> project = find_project(context, request.name, "");
  if (!project) return project.error();
  const auto revisions = context.store.revisions(project->metadata.uid);
  if (!revisions) return revisions.error();
  schema::HistoryReply reply;
  for (const Revision& revision : *revisions) {
    if (request.revision != 0 && revision.number != request.revision) continue;
    Result<ProjectSpec> spec = spec_of(revision);
    if (!spec) return spec.error();
    redact(caller, *spec);
    reply.revisions.push_back({.number = revision.number,
                               .generation = revision.generation,
                               .at = revision.at,
                               .cause = revision.cause,
                               .healthy = revision.healthy_in != 0,
                               .current = revision.number == revisions->back().number,
                               .images = images_of(*spec)});
    if (request.revision != 0) reply.revisions.back().spec = std::move(*spec);
  }
  if (request.revision != 0 && reply.revisions.empty()) {
    return find_revision(*project, *revisions, request.revision).error();
  }
  return reply;
}

Result<schema::UndoReply> project_undo(Context& context, const Identity&,
                                       const schema::UndoRequest& request) {
  const Result<Project> project = find_project(context, request.name, "");
  if (!project) return project.error();
  if (schema::is_ending(project->status.phase)) {
    return conflict(called("project", request.name) + " is being deleted");
  }
  const auto revisions = context.store.revisions(project->metadata.uid);
  if (!revisions) return revisions.error();
  const Result<Revision> target = target_of(*project, *revisions, request.to_revision);
  if (!target) return target.error();
  Result<ProjectSpec> spec = spec_of(*target);
  if (!spec) return spec.error();
  schema::UndoReply reply{.revision = target->number};
  if (spec->expire_at && *spec->expire_at <= context.now.wall) {
    reply.note = "spec.expireAt " + to_string(*spec->expire_at) + " is past and was left out";
    spec->expire_at.reset();
  }
  take_restarts(project->spec, *spec);
  Project next = *project;
  next.spec = std::move(*spec);
  reply.changed = next.spec != project->spec;
  if (!reply.changed) return reply;
  if (Result<Ok> done = resolve_ingress(context, next); !done) return done.error();
  Result<Ok> done = revise(context, *project, next, schema::RevisionCause::kUndo);
  if (done) {
    done = tell(context, next,
                {"Undone", "Generation " + std::to_string(next.metadata.generation) +
                               " has the spec of revision " + std::to_string(target->number)});
  }
  if (!done) return done.error();
  return reply;
}

}  // namespace cara::apiserver
