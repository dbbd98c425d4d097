#include "tests/sim/route_checks.h"

#include <fmt/format.h>

#include <algorithm>

#include "schema/lifecycle.h"
#include "schema/routes.h"
#include "schema/wire.h"
#include "services/agent/names.h"

namespace cara::sim {
namespace {

using agent::Route;
using agent::RouteKind;
using schema::Phase;
using schema::Project;

// What was to be stopped for another reason has been asked of the engine by then.
constexpr Duration kStopIsAsked = std::chrono::seconds(5);
// An agent that was told that its router is down learns that it is not.
constexpr Duration kTriesRouterAgain = std::chrono::seconds(7);
// Short of the grace period: containers wait no longer for a router that does not answer.
constexpr Duration kRouterIsSlow = std::chrono::seconds(8);

// Part of a grace period, whatever else of it was waited for.
constexpr Duration kDrains = std::chrono::seconds(4);
// An agent may know for so long of what was before.
constexpr Duration kNews = std::chrono::seconds(30);
// An agent that has just begun.
constexpr Duration kLearns = std::chrono::seconds(10);

std::string ip_of(const std::string& address) { return address.substr(0, address.rfind(':')); }
std::string address_of(const Route& route) { return ip_of(route.address); }

bool is_running(const agent::ContainerInfo& container) {
  return container.state == agent::ContainerState::kRunning;
}

const agent::ContainerInfo* find(const agent::Observation& seen, const std::string& id) {
  for (const auto& container : seen.containers) {
    if (container.id == id) return &container;
  }
  return nullptr;
}

}  // namespace

// A host is one project's in the whole cluster [E19].
void RouteChecks::look(const Snapshot& now) {
  std::map<std::string, std::string> holders;
  std::map<ModelIngress::Key, MonoTime> hosts;
  for (const auto& [name, project] : now.projects) {
    if (project.spec.on_node_loss == schema::OnNodeLoss::kMoveExclusive) {
      exclusive_.insert(project.metadata.uid);
    }
    for (const schema::IngressStatus& rule : project.status.ingress) {
      const auto [holder, first] = holders.try_emplace(rule.host, name);
      if (holder->second != name) {
        fail_(fmt::format("host {} is {}'s and {}'s [E19]", rule.host, holder->second, name));
      }
    }
    for (const schema::RouteRule& rule : schema::routes_of(project).rules) {
      const ModelIngress::Key key{rule.host, rule.path};
      const auto since = hosts_.find(key);
      hosts[key] = since == hosts_.end() ? cluster_.world().now() : since->second;
    }
  }
  hosts_ = std::move(hosts);
}

void RouteChecks::on_request(const std::string& process, const runtime::Request& request) {
  Known& known = known_[process];
  const MonoTime now = cluster_.world().now();
  if (request.subject == agent::kIngressSubject) {
    const auto op = agent::decode_ingress_op(request.body);
    if (op.ok() && std::holds_alternative<agent::SetRoutes>(*op)) known.sets[request.id] = now;
    return;
  }
  const auto call = schema::parse_api_subject(request.subject);
  const bool registers = call && call->kind == "node" && call->verb == "register";
  if (registers) known.registering.insert(request.id);
  if (registers || schema::parse_heartbeat_subject(request.subject)) known.beats[request.id] = now;
}

void RouteChecks::on_event(const std::string& process, const runtime::Event& event) {
  if (std::holds_alternative<runtime::Started>(event)) known_.erase(process);
  Known& known = known_[process];
  const MonoTime now = cluster_.world().now();
  if (const auto* message = std::get_if<runtime::Delivered>(&event)) {
    if (message->subject == agent::kIngressEventSubject) known.no_router_at = now;
    return;
  }
  const auto* answer = std::get_if<runtime::Answered>(&event);
  if (answer == nullptr) return;
  if (const auto set = known.sets.find(answer->id); set != known.sets.end()) {
    known.sets.erase(set);
    const bool done = answer->body.ok() && agent::decode_ingress_reply(*answer->body).ok();
    if (!done) known.no_router_at = now;
  }
  follow_lease(known, *answer);
}

// A lease that has lasted for a while: what the former one's end has stopped is stopped.
bool RouteChecks::had_lease(const Known& known) const {
  const MonoTime now = cluster_.world().now();
  return now < known.lease_end && now - known.lease_since >= kStopIsAsked;
}

void RouteChecks::follow_lease(Known& known, const runtime::Answered& answer) {
  const auto beat = known.beats.find(answer.id);
  if (beat == known.beats.end()) return;
  const MonoTime sent = beat->second;
  known.beats.erase(beat);
  // The answer to a registration has no such field, and is one.
  const auto reply = answer.body.ok() ? schema::unpack_reply<schema::HeartbeatReply>(*answer.body)
                                      : Result<schema::HeartbeatReply>(answer.body.error());
  if (!reply.ok()) return;
  if (!reply->registered && !known.registering.contains(answer.id)) return;
  const MonoTime now = cluster_.world().now();
  if (now >= known.lease_end) known.lease_since = now;
  known.lease_end = std::max(known.lease_end, sent + cluster_.options().apiserver.node_timeout);
}

// An agent asks its engine to stop a running container of a project that it is still to have only
// when its router, if that runs, sends nothing to it any more [route first]. Excused: a lease has
// ended, the router did not do what it was told, or the project was not this node's a moment ago.
void RouteChecks::before_engine_op(const std::string& node, const agent::EngineOp& op) {
  const auto* stop = std::get_if<agent::StopContainer>(&op);
  const ModelIngress* router = cluster_.router_of(node);
  if (stop == nullptr || router == nullptr || !router->trouble.empty()) return;
  const std::string process = Cluster::agent_of(node);
  const agent::Observation seen = cluster_.observe(node);
  const agent::ContainerInfo* container = find(seen, stop->id);
  if (container == nullptr || !is_running(*container) || container->address.empty()) return;
  const std::string project = agent::label(container->labels, agent::kLabelProject);
  if (!copies_.was_told_of(process, project, kStopIsAsked)) return;
  const Known& known = known_[process];
  const std::string uid = agent::label(container->labels, agent::kLabelUid);
  if (exclusive_.contains(uid) && !had_lease(known)) return;
  const MonoTime now = cluster_.world().now();
  if (known.no_router_at && now - *known.no_router_at < kTriesRouterAgain) return;
  for (const auto& [id, since] : known.sets) {
    if (now - since >= kRouterIsSlow) return;
  }
  check_stop(node, *router, *container);
}

// Nor while requests to it are under way that have not had their time [drained].
void RouteChecks::check_stop(const std::string& node, const ModelIngress& router,
                             const agent::ContainerInfo& container) {
  const std::string who = fmt::format("the agent of {} stops {}, and ", node, container.name);
  const std::string project = agent::label(container.labels, agent::kLabelProject);
  for (const auto& [key, route] : router.routes) {
    if (route.kind != RouteKind::kContainer || route.project != project) continue;
    if (address_of(route) != container.address) continue;
    fail_(fmt::format("{}{}{} still leads to it [route first]", who, key.host, key.path));
  }
  // What an earlier life of the agent has routed by a rule that is gone, it cannot know.
  const auto alive = cluster_.world().alive_since(Cluster::agent_of(node));
  if (!alive || cluster_.world().now() - *alive < kLearns) return;
  const auto left = unrouted_at_.find({node, container.address});
  if (left == unrouted_at_.end() || cluster_.world().now() - left->second >= kDrains) return;
  // Those were of another one, which had this address before.
  if (kEpoch.ms + left->second.us / 1000 <= container.started_at.ms) return;
  for (const auto& [address, requests] : router.under_way) {
    if (ip_of(address) == container.address) fail_(who + "it has requests [drained]");
  }
}

// What an agent acts on that was frozen or cut off until a moment ago may be old.
bool RouteChecks::is_behind(const std::string& process) const {
  const World& world = cluster_.world();
  const auto alive = world.alive_since(process);
  const auto well = world.well_since(process);
  const auto thawed = world.thawed_at(process);
  if (!alive || !well || (thawed && world.now() - *thawed < kNews)) return true;
  return *well > *alive && world.now() - *well < kNews;
}

// A router that has a host keeps it as long as the store does, whatever becomes of its agent; one
// whose machine was switched off has none [kept].
void RouteChecks::check_lost(const std::string& node, const ModelIngress& router) {
  std::set<ModelIngress::Key> keys;
  for (const auto& [key, route] : router.routes) keys.insert(key);
  const auto before = std::exchange(keys_[node], keys);
  // It was set up anew: nothing takes a host away without setting routes.
  if (router.sets <= std::exchange(sets_[node], router.sets)) return;
  if (is_behind(Cluster::agent_of(node))) return;
  for (const auto& key : before) {
    const auto since = hosts_.find(key);
    if (keys.contains(key) || since == hosts_.end()) continue;
    if (cluster_.world().now() - since->second < kNews) continue;
    fail_(fmt::format("the router of {} does not know {}{} any more [kept]", node, key.host,
                      key.path));
  }
}

void RouteChecks::follow_routes(const std::string& node, const ModelIngress& router) {
  std::set<std::string> routed;
  for (const auto& [key, route] : router.routes) {
    if (route.kind == RouteKind::kContainer) routed.insert(address_of(route));
  }
  for (const std::string& ip : std::exchange(routed_[node], routed)) {
    if (!routed.contains(ip)) unrouted_at_[{node, ip}] = cluster_.world().now();
  }
}

// It has not confirmed for so long what it was told last that it may not have been told of what
// has left the node: that is not waited for.
bool RouteChecks::is_silent(const Known& known) const {
  return std::any_of(known.sets.begin(), known.sets.end(), [&](const auto& set) {
    return cluster_.world().now() - set.second >= kStopIsAsked / 2;
  });
}

bool RouteChecks::all_answered() const {
  return std::all_of(known_.begin(), known_.end(),
                     [](const auto& known) { return known.second.sets.empty(); });
}

// A route leads to no container of another project [no stranger].
void RouteChecks::look_at(const std::string& node, const agent::Observation& seen) {
  const ModelIngress* router = cluster_.router_of(node);
  if (router == nullptr) return;
  follow_routes(node, *router);
  check_lost(node, *router);
  if (!router->trouble.empty() || is_silent(known_[Cluster::agent_of(node)])) return;
  for (const auto& [key, route] : router->routes) {
    if (route.kind != RouteKind::kContainer) continue;
    const std::string address = address_of(route);
    for (const auto& container : seen.containers) {
      if (!is_running(container) || container.address != address) continue;
      const std::string project = agent::label(container.labels, agent::kLabelProject);
      if (project == route.project) continue;
      fail_(fmt::format("on {}, {}{} of {} leads to {} of {} [no stranger]", node, key.host,
                        key.path, route.project, container.name, project));
    }
  }
}

// --- Settled ------------------------------------------------------------------------------------

namespace {

struct Place {
  std::string node;
  const std::map<std::string, Project>& projects;
  const std::map<std::string, schema::Node>& nodes;
  const agent::Observation& seen;
};

const Route* find(const ModelIngress& router, const std::string& host, const std::string& path) {
  const auto found = router.routes.find({host, path});
  return found == router.routes.end() ? nullptr : &found->second;
}

// To which container of this node a rule leads. Empty: there is none of that name.
std::string target_of(const Place& place, const Project& project, const schema::IngressDef& rule) {
  const std::string name = agent::container_name(project.metadata.name, rule.target.service);
  for (const auto& container : place.seen.containers) {
    if (container.name == name && is_running(container)) {
      return container.address + ":" + std::to_string(rule.target.port);
    }
  }
  return "";
}

bool has_ingress(const Place& place, const std::string& node) {
  const auto found = place.nodes.find(node);
  return found != place.nodes.end() && found->second.status.info.ingress.has_value();
}

bool is_right(const Place& place, const Project& project, const schema::IngressDef& rule,
              const Route& route) {
  if (route.project != project.metadata.name || route.rule != rule.name) return false;
  const bool says_why = route.kind == RouteKind::kNone && !route.reason.empty();
  const std::string& holder = project.status.node_ref;
  if (!schema::is_bound(project.status.phase)) {
    return says_why && route.reason == schema::why_unreachable(project);
  }
  if (holder != place.node) {
    if (!has_ingress(place, holder)) return says_why;
    return route.kind == RouteKind::kNode && route.node == holder &&
           route.address == Cluster::ingress_of(holder);
  }
  const bool leads =
      route.kind == RouteKind::kContainer && route.address == target_of(place, project, rule);
  if (project.status.phase == Phase::kRunning) return leads;
  // An update that failed before it touched anything leaves what runs, and its routes [E31].
  return says_why || (leads && project.status.phase == Phase::kFailed);
}

std::optional<std::string> check_router(Cluster& cluster, const Place& place) {
  const ModelIngress& router = *cluster.router_of(place.node);
  const std::string who = "the router of " + place.node;
  if (router.hop_key != kHopKey) return who + " does not have the cluster's key";
  std::size_t wanted = 0;
  for (const auto& [name, project] : place.projects) {
    for (const schema::IngressStatus& resolved : project.status.ingress) {
      const auto& rules = project.spec.ingress;
      const auto rule = std::find_if(rules.begin(), rules.end(),
                                     [&](const auto& each) { return each.name == resolved.name; });
      const Route* route = find(router, resolved.host, rule->path);
      if (route == nullptr) return who + " does not know " + resolved.host + rule->path;
      if (!is_right(place, project, *rule, *route)) {
        return fmt::format("{} sends {}{} of {} ({} on {}) to `{}` ({})", who, resolved.host,
                           rule->path, name, to_string(project.status.phase),
                           project.status.node_ref, route->address, route->reason);
      }
      ++wanted;
    }
  }
  if (router.routes.size() == wanted) return std::nullopt;
  return who + " has routes of no project";
}

// What the store says of a rule is what the router of the project's node does.
std::optional<std::string> check_status(Cluster& cluster, const std::string& name,
                                        const Project& project) {
  const std::string& holder = project.status.node_ref;
  const ModelIngress* router = holder.empty() ? nullptr : cluster.router_of(holder);
  for (const schema::IngressStatus& rule : project.status.ingress) {
    bool leads = false;
    for (const schema::IngressDef& def : project.spec.ingress) {
      if (def.name != rule.name || router == nullptr) continue;
      const Route* route = find(*router, rule.host, def.path);
      leads = route != nullptr && route->kind == RouteKind::kContainer;
    }
    if (rule.ready != leads || rule.ready != rule.reason.empty()) {
      return fmt::format("status.ingress of {} says of {}: {} ({}), and it is {}", name, rule.host,
                         rule.ready ? "ready" : "not ready", rule.reason,
                         leads ? "routed" : "not routed");
    }
  }
  return std::nullopt;
}

}  // namespace

std::optional<std::string> why_misrouted(Cluster& cluster) {
  const auto projects = cluster.projects();
  const auto nodes = cluster.nodes();
  for (const std::string& node : cluster.node_names()) {
    if (cluster.router_of(node) == nullptr) continue;
    const agent::Observation seen = cluster.observe(node);
    if (auto why = check_router(cluster, {node, projects, nodes, seen})) return *why;
  }
  for (const auto& [name, project] : projects) {
    if (auto why = check_status(cluster, name, project)) return *why;
  }
  return std::nullopt;
}

int times_routed(Cluster& cluster) {
  int times = 0;
  for (const std::string& node : cluster.node_names()) {
    if (const ModelIngress* router = cluster.router_of(node)) times += router->sets;
  }
  return times;
}

}  // namespace cara::sim
