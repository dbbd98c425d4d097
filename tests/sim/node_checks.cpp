#include "tests/sim/node_checks.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <set>

#include "schema/lifecycle.h"
#include "tests/sim/holdings.h"

namespace cara::sim {
namespace {

using schema::Node;
using schema::NodeState;
using schema::OnNodeLoss;
using schema::Phase;
using schema::Project;

// Conditions keep whole seconds, and the apiserver may be restarted in between.
constexpr Duration kWindowTolerance = std::chrono::milliseconds(1'100);
// Schedulers pull every 2 s and are reminded every 5 s; a share of the work lasts 1 s.
constexpr Duration kBoundWithin = std::chrono::seconds(10);
// Where a fifth of all messages is lost.
constexpr Duration kBoundWithinLossy = std::chrono::seconds(25);
constexpr std::size_t kMassLossPercent = 55;
// An order may arrive so much later than it was given.
constexpr Duration kLatestOrder = std::chrono::seconds(3);
// What the projects here, and so schema's defaults, wait for a container to stop, and the margin.
constexpr Duration kStopAndMargin = std::chrono::seconds(10 + 15);

std::string called(const Project& project) {
  return "project " + project.metadata.name + " (" + project.metadata.uid + ")";
}

std::string reason_of(const Project& project) {
  const auto* phase = schema::find_condition(project.status.conditions, schema::kConditionPhase);
  return phase == nullptr ? "" : phase->reason;
}

const Project* same_life(const Snapshot& snapshot, const Project& project) {
  const auto found = snapshot.projects.find(project.metadata.name);
  if (found == snapshot.projects.end()) return nullptr;
  return found->second.metadata.uid == project.metadata.uid ? &found->second : nullptr;
}

// Written anew here, for what only the operator's taint and the nodes' zone can say.
bool could_take(const Node& node, const schema::ProjectSpec& spec) {
  if (node.status.state != NodeState::kReady || node.spec.unschedulable) return false;
  const bool repels = std::any_of(
      node.spec.taints.begin(), node.spec.taints.end(),
      [](const schema::Taint& taint) { return taint.effect == schema::TaintEffect::kNoSchedule; });
  if (repels && spec.tolerations.empty()) return false;
  const auto zone = spec.node_selector.find(kZone);
  if (zone == spec.node_selector.end()) return true;
  const auto label = node.metadata.labels.find(kZone);
  return label != node.metadata.labels.end() && label->second == zone->second;
}

bool overlap(const schema::HostPorts& a, const schema::HostPorts& b) {
  return a.protocol == b.protocol && a.first <= b.last && b.first <= a.last;
}

}  // namespace

void NodeChecks::look(const Snapshot& before, const Snapshot& now) {
  check_room(before, now);
  for (const auto& [name, project] : now.projects) {
    check_wait(project, now);
    const Project* old = same_life(before, project);
    if (project.status.assignment != (old == nullptr ? 0 : old->status.assignment)) {
      check_bind(project, before, now);
    }
    if (old == nullptr) continue;
    const bool was_bound = schema::is_bound(old->status.phase);
    if (was_bound && project.status.phase == Phase::kPending) {
      check_unbind(project, *old, before, now);
    }
    check_forced_end(project, *old);
  }
  follow_losses(before, now);
  follow_waits(now);
}

// Of no node is more taken than it has: neither a bind nor an update makes it so. What was taken
// before a node came back with less is left. No host port is taken twice [I10].
void NodeChecks::check_room(const Snapshot& before, const Snapshot& now) {
  constexpr std::array kAmounts{&schema::Amounts::cpu_millis, &schema::Amounts::memory_bytes,
                                &schema::Amounts::pids, &schema::Amounts::gpus};
  const Holdings holdings(now.nodes, now.projects);
  for (const auto& [name, usage] : holdings.usage()) {
    const auto node = now.nodes.find(name);
    const auto old = before.nodes.find(name);
    const bool is_known = node != now.nodes.end() && old != before.nodes.end();
    for (const auto amount : kAmounts) {
      const auto exceeds = [&](const Node& of) {
        const auto& all = of.status.info.allocatable;
        return all && usage.amounts.*amount > (*all).*amount;
      };
      if (usage.amounts.*amount <= usage_[name].amounts.*amount || !is_known) continue;
      if (exceeds(node->second) && exceeds(old->second)) {
        fail_(fmt::format("node {} has less than its projects ask for, and took more [I10]", name));
      }
    }
    for (std::size_t i = 0; i < usage.ports.size(); ++i) {
      for (std::size_t k = 0; k < i; ++k) {
        if (overlap(usage.ports[i], usage.ports[k])) {
          fail_(fmt::format("node {} has host port {} twice [I10]", name, usage.ports[i].first));
        }
      }
    }
  }
  usage_ = holdings.usage();
}

// A project is bound only to a node that is Ready, in service, of its zone and without a taint that
// it does not tolerate: at that moment, so in this batch somewhere [I12].
void NodeChecks::check_bind(const Project& project, const Snapshot& before, const Snapshot& now) {
  const Project* old = same_life(before, project);
  for (const Snapshot* snapshot : {&before, &now}) {
    const auto node = snapshot->nodes.find(project.status.home);
    if (node == snapshot->nodes.end()) continue;
    if (could_take(node->second, project.spec)) return;
    if (old != nullptr && could_take(node->second, old->spec)) return;
  }
  fail_(called(project) + " was bound to node " + project.status.home +
        ", which takes it neither before nor after that [I12]");
}

// A project leaves its node for one of these reasons, and not before its window is over [S31, I16].
void NodeChecks::check_unbind(const Project& project, const Project& old, const Snapshot& before,
                              const Snapshot& now) {
  const std::string reason = reason_of(project);
  const std::string who = called(project);
  const std::string& node = old.status.node_ref;
  const bool in_time =
      waited(project.metadata.uid, schema::kConditionNotReadyAt) + kWindowTolerance >=
      window_of(project);
  if (reason == "NodeLost") {
    if (!in_time) fail_(who + " was taken from its node before the window was over [S31]");
    if (old.spec.on_node_loss == OnNodeLoss::kStay) fail_(who + " did not stay on its node");
    // Most nodes were lost together, nobody allowed it, and they are not back [I26].
    if (holds()) fail_(who + " was moved though most nodes were lost at once [I26]");
  } else if (reason == "Moved") {
    if (!orders_.moved.contains(project.metadata.name)) fail_(who + " moved by itself");
    if (old.spec.on_node_loss == OnNodeLoss::kStay) fail_(who + " did not stay on its node");
  } else if (reason == "NodeDeleted") {
    if (!orders_.deleted.contains(node)) fail_(who + " left a node that nobody deleted");
  } else if (reason == "NodeReinstalled") {
    const auto was = before.nodes.find(node);
    const auto is = now.nodes.find(node);
    const bool other = was != before.nodes.end() && is != now.nodes.end() &&
                       was->second.status.agent_id != is->second.status.agent_id;
    if (!other) fail_(who + " left a node that was not set up anew");
    const bool exclusive = old.spec.on_node_loss == OnNodeLoss::kMoveExclusive;
    if (exclusive && !in_time) {
      fail_(who + " left the node that was set up anew before its window was over [I16]");
    }
  } else {
    fail_(who + " left its node because of `" + reason + "`");
  }
}

// A project waits for its node only as long as that is lost [S31].
void NodeChecks::check_wait(const Project& project, const Snapshot& now) {
  const auto node = now.nodes.find(project.status.node_ref);
  if (node == now.nodes.end() || node->second.status.state != NodeState::kReady) return;
  for (const char* type : {schema::kConditionNotReadyAt, schema::kConditionTerminatingAt}) {
    if (schema::find_condition(project.status.conditions, type) == nullptr) continue;
    fail_(called(project) + " waits for node " + node->first + ", which is Ready [S31]");
  }
}

// What is Terminating on a lost node ends without it only after its own window [S34].
void NodeChecks::check_forced_end(const Project& project, const Project& old) {
  const bool ended = old.status.phase == Phase::kTerminating &&
                     project.status.phase == Phase::kTerminated &&
                     reason_of(project) == "TerminationTimeout";
  if (ended && waited(project.metadata.uid, schema::kConditionTerminatingAt) + kWindowTolerance <
                   cluster_.options().apiserver.termination_timeout) {
    fail_(called(project) + " ended without its node before the window was over [S34]");
  }
}

Duration NodeChecks::waited(const std::string& uid, const char* condition) const {
  const auto since = waits_.find({uid, condition});
  return since == waits_.end() ? Duration(0) : cluster_.world().now() - since->second;
}

Duration NodeChecks::window_of(const Project& project) const {
  const apiserver::Options& options = cluster_.options().apiserver;
  if (project.spec.on_node_loss != OnNodeLoss::kMoveExclusive) return options.grace_period;
  return std::max(options.grace_period, options.node_timeout + kStopAndMargin);
}

bool NodeChecks::holds() const {
  return held_ && (!orders_.allowed || *orders_.allowed + kLatestOrder < held_->since);
}

void NodeChecks::follow_losses(const Snapshot& before, const Snapshot& now) {
  const MonoTime time = cluster_.world().now();
  std::size_t ready = 0;
  bool lost_one = false;
  for (const auto& [name, node] : now.nodes) {
    if (node.status.state == NodeState::kReady) {
      ++ready;
      lost_.erase(name);
      continue;
    }
    const auto old = before.nodes.find(name);
    const bool was_ready =
        old != before.nodes.end() && old->second.status.state == NodeState::kReady;
    if (!was_ready) continue;
    lost_one = true;
    lost_[name] = time;
  }
  std::erase_if(lost_, [&](const auto& entry) { return !now.nodes.contains(entry.first); });
  const Duration window = cluster_.options().apiserver.mass_loss_window;
  const auto lost =
      static_cast<std::size_t>(std::count_if(lost_.begin(), lost_.end(), [&](const auto& entry) {
        return time - entry.second <= window;
      }));
  if (held_ && ready * 2 >= std::min(held_->of, now.nodes.size())) held_.reset();
  if (!held_ && lost_one && lost * 100 >= kMassLossPercent * (ready + lost)) {
    held_ = {.of = ready + lost, .since = time};
  }
}

void NodeChecks::follow_waits(const Snapshot& now) {
  const MonoTime time = cluster_.world().now();
  std::map<std::pair<std::string, std::string>, MonoTime> waits;
  std::map<std::string, std::pair<std::string, MonoTime>> placeable;
  const Holdings holdings(now.nodes, now.projects);
  for (const auto& [name, project] : now.projects) {
    const std::string& uid = project.metadata.uid;
    for (const char* type : {schema::kConditionNotReadyAt, schema::kConditionTerminatingAt}) {
      if (schema::find_condition(project.status.conditions, type) == nullptr) continue;
      const auto since = waits_.find({uid, type});
      waits[{uid, type}] = since == waits_.end() ? time : since->second;
    }
    if (project.status.phase != Phase::kPending || !holdings.find_fit(project)) continue;
    const auto since = placeable_.find(uid);
    placeable[uid] = {name, since == placeable_.end() ? time : since->second.second};
  }
  waits_ = std::move(waits);
  placeable_ = std::move(placeable);
}

// Where there is room, and an apiserver and one scheduler are well, a Pending project is bound
// soon, whatever became of the other schedulers [I13].
void NodeChecks::look_at_waiting() {
  const World& world = cluster_.world();
  const bool lossy = cluster_.world().bus().faults().lost > 0;
  if (lossy) lossy_until_ = world.now();
  if (placeable_.empty()) return;
  const auto server = cluster_.apiserver_well_since();
  std::optional<MonoTime> scheduler;
  for (int i = 1; i <= cluster_.options().schedulers; ++i) {
    const auto well = world.well_since(Cluster::scheduler(i));
    if (well) scheduler = scheduler ? std::min(*scheduler, *well) : *well;
  }
  if (!server || !scheduler) return;
  const MonoTime able = std::max({*server, *scheduler, lossy ? MonoTime{} : lossy_until_});
  const Duration limit = lossy ? kBoundWithinLossy : kBoundWithin;
  for (const auto& [uid, entry] : placeable_) {
    const auto& [name, since] = entry;
    if (world.now() - std::max(able, since) <= limit) continue;
    fail_(
        fmt::format("project {} ({}) is Pending, there is room for it, and no scheduler that is "
                    "well has bound it for {} s [I13]",
                    name, uid, std::chrono::duration_cast<std::chrono::seconds>(limit).count()));
  }
}

}  // namespace cara::sim
