#include "services/apiserver/handlers/revise.h"

#include <set>
#include <utility>

#include "schema/fit.h"
#include "schema/formats.h"
#include "schema/lifecycle.h"
#include "schema/routes.h"
#include "services/apiserver/handlers/common.h"

namespace cara::apiserver {

using schema::IngressDef;
using schema::Project;

namespace {

// What was said of the rule still holds, unless it has another host.
schema::IngressStatus resolved(const std::vector<schema::IngressStatus>& before,
                               const IngressDef& rule, const std::string& host) {
  for (const schema::IngressStatus& status : before) {
    if (status.name == rule.name && status.host == host) return status;
  }
  return {.name = rule.name, .host = host, .url = schema::url_of(host, rule.path, std::nullopt)};
}

}  // namespace

Result<Ok> resolve_ingress(const Context& context, Project& project) {
  const std::vector<schema::IngressStatus> before = std::exchange(project.status.ingress, {});
  std::vector<FieldError> errors;
  std::set<std::pair<std::string, std::string>> taken;
  for (std::size_t i = 0; i < project.spec.ingress.size(); ++i) {
    const IngressDef& rule = project.spec.ingress[i];
    const std::string path = "spec.ingress[" + std::to_string(i) + "].host";
    const std::string host = schema::resolve_host(rule, project, context.options.domain);
    if (const auto wrong = schema::check_format(schema::Format::kHost, host)) {
      errors.push_back({path, "becomes `" + schema::printable(host) + "`: " + *wrong});
    } else if (!taken.insert({host, rule.path}).second) {
      errors.push_back({path, "becomes `" + host + "`, which another rule of this project has" +
                                  (rule.path == "/" ? "" : " with the path `" + rule.path + "`")});
    }
    project.status.ingress.push_back(resolved(before, rule, host));
  }
  if (errors.empty()) return Ok{};
  std::string message = errors.front().path + " " + errors.front().message;
  return invalid(std::move(message), std::move(errors));
}

void keep_restarts(const schema::ProjectSpec& before, schema::ProjectSpec& next) {
  for (schema::ServiceDef& service : next.services) {
    const schema::ServiceDef* old = schema::find_service(before.services, service.name);
    if (old != nullptr && !service.restarted_at) service.restarted_at = old->restarted_at;
  }
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

namespace {

// What it holds of its node is more than before: is there room?
Result<Ok> check_room(Context& context, const Project& old, const Project& next) {
  const schema::Demand before = schema::demand_of(old.spec);
  const schema::Demand demand = schema::demand_of(next.spec);
  if (demand == before) return Ok{};
  const Result<std::optional<schema::Node>> node = context.store.find_node(next.status.node_ref);
  if (!node) return node.error();
  const Result<schema::Usage> others = context.store.usage(next.status.node_ref, next.metadata.uid);
  if (!others) return others.error();
  const schema::Wish wish{next, demand};
  const auto why = *node ? schema::shortage({**node, *others}, wish, before) : std::nullopt;
  if (!why) return context.store.hold(next);
  const std::string where = called("node", next.status.node_ref);
  return conflict(called("project", next.metadata.name) + " asks for more than " + where +
                  ", where it is, has left: it is " +
                  schema::explain(*why, {**node, *others}, wish) +
                  "; ask for less, or delete it and apply it again");
}

}  // namespace

Result<Ok> revise(Context& context, const Project& old, Project& next,
                  schema::RevisionCause cause) {
  const bool other_spec = next.spec != old.spec;
  const bool pending = next.status.phase == schema::Phase::kPending;
  if (other_spec) {
    ++next.metadata.generation;
    if (cause != schema::RevisionCause::kRollback) {
      clear_condition(next.status.conditions, schema::kConditionRolledBack);
    }
  }
  // Labels alone can change a host, which the node serves.
  const bool node_cares = other_spec || next.status.ingress != old.status.ingress;
  if (Result<Ok> done = claim_names(context, next); !done) return done;
  if (schema::is_bound(next.status.phase)) {
    if (Result<Ok> done = check_room(context, old, next); !done) return done;
  }
  const Result<Ok> done = save(context, next,
                               {.node = node_cares ? next.status.node_ref : "",
                                .schedulers = pending && other_spec,
                                .gc = next.spec.expire_at != old.spec.expire_at});
  return done && other_spec ? context.store.add_revision(next, cause) : done;
}

}  // namespace cara::apiserver
