// project.get, project.list.
#include "schema/wire.h"
#include "services/apiserver/handlers/common.h"
#include "services/apiserver/handlers/handlers.h"

namespace cara::apiserver {

using schema::Project;

Result<schema::ProjectReply> project_get(Context& context, const Identity& caller,
                                         const schema::GetRequest& request) {
  Result<Project> project = find_project(context, request.name, "");
  if (!project) return project.error();
  redact(caller, project->spec);
  return schema::ProjectReply{std::move(*project)};
}

Result<schema::ProjectListReply> project_list(Context& context, const Identity& caller,
                                              const schema::ListRequest& request) {
  schema::ProjectListReply reply{.revision = context.store.revision()};
  Page page(request.limit);
  Result<Ok> read = Ok{};
  const auto on_object = [&](const Packed& packed) {
    if (!page.takes(packed.body.size())) {
      reply.next = reply.projects.back().metadata.name;
      return Walk::kEnd;
    }
    Result<Project> project = schema::unpack_message<Project>(packed.body);
    if (!project) {
      read = internal(called("project", packed.name) + " cannot be read from the store");
      return Walk::kEnd;
    }
    redact(caller, project->spec);
    reply.projects.push_back(std::move(*project));
    return Walk::kOn;
  };
  if (Result<Ok> done = context.store.walk("project", request.after, on_object); !done) {
    return done.error();
  }
  if (!read) return read.error();
  return reply;
}

}  // namespace cara::apiserver
