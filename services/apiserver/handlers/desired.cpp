// desired.get: everything that an agent should have, in pages by name.
#include "schema/wire.h"
#include "services/apiserver/handlers/common.h"
#include "services/apiserver/handlers/handlers.h"

namespace cara::apiserver {

using schema::Project;

namespace {

std::map<std::string, std::string> hosts_of(const Project& project) {
  std::map<std::string, std::string> hosts;
  for (const schema::IngressStatus& rule : project.status.ingress) hosts[rule.name] = rule.host;
  return hosts;
}

}  // namespace

Result<schema::DesiredReply> desired_get(Context& context, const Identity& caller,
                                         const schema::DesiredRequest& request) {
  const Result<schema::Node> node =
      registered_node(context, caller, request.node, request.registration);
  if (!node) return node.error();
  const Result<std::int64_t> revision = context.store.newest_for_node(request.node);
  if (!revision) return revision.error();
  schema::DesiredReply reply{.cluster = context.store.cluster(), .revision = *revision};
  Page page(0);
  // An answer that leaves out a project tells the agent to remove it: all or an error.
  Result<Ok> read = Ok{};
  const auto on_object = [&](const Packed& packed) {
    if (!page.takes(packed.body.size())) {
      reply.next = reply.projects.back().name;
      return Walk::kEnd;
    }
    Result<Project> project = schema::unpack_message<Project>(packed.body);
    if (!project) {
      read = internal(called("project", packed.name) + " cannot be read from the store");
      return Walk::kEnd;
    }
    reply.projects.push_back(
        {.name = project->metadata.name,
         .uid = project->metadata.uid,
         .assignment = project->status.assignment,
         .generation = project->metadata.generation,
         .phase = project->status.leaving ? schema::Phase::kTerminating : project->status.phase,
         .delete_volumes = project->status.delete_volumes,
         .hosts = hosts_of(*project),
         .spec = std::move(project->spec)});
    return Walk::kOn;
  };
  if (Result<Ok> done = context.store.walk_bound(request.node, request.after, on_object); !done) {
    return done.error();
  }
  if (!read) return read.error();
  return reply;
}

}  // namespace cara::apiserver
