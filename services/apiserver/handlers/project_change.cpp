// project.change: labels, annotations, stop, start and restart of a project, by hand.
#include <algorithm>

#include "schema/codec.h"
#include "schema/formats.h"
#include "schema/lifecycle.h"
#include "schema/wire.h"
#include "schema/words.h"
#include "services/apiserver/handlers/common.h"
#include "services/apiserver/handlers/handlers.h"
#include "services/apiserver/handlers/revise.h"

namespace cara::apiserver {
namespace {

using schema::Format;
using schema::Project;
using schema::ProjectChangeReply;
using schema::ProjectChangeRequest;

constexpr const char* kAllServices = "*";

Result<Ok> check_key(const std::string& what, const std::string& key) {
  const auto wrong = check_format(Format::kLabelKey, key);
  if (!wrong) return Ok{};
  return invalid("the key of " + what + " `" + schema::printable(key) + "` " + *wrong);
}

Result<Ok> check(const ProjectChangeRequest& request) {
  for (const auto& [key, value] : request.set_labels) {
    if (Result<Ok> done = check_key("the label", key); !done) return done;
    if (const auto wrong = check_format(Format::kLabelValue, value)) {
      return invalid("the value of the label " + schema::printable(key) + " " + *wrong);
    }
  }
  for (const auto& [key, value] : request.set_annotations) {
    if (Result<Ok> done = check_key("the annotation", key); !done) return done;
  }
  return Ok{};
}

void change_metadata(const ProjectChangeRequest& request, schema::Metadata& metadata) {
  for (const std::string& key : request.remove_labels) metadata.labels.erase(key);
  for (const auto& [key, value] : request.set_labels) metadata.labels[key] = value;
  for (const std::string& key : request.remove_annotations) metadata.annotations.erase(key);
  for (const auto& [key, value] : request.set_annotations) metadata.annotations[key] = value;
}

Error no_service(const Project& project, const std::string& name) {
  std::vector<std::string> known;
  for (const schema::ServiceDef& service : project.spec.services) known.push_back(service.name);
  return not_found(called("project", project.metadata.name) + " has no service `" +
                   schema::printable(name) + "`" +
                   schema::hint_for(name, known, "it has " + schema::joined(known)));
}

// Two restarts in one millisecond are two.
Result<Ok> restart(const Context& context, const ProjectChangeRequest& request, Project& project) {
  if (request.restart.empty()) return Ok{};
  if (project.spec.paused) {
    return conflict(called("project", project.metadata.name) +
                    " is stopped: there is nothing to restart; start it (caractrl start project " +
                    project.metadata.name + ")");
  }
  const auto is_named = [&](const std::string& name) {
    return std::find(request.restart.begin(), request.restart.end(), name) != request.restart.end();
  };
  for (const std::string& name : request.restart) {
    if (name == kAllServices) continue;
    const bool known = schema::find_service(project.spec.services, name) != nullptr;
    if (!known) return no_service(project, name);
  }
  for (schema::ServiceDef& service : project.spec.services) {
    if (!is_named(kAllServices) && !is_named(service.name)) continue;
    Timestamp time = context.now.wall;
    if (service.restarted_at && *service.restarted_at >= time) {
      time.ms = service.restarted_at->ms + 1;
    }
    service.restarted_at = time;
  }
  return Ok{};
}

// A manifest says the same as it did, so it has to stay one that can be applied.
Result<Ok> check_size(const Project& project) {
  const std::size_t bytes = schema::pack(schema::to_manifest(project)).size();
  if (bytes <= schema::kMaxManifestBytes) return Ok{};
  return invalid("with this the manifest has " + std::to_string(bytes) + " bytes; at most " +
                 std::to_string(schema::kMaxManifestBytes) + " are allowed");
}

std::string restarted(const ProjectChangeRequest& request) {
  const auto& names = request.restart;
  const bool all = std::find(names.begin(), names.end(), kAllServices) != names.end();
  return all ? "All services are restarted" : "Restarted: " + schema::joined(names);
}

Result<Ok> tell_change(Context& context, const ProjectChangeRequest& request, const Project& old,
                       const Project& project) {
  std::vector<Cause> causes;
  if (old.spec.paused != project.spec.paused) {
    causes.push_back(project.spec.paused
                         ? Cause{"StopRequested", "Its containers are stopped and kept"}
                         : Cause{"StartRequested", "Its containers are started"});
  }
  if (!request.restart.empty()) causes.push_back({"RestartRequested", restarted(request)});
  if (old.metadata.labels != project.metadata.labels) {
    causes.push_back({"LabelsChanged", "Its labels were changed"});
  }
  if (old.metadata.annotations != project.metadata.annotations) {
    causes.push_back({"AnnotationsChanged", "Its annotations were changed"});
  }
  for (const Cause& cause : causes) {
    if (Result<Ok> done = tell(context, project, cause); !done) return done;
  }
  return Ok{};
}

}  // namespace

Result<ProjectChangeReply> project_change(Context& context, const Identity&,
                                          const ProjectChangeRequest& request) {
  if (Result<Ok> done = check(request); !done) return done.error();
  Result<Project> old = find_project(context, request.name, request.uid);
  if (!old) return old.error();
  if (schema::is_ending(old->status.phase)) {
    return conflict(called("project", request.name) + " is being deleted");
  }
  Project next = *old;
  change_metadata(request, next.metadata);
  if (request.paused) next.spec.paused = *request.paused;
  if (Result<Ok> done = restart(context, request, next); !done) return done.error();
  if (Result<Ok> done = resolve_ingress(context, next); !done) return done.error();
  if (next == *old) return ProjectChangeReply{.changed = false, .project = std::move(next)};
  if (Result<Ok> done = check_size(next); !done) return done.error();
  Result<Ok> done = revise(context, *old, next, schema::RevisionCause::kChange);
  if (done) done = tell_change(context, request, *old, next);
  if (!done) return done.error();
  return ProjectChangeReply{.changed = true, .project = std::move(next)};
}

}  // namespace cara::apiserver
