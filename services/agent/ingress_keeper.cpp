#include "services/agent/ingress_keeper.h"

#include <algorithm>

#include "services/runtime/calls.h"

namespace cara::agent {
namespace {

// Longer than the router's own limits, which say more when they are reached.
constexpr runtime::Duration kCallLimit = std::chrono::seconds(10);

std::string with_port(const std::string& address, std::int64_t port) {
  return address + ":" + std::to_string(port);
}

}  // namespace

IngressKeeper::IngressKeeper(IngressKeeperOptions options, runtime::RequestIds& ids)
    : options_(std::move(options)), ids_(ids) {}

// --- What is wanted -----------------------------------------------------------------------------

std::map<std::string, IngressKeeper::Routed> IngressKeeper::routed(const Local& local) {
  std::map<std::string, Routed> containers;
  if (!local.serving) return containers;
  for (const Rule& rule : local.rules) {
    const auto target = local.serving->targets.find(rule.service);
    if (target == local.serving->targets.end()) continue;
    Routed& entry = containers[target->second.container];
    entry.addresses.insert(with_port(target->second.address, rule.port));
    entry.grace = target->second.grace;
  }
  return containers;
}

// What `apply` takes the routes from is leaving, from now on.
template <class Change>
void IngressKeeper::change(Local& local, runtime::MonoTime now, const Change& apply) {
  const std::map<std::string, Routed> before = routed(local);
  apply();
  const std::map<std::string, Routed> after = routed(local);
  touched_ = true;
  for (const auto& [container, entry] : before) {
    if (after.contains(container)) continue;
    local.leaving[container] = {local.had[container], now + entry.grace};
    local.had.erase(container);
  }
  for (const auto& [container, entry] : after) {
    std::set<std::string>& had = local.had[container];
    had.insert(entry.addresses.begin(), entry.addresses.end());
    if (auto back = local.leaving.extract(container)) had.merge(back.mapped().addresses);
  }
}

void IngressKeeper::want(const DesiredSet& desired, runtime::MonoTime now) {
  wanted_known_ = true;
  touched_ = true;
  std::erase_if(locals_, [&](const auto& local) { return !desired.contains(local.first); });
  for (const auto& [name, project] : desired) {
    std::vector<Rule> rules;
    for (const schema::IngressDef& rule : project.spec.ingress) {
      const auto host = project.hosts.find(rule.name);
      if (host == project.hosts.end()) continue;
      rules.push_back({.name = rule.name,
                       .host = host->second,
                       .path = rule.path,
                       .service = rule.target.service,
                       .port = rule.target.port});
    }
    Local& local = locals_[name];
    if (rules == local.rules) continue;
    change(local, now, [&] { local.rules = std::move(rules); });
  }
}

// To what is to end now, an earlier life of this agent may have set routes.
void IngressKeeper::expect_routes(Local& local, const Serving& serving, runtime::MonoTime now) {
  for (const auto& [container, target] : serving.ending) {
    if (local.serving && local.serving->ending.contains(container)) continue;
    Leaving leaving{.addresses = {}, .until = now + target.grace};
    for (const Rule& rule : local.rules) {
      leaving.addresses.insert(with_port(target.address, rule.port));
    }
    local.leaving.try_emplace(container, std::move(leaving));
  }
}

void IngressKeeper::serve(const std::string& project, Serving serving, runtime::MonoTime now) {
  const auto found = locals_.find(project);
  if (found == locals_.end() || found->second.serving == serving) return;
  if (options_.enabled && !is_sure()) expect_routes(found->second, serving, now);
  change(found->second, now, [&] { found->second.serving = std::move(serving); });
}

void IngressKeeper::drop(const std::string& project) {
  touched_ = locals_.erase(project) > 0 || touched_;
}

void IngressKeeper::set_cluster(const std::optional<ClusterRoutes>& cluster) {
  cluster_ = cluster;
  touched_ = true;
}

void IngressKeeper::forget() {
  wanted_known_ = false;
  locals_.clear();
  cluster_.reset();
}

Route IngressKeeper::route_of(const std::string& project, const Rule& rule,
                              const Serving& serving) const {
  Route route{.host = rule.host, .path = rule.path, .project = project, .rule = rule.name};
  const auto target = serving.targets.find(rule.service);
  if (target != serving.targets.end()) {
    route.kind = RouteKind::kContainer;
    route.address = with_port(target->second.address, rule.port);
  } else {
    route.reason = serving.reason.empty()
                       ? "service `" + rule.service + "` of " + project + " is not ready"
                       : serving.reason;
  }
  return route;
}

Route IngressKeeper::route_of(const schema::ProjectRoutes& project,
                              const schema::RouteRule& rule) const {
  Route route{.host = rule.host, .path = rule.path, .project = project.name, .rule = rule.name};
  const auto address = cluster_->nodes.find(project.node);
  if (project.node.empty()) {
    route.reason = project.reason;
  } else if (project.node == options_.node) {
    route.reason = project.name + " is starting";
  } else if (address == cluster_->nodes.end()) {
    route.reason = "node " + project.node + ", which has " + project.name + ", has no ingress";
  } else {
    route.kind = RouteKind::kNode;
    route.node = project.node;
    route.address = address->second;
  }
  return route;
}

// What this node has goes first: it knows better than the cluster what runs here.
IngressKeeper::Table IngressKeeper::make_table() const {
  Table table{.routes = {}, .complete = cluster_.has_value(), .hop_key = {}};
  for (const auto& [name, local] : locals_) {
    if (!local.serving && !local.rules.empty()) table.complete = false;
    if (!local.serving) continue;
    for (const Rule& rule : local.rules) {
      table.routes.emplace(RouteKey{rule.host, rule.path}, route_of(name, rule, *local.serving));
    }
  }
  if (!cluster_) return table;
  table.hop_key = cluster_->hop_key;
  for (const auto& [name, project] : cluster_->projects) {
    if (locals_.contains(name)) continue;
    for (const schema::RouteRule& rule : project.rules) {
      table.routes.emplace(RouteKey{rule.host, rule.path}, route_of(project, rule));
    }
  }
  return table;
}

// --- What is said of it -------------------------------------------------------------------------

IngressView IngressKeeper::make_view(const Local& local) const {
  IngressView view{.serving = local.serving.value_or(Serving{})};
  view.unsure = options_.enabled && !down_ && !is_sure();
  for (const auto& [container, entry] : routed(local)) view.held.insert(container);
  for (const auto& [container, entry] : local.leaving) view.held.insert(container);
  if (!options_.enabled || down_) view.held.clear();
  for (const Rule& rule : local.rules) {
    schema::IngressReport report{.name = rule.name, .ready = false, .reason = {}};
    const RouteKey key{rule.host, rule.path};
    const auto wanted = wanted_.routes.find(key);
    if (!options_.enabled) {
      report.reason = "node " + options_.node + " has no ingress";
    } else if (!trouble_.empty()) {
      report.reason = "the ingress of node " + options_.node + " is down: " + trouble_;
    } else if (wanted == wanted_.routes.end() || !acked_ || !acked_->routes.contains(key) ||
               !(acked_->routes.at(key) == wanted->second)) {
      view.settled = false;
      report.reason = "the route is being set";
    } else {
      report.ready = wanted->second.kind == RouteKind::kContainer;
      report.reason = wanted->second.reason;
    }
    view.rules.push_back(std::move(report));
  }
  return view;
}

IngressView IngressKeeper::view(const std::string& project) const {
  const auto found = locals_.find(project);
  return found == locals_.end() ? IngressView{} : make_view(found->second);
}

void IngressKeeper::show() {
  for (auto& [name, local] : locals_) {
    IngressView view = make_view(local);
    if (view == local.shown) continue;
    local.shown = std::move(view);
    changed_.insert(name);
  }
}

// --- The router ---------------------------------------------------------------------------------

bool IngressKeeper::handle(const runtime::Event& event, runtime::MonoTime now,
                           runtime::Effects& out) {
  if (const auto* message = std::get_if<runtime::Delivered>(&event)) {
    if (message->subject != kIngressEventSubject) return false;
    const auto news = decode_ingress_event(message->body);
    if (!news.ok()) return true;
    down_ = !news->trouble.empty();
    trouble_ = news->trouble;
    retry_at_ = now;
    if (down_) {
      // What was answered before, and what is still to be answered, speaks of the one that ended.
      setting_.reset();
      acked_.reset();
    }
    out.push_back(down_ ? runtime::note(runtime::Level::kWarn, "the ingress is down: " + trouble_)
                        : runtime::note(runtime::Level::kInfo, "the ingress is up"));
    show();
    return true;
  }
  if (const auto* fired = std::get_if<runtime::TimerFired>(&event)) {
    return fired->id == options_.timer;
  }
  const auto* answer = std::get_if<runtime::Answered>(&event);
  if (answer == nullptr) return false;
  const auto reply = [&] {
    return answer->body.ok() ? decode_ingress_reply(*answer->body)
                             : Result<IngressReply>(answer->body.error());
  };
  if (setting_ && setting_->first == answer->id) {
    routes_set(reply(), now);
  } else if (counting_ == answer->id) {
    counted(reply(), now);
  } else {
    return false;
  }
  show();
  return true;
}

void IngressKeeper::routes_set(const Result<IngressReply>& reply, runtime::MonoTime now) {
  Table table = std::move(std::exchange(setting_, std::nullopt)->second);
  if (reply.ok()) {
    acked_ = std::move(table);
    failures_ = 0;
    down_ = false;
    trouble_.clear();
    count_at_ = now + options_.settle;
    return;
  }
  // It may have done that, or a part of it.
  acked_.reset();
  ++failures_;
  retry_at_ = now + options_.backoff.after(failures_);
  down_ = reply.error().code == Code::kUnavailable;
  trouble_ = reply.error().message;
}

// A thousand hosts are not said again because one of them has changed.
SetRoutes IngressKeeper::steps_to(const Table& table) const {
  SetRoutes op{.routes = {}, .complete = table.complete, .gone = {}, .hop_key = table.hop_key};
  const bool known = acked_ && acked_->complete == table.complete;
  if (known) op.complete = false;
  for (const auto& [key, route] : table.routes) {
    const auto old = known ? acked_->routes.find(key) : table.routes.end();
    const bool same = known && old != acked_->routes.end() && old->second == route;
    if (!same) op.routes.push_back(route);
  }
  // What half a table does not have is not gone.
  if (!known || !table.complete) return op;
  for (const auto& [key, route] : acked_->routes) {
    if (!table.routes.contains(key)) op.gone.push_back(key);
  }
  return op;
}

void IngressKeeper::set_routes(runtime::MonoTime now, runtime::Effects& out) {
  if (std::exchange(touched_, false)) {
    wanted_ = make_table();
    show();
  }
  if (setting_ || now < retry_at_ || acked_ == wanted_) return;
  const SetRoutes op = steps_to(wanted_);
  setting_ = {ids_.next(), wanted_};
  out.push_back(runtime::Request{setting_->first, kIngressSubject, encode(op), kCallLimit});
}

// --- Containers that leave ----------------------------------------------------------------------

bool IngressKeeper::is_routed(const std::set<std::string>& addresses) const {
  if (!is_sure()) return true;
  const auto leads = [&](const auto& route) {
    return route.second.kind == RouteKind::kContainer && addresses.contains(route.second.address);
  };
  const auto has_one = [&](const Table& table) {
    return std::any_of(table.routes.begin(), table.routes.end(), leads);
  };
  return has_one(*acked_) || (setting_ && has_one(setting_->second));
}

void IngressKeeper::count(runtime::MonoTime now, runtime::Effects& out) {
  if (counting_ || now < count_at_) return;
  CountRequests op;
  for (const auto& [name, local] : locals_) {
    for (const auto& [container, leaving] : local.leaving) {
      if (is_routed(leaving.addresses)) continue;
      op.addresses.insert(op.addresses.end(), leaving.addresses.begin(), leaving.addresses.end());
    }
  }
  if (op.addresses.empty()) return;
  counting_ = ids_.next();
  out.push_back(runtime::Request{*counting_, kIngressSubject, encode(op), kCallLimit});
}

void IngressKeeper::counted(const Result<IngressReply>& reply, runtime::MonoTime now) {
  counting_.reset();
  count_at_ = now + options_.count_every;
  if (!reply.ok()) {
    down_ = down_ || reply.error().code == Code::kUnavailable;
    return;
  }
  const auto is_quiet = [&](const std::string& address) {
    const auto found = reply->under_way.find(address);
    return found != reply->under_way.end() && found->second == 0;
  };
  for (auto& [name, local] : locals_) {
    std::erase_if(local.leaving, [&](const auto& entry) {
      const std::set<std::string>& addresses = entry.second.addresses;
      return !is_routed(addresses) && std::all_of(addresses.begin(), addresses.end(), is_quiet);
    });
  }
}

void IngressKeeper::release(runtime::MonoTime now) {
  bool released = false;
  for (auto& [name, local] : locals_) {
    released |= std::erase_if(local.leaving, [&](const auto& entry) {
                  const Leaving& leaving = entry.second;
                  const bool quiet = leaving.addresses.empty() && is_sure();
                  return down_ || quiet || now >= leaving.until;
                }) > 0;
  }
  if (released) show();
}

void IngressKeeper::set_timer(runtime::MonoTime now, runtime::Effects& out) {
  std::optional<runtime::MonoTime> due;
  const auto at = [&](runtime::MonoTime time) { due = due ? std::min(*due, time) : time; };
  if (!setting_ && !(acked_ == wanted_)) at(retry_at_);
  for (const auto& [name, local] : locals_) {
    for (const auto& [container, leaving] : local.leaving) {
      at(leaving.until);
      if (!counting_ && !is_routed(leaving.addresses)) at(count_at_);
    }
  }
  if (!due) return;
  out.push_back(runtime::SetTimer{options_.timer, std::max(runtime::Duration{}, *due - now)});
}

void IngressKeeper::advance(runtime::MonoTime now, runtime::Effects& out) {
  if (!options_.enabled) {
    if (std::exchange(touched_, false)) show();
    for (auto& [name, local] : locals_) local.leaving.clear();
    return;
  }
  if (!wanted_known_) return;
  set_routes(now, out);
  count(now, out);
  release(now);
  set_timer(now, out);
}

}  // namespace cara::agent
