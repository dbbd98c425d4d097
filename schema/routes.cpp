#include "schema/routes.h"

#include "schema/lifecycle.h"

namespace cara::schema {
namespace {

constexpr std::int64_t kHttpPort = 80;
constexpr std::int64_t kHttpsPort = 443;

const IngressDef* find_rule(const ProjectSpec& spec, const std::string& name) {
  for (const IngressDef& rule : spec.ingress) {
    if (rule.name == name) return &rule;
  }
  return nullptr;
}

}  // namespace

ProjectRoutes routes_of(const Project& project) {
  ProjectRoutes routes{.name = project.metadata.name, .node = {}, .reason = {}, .rules = {}};
  if (project.status.phase == Phase::kTerminated) return routes;
  for (const IngressStatus& resolved : project.status.ingress) {
    const IngressDef* rule = find_rule(project.spec, resolved.name);
    if (rule == nullptr) continue;
    routes.rules.push_back({.name = rule->name, .host = resolved.host, .path = rule->path});
  }
  if (routes.rules.empty()) return routes;
  if (is_bound(project.status.phase)) {
    routes.node = project.status.node_ref;
  } else {
    routes.reason = why_unreachable(project);
  }
  return routes;
}

std::string why_unreachable(const Project& project) {
  const Condition* phase = find_condition(project.status.conditions, kConditionPhase);
  std::string why = project.metadata.name + " is " + std::string(to_string(project.status.phase));
  if (phase != nullptr && !phase->reason.empty()) why += " (" + phase->reason + ")";
  return why;
}

std::string url_of(const std::string& host, const std::string& path,
                   const std::optional<NodeIngress>& ingress) {
  const bool tls = ingress && ingress->tls_port != 0;
  const std::int64_t usual = tls ? kHttpsPort : kHttpPort;
  const std::int64_t port = tls ? ingress->tls_port : ingress ? ingress->port : usual;
  return (tls ? "https://" : "http://") + host + (port == usual ? "" : ":" + std::to_string(port)) +
         path;
}

}  // namespace cara::schema
