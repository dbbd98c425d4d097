// project.status: what the agent that holds a project says about it.
#include "schema/formats.h"
#include "schema/lifecycle.h"
#include "schema/routes.h"
#include "services/apiserver/handlers/common.h"
#include "services/apiserver/handlers/handlers.h"
#include "services/apiserver/handlers/rollback.h"

namespace cara::apiserver {
namespace {

using schema::Phase;
using schema::Project;
using schema::RevisionReply;
using schema::ServiceStatus;
using schema::StatusRequest;

constexpr std::size_t kMaxServiceMessageBytes = 1024;
constexpr std::size_t kMaxIngressReasonBytes = 256;

// Bounded by what the spec has; while it is updated in place, services of two specs are there.
constexpr std::size_t kMaxReportedServices = 200;

Result<Project> find_held(Context& context, const StatusRequest& request) {
  Result<Project> project = find_project(context, request.name, request.uid);
  if (!project) return project;
  const std::string who = called("project", request.name);
  if (request.uid.empty()) return invalid("uid is required");
  if (project->status.node_ref != request.node ||
      project->status.assignment != request.assignment) {
    return conflict(who + " is not assigned to " + called("node", request.node) +
                    " in assignment " + std::to_string(request.assignment));
  }
  if (request.generation > project->metadata.generation) {
    return conflict(who + " has no generation " + std::to_string(request.generation) + " yet");
  }
  return project;
}

std::vector<ServiceStatus> bounded(const std::vector<ServiceStatus>& services) {
  std::vector<ServiceStatus> kept;
  for (const ServiceStatus& service : services) {
    if (kept.size() == kMaxReportedServices) break;
    ServiceStatus entry = service;
    entry.name = schema::printable(service.name, kMaxWordBytes);
    entry.state = schema::printable(service.state, kMaxWordBytes);
    entry.health = schema::printable(service.health, kMaxWordBytes);
    entry.address = schema::printable(service.address, kMaxWordBytes);
    entry.message = schema::printable_lines(service.message, kMaxServiceMessageBytes);
    kept.push_back(std::move(entry));
  }
  return kept;
}

Cause cause_of(const StatusRequest& request) {
  if (request.phase == Phase::kRunning) return {"AgentReady", "All containers are running"};
  Cause cause{schema::printable(request.reason, kMaxWordBytes),
              schema::printable_lines(request.message, kMaxMessageBytes)};
  if (cause.reason.empty()) cause.reason = std::string(to_string(request.phase));
  return cause;
}

void take_ingress(Project& project, const schema::Node& node, const StatusRequest& request) {
  for (schema::IngressStatus& rule : project.status.ingress) {
    for (const schema::IngressReport& report : request.ingress) {
      if (report.name != rule.name) continue;
      rule.ready = report.ready;
      rule.reason = schema::printable(report.reason, kMaxIngressReasonBytes);
    }
    for (const schema::IngressDef& def : project.spec.ingress) {
      if (def.name == rule.name) {
        rule.url = schema::url_of(rule.host, def.path, node.status.info.ingress);
      }
    }
  }
}

// Ok with a project to save, or why the report cannot be true.
Result<Ok> take_report(Context& context, Project& project, const StatusRequest& request) {
  const Phase phase = project.status.phase;
  const Cause cause = cause_of(request);
  project.status.services = bounded(request.services);
  project.status.observed_generation = request.generation;
  // What is said of an older spec moves nothing: the node still has the newer one before it.
  const bool stale = request.generation != project.metadata.generation;
  // Of a paused project all containers are stopped; of every other one it is progress.
  const bool paused = project.spec.paused && !stale &&
                      schema::can_move(phase, Phase::kScheduled, schema::Actor::kAgent);
  if (request.phase == phase || (request.phase == Phase::kScheduled && !paused)) {
    if (!stale) explain_phase(project, cause);
    return Ok{};
  }
  if (stale && request.phase != Phase::kTerminated) return Ok{};
  if (!schema::can_move(phase, request.phase, schema::Actor::kAgent)) {
    return conflict(called("project", project.metadata.name) + " is " +
                    std::string(to_string(phase)) + " and cannot become " +
                    std::string(to_string(request.phase)));
  }
  if (Result<Ok> done = move(context, project, request.phase, cause); !done) return done;
  if (request.phase == Phase::kTerminated) {
    clear_condition(project.status.conditions, schema::kConditionTerminatingAt);
    context.watch.waits_no_more(project.metadata.uid);
    project.status.services.clear();
  }
  return Ok{};
}

// What follows from a report on the spec that the project has now. True: `project` was saved.
Result<bool> conclude(Context& context, Project& project, const StatusRequest& request) {
  if (request.generation != project.metadata.generation) return false;
  if (request.phase == Phase::kRunning && project.status.phase == Phase::kRunning) {
    if (Result<Ok> done = context.store.mark_healthy(project); !done) return done.error();
  }
  const bool ending = schema::is_ending(project.status.phase);
  if (!request.give_up || ending) return false;
  return roll_back(context, project, request);
}

}  // namespace

Result<RevisionReply> project_status(Context& context, const Identity& caller,
                                     const StatusRequest& request) {
  const Result<schema::Node> node =
      registered_node(context, caller, request.node, request.registration);
  if (!node) return node.error();
  Result<Project> project = find_held(context, request);
  if (!project) return project.error();
  const bool ended = project->status.phase == Phase::kTerminated;
  if (ended && request.phase == Phase::kTerminated) {
    return RevisionReply{project->metadata.revision};
  }
  // Doubled or late: a newer report was taken before, so the sender needs no other answer.
  const bool of_older_spec = request.generation < project->status.observed_generation &&
                             request.phase != Phase::kTerminated;
  if (of_older_spec || !context.watch.takes_report(project->metadata.uid, request.node,
                                                   request.registration, request.number)) {
    return RevisionReply{project->metadata.revision};
  }
  if (request.phase == Phase::kTerminated && project->status.leaving) {
    const Result<Ok> done = unbind(context, *project, moved_from(request.node));
    if (!done) return done.error();
    return RevisionReply{project->metadata.revision};
  }
  const schema::ProjectStatus before = project->status;
  if (Result<Ok> done = take_report(context, *project, request); !done) return done.error();
  take_ingress(*project, *node, request);
  settle_ingress(*project);
  const Result<bool> saved = conclude(context, *project, request);
  if (!saved) return saved.error();
  if (*saved || project->status == before) return RevisionReply{project->metadata.revision};
  const bool now_ended = project->status.phase == Phase::kTerminated;
  if (Result<Ok> done = save(context, *project, {.schedulers = now_ended, .gc = now_ended});
      !done) {
    return done.error();
  }
  return RevisionReply{project->metadata.revision};
}

}  // namespace cara::apiserver
