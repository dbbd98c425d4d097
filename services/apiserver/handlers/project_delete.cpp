// project.delete: Terminating until its node has removed everything; by force, gone at once.
#include "schema/lifecycle.h"
#include "services/apiserver/handlers/common.h"
#include "services/apiserver/handlers/handlers.h"

namespace cara::apiserver {
namespace {

using schema::DeleteOutcome;
using schema::DeleteReply;
using schema::Phase;
using schema::Project;

const Cause kRequested{"DeletionRequested", "Deletion was requested"};
const Cause kWithVolumes{"DeletionRequested",
                         "Deletion was requested, with its Persistent volumes"};
const Cause kForced{"DeletionForced", "Deleted by force, without waiting for its node"};

// Docker volumes that stay on the node of the project.
std::vector<std::string> kept_volumes(const Project& project) {
  std::vector<std::string> kept;
  if (project.status.node_ref.empty() || project.status.delete_volumes) return kept;
  for (const schema::VolumeDef& volume : project.spec.volumes) {
    if (volume.type != schema::VolumeType::kPersistent) continue;
    kept.push_back(schema::volume_name(project.metadata.name, volume.name));
  }
  return kept;
}

DeleteReply reply_of(DeleteOutcome outcome, const Project& project) {
  return {.outcome = outcome,
          .uid = project.metadata.uid,
          .node = project.status.node_ref,
          .kept_volumes = kept_volumes(project)};
}

// The node removes what it has of it as soon as it learns that the project is no longer its own.
Result<DeleteReply> drop(Context& context, Project project) {
  if (!schema::is_ending(project.status.phase)) {
    if (Result<Ok> done = begin_end(context, project, kForced); !done) return done.error();
  }
  if (project.status.phase == Phase::kTerminating) {
    if (Result<Ok> done = end_without_node(context, project, kForced); !done) return done.error();
  }
  const Result<Ok> done = context.store.remove(
      project, {.node = project.status.node_ref, .schedulers = true, .gc = true});
  if (!done) return done.error();
  context.watch.forget_project(project.metadata.uid);
  return reply_of(DeleteOutcome::kDeleted, project);
}

}  // namespace

Result<DeleteReply> project_delete(Context& context, const Identity&,
                                   const schema::DeleteRequest& request) {
  Result<Project> project = find_project(context, request.name, request.uid);
  if (!project) return project.error();
  if (request.force && request.volumes) {
    return invalid(
        "volumes and force exclude each other: without its record nobody tells the node "
        "to remove its volumes");
  }
  if (request.force) return drop(context, std::move(*project));
  const bool more = request.volumes && !project->status.delete_volumes;
  project->status.delete_volumes = project->status.delete_volumes || request.volumes;
  Result<Ok> done = Ok{};
  if (!schema::is_ending(project->status.phase)) {
    done = begin_end(context, *project, request.volumes ? kWithVolumes : kRequested);
  } else if (more && project->status.phase == Phase::kTerminating) {
    done = tell(context, *project, kWithVolumes);
    if (done) done = save(context, *project, {.node = project->status.node_ref});
  }
  if (!done) return done.error();
  return reply_of(DeleteOutcome::kDeleting, *project);
}

}  // namespace cara::apiserver
