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
const Cause kForced{"DeletionForced", "Deleted by force, without waiting for its node"};

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
  return DeleteReply{DeleteOutcome::kDeleted, project.metadata.uid};
}

}  // namespace

Result<DeleteReply> project_delete(Context& context, const Identity&,
                                   const schema::DeleteRequest& request) {
  Result<Project> project = find_project(context, request.name, request.uid);
  if (!project) return project.error();
  if (request.force) return drop(context, std::move(*project));
  if (!schema::is_ending(project->status.phase)) {
    if (Result<Ok> done = begin_end(context, *project, kRequested); !done) return done.error();
  }
  return DeleteReply{DeleteOutcome::kDeleting, project->metadata.uid};
}

}  // namespace cara::apiserver
