// project.apply: create, configure, or leave alone.
#include <set>

#include "schema/codec.h"
#include "schema/formats.h"
#include "schema/lifecycle.h"
#include "schema/wire.h"
#include "services/apiserver/handlers/common.h"
#include "services/apiserver/handlers/handlers.h"

namespace cara::apiserver {
namespace {

using schema::ApplyOutcome;
using schema::ApplyReply;
using schema::IngressDef;
using schema::Project;

Result<Project> read_wanted(const schema::ApplyRequest& request) {
  const std::size_t bytes = schema::pack(request.manifest).size();
  if (bytes > schema::kMaxManifestBytes) {
    return invalid("the manifest has " + std::to_string(bytes) + " bytes; at most " +
                   std::to_string(schema::kMaxManifestBytes) + " are allowed");
  }
  return schema::read_manifest(request.manifest);
}

// Writes status.ingress. A host that two rules of one project share is as wrong as any other.
Result<Ok> resolve_ingress(const Context& context, Project& project) {
  project.status.ingress.clear();
  std::vector<FieldError> errors;
  std::set<std::string> hosts;
  for (std::size_t i = 0; i < project.spec.ingress.size(); ++i) {
    const IngressDef& rule = project.spec.ingress[i];
    const std::string path = "spec.ingress[" + std::to_string(i) + "].host";
    const std::string host = schema::resolve_host(rule, project, context.options.domain);
    if (const auto wrong = schema::check_format(schema::Format::kHost, host)) {
      errors.push_back({path, "becomes `" + schema::printable(host) + "`: " + *wrong});
    } else if (!hosts.insert(host).second) {
      errors.push_back({path, "becomes `" + host + "`, which another rule of this project has"});
    }
    project.status.ingress.push_back({rule.name, host});
  }
  if (errors.empty()) return Ok{};
  std::string message = errors.front().path + " " + errors.front().message;
  return invalid(std::move(message), std::move(errors));
}

Result<Ok> claim_names(Context& context, const Project& project) {
  const std::vector<std::string> claims = schema::claimed_names(project);
  for (const std::string& claim : claims) {
    const Result<std::optional<std::string>> holder = context.store.holder(claim);
    if (!holder) return holder.error();
    if (!*holder || **holder == project.metadata.name) continue;
    const std::size_t slash = claim.find('/');
    return conflict("the " + claim.substr(0, slash) + " name `" + claim.substr(slash + 1) +
                    "` is taken by " + called("project", **holder));
  }
  return context.store.set_claims(project, claims);
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
  if (!done) return done.error();
  return ApplyReply{ApplyOutcome::kCreated, std::move(project)};
}

Result<ApplyReply> configure(Context& context, Project old, Project wanted) {
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
  if (Result<Ok> done = resolve_ingress(context, next); !done) return done.error();
  if (next == old) return ApplyReply{ApplyOutcome::kUnchanged, std::move(old)};
  const bool other_expiry = next.spec.expire_at != old.spec.expire_at;
  if (other_expiry) {
    if (Result<Ok> done = check_expiry(context, next); !done) return done.error();
  }
  const bool other_spec = next.spec != old.spec;
  const bool pending = next.status.phase == schema::Phase::kPending;
  if (other_spec) ++next.metadata.generation;
  // Labels alone can change a host, which the node serves.
  const bool node_cares = other_spec || next.status.ingress != old.status.ingress;
  Result<Ok> done = claim_names(context, next);
  if (done) {
    done = save(context, next,
                {.node = node_cares ? next.status.node_ref : "",
                 .schedulers = pending && other_spec,
                 .gc = other_expiry});
  }
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
  if (!*old) return create(context, std::move(*wanted));
  return configure(context, std::move(**old), std::move(*wanted));
}

}  // namespace cara::apiserver
