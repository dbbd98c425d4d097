#include "tests/sim/settle.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "schema/lifecycle.h"
#include "services/agent/names.h"
#include "tests/sim/holdings.h"
#include "tests/sim/route_checks.h"

namespace cara::sim {
namespace {

using schema::Phase;
using schema::Project;

// A duplicate of a request that was refused may still arrive this much later, and succeed.
constexpr std::int64_t kRefusedMayFollow = 4;  // operations on the same name

bool can_run(const Project& project) {
  return std::none_of(project.spec.services.begin(), project.spec.services.end(),
                      [](const auto& service) { return service.image == kMissingImage; });
}

std::optional<std::string> check_phase(const Project& project) {
  if (project.spec.expire_at) return "project " + project.metadata.name + " has not expired yet";
  const Phase wanted = can_run(project) ? Phase::kRunning : Phase::kFailed;
  const auto* condition =
      schema::find_condition(project.status.conditions, schema::kConditionPhase);
  if (project.status.phase == wanted) {
    if (wanted == Phase::kRunning && (condition == nullptr || condition->reason != "AgentReady")) {
      return "project " + project.metadata.name + " is Running and its condition disagrees [S30]";
    }
    if (project.status.observed_generation == project.metadata.generation) return std::nullopt;
    return fmt::format("project {} was changed (generation {}) and its agent has not said so ({})",
                       project.metadata.name, project.metadata.generation,
                       project.status.observed_generation);
  }
  return fmt::format("project {} is {}, not {}: {}", project.metadata.name,
                     to_string(project.status.phase), to_string(wanted),
                     condition == nullptr ? "" : condition->message);
}

// Nothing: no node would take it, and its condition says so.
std::optional<std::string> check_waiting(const Project& project, const Holdings& holdings) {
  const std::string who = "project " + project.metadata.name;
  if (const auto node = holdings.find_fit(project)) {
    return who + " is Pending, and node " + *node + " would take it [I13]";
  }
  const auto* condition =
      schema::find_condition(project.status.conditions, schema::kConditionPhase);
  if (condition != nullptr && condition->reason == "Unschedulable") return std::nullopt;
  return who + " fits nowhere and its condition does not say so";
}

// What a node's engine should have, each object as one line.
std::set<std::string> wanted_objects(const std::string& node,
                                     const std::map<std::string, Project>& projects) {
  std::set<std::string> wanted;
  for (const auto& [name, project] : projects) {
    if (project.status.node_ref != node || !schema::is_bound(project.status.phase)) continue;
    const std::string of =
        fmt::format(" of {}/{}", project.metadata.uid, project.status.assignment);
    wanted.insert("network " + agent::network_name(name) + of);
    for (const auto& volume : project.spec.volumes) {
      wanted.insert("volume " + agent::volume_name(name, volume.name) + of);
    }
    for (const auto& service : project.spec.services) {
      if (service.image == kMissingImage) continue;
      wanted.insert("container " + agent::container_name(name, service.name) + of + " running");
    }
  }
  return wanted;
}

std::string epoch_of(const agent::Labels& labels) {
  return " of " + agent::label(labels, agent::kLabelUid) + "/" +
         agent::label(labels, agent::kLabelAssignment);
}

std::set<std::string> present_objects(const agent::Observation& seen) {
  std::set<std::string> present;
  for (const auto& network : seen.networks) {
    present.insert("network " + network.name + epoch_of(network.labels));
  }
  for (const auto& volume : seen.volumes) {
    present.insert("volume " + volume.name + epoch_of(volume.labels));
  }
  for (const auto& container : seen.containers) {
    const bool up = container.state == agent::ContainerState::kRunning;
    present.insert("container " + container.name + epoch_of(container.labels) +
                   (up ? " running" : " not running"));
  }
  return present;
}

std::optional<std::string> check_objects(const std::string& node,
                                         const std::set<std::string>& wanted,
                                         const std::set<std::string>& present,
                                         const std::map<std::string, Project>& projects) {
  // A project that cannot run as a whole need not have all of its parts, and may keep running
  // those of its earlier spec [E31].
  const auto is_excused = [&projects](const std::string& object) {
    return std::any_of(projects.begin(), projects.end(), [&object](const auto& entry) {
      const Project& project = entry.second;
      const std::string of =
          fmt::format(" of {}/{}", project.metadata.uid, project.status.assignment);
      return !can_run(project) && object.find(of) != std::string::npos;
    });
  };
  for (const std::string& object : wanted) {
    if (!present.contains(object) && !is_excused(object))
      return "node " + node + " lacks " + object;
  }
  for (const std::string& object : present) {
    if (!wanted.contains(object) && !is_excused(object)) {
      return "node " + node + " still has " + object;
    }
  }
  return std::nullopt;
}

// What the journal allows for one name.
struct Allowed {
  std::set<std::string> markers;
  bool absent = false;
};

Allowed allowed_states(const std::vector<JournalEntry>& entries, Timestamp now) {
  Allowed allowed;
  const auto add = [&](const JournalEntry& entry) {
    if (entry.verb == Verb::kApply) {
      allowed.markers.insert(std::to_string(entry.marker));
      if (entry.expire_at && *entry.expire_at <= now) allowed.absent = true;
    } else {
      allowed.absent = true;
    }
  };
  std::size_t last_done = entries.size();
  for (std::size_t i = 0; i < entries.size(); ++i) {
    if (entries[i].outcome == Outcome::kDone) last_done = i;
  }
  if (last_done == entries.size()) allowed.absent = true;
  for (std::size_t i = 0; i < entries.size(); ++i) {
    const bool may_follow = last_done == entries.size() || i + kRefusedMayFollow >= last_done;
    if (i == last_done || (entries[i].outcome == Outcome::kRefused && may_follow)) add(entries[i]);
  }
  return allowed;
}

}  // namespace

std::optional<std::string> why_unsettled(Cluster& cluster) {
  for (const std::string& name : cluster.world().names()) {
    if (!cluster.world().is_running(name)) return "process " + name + " is down";
  }
  if (cluster.client() != nullptr && !cluster.client()->is_idle()) {
    return "the client still waits for an answer";
  }
  if (cluster.the_operator() != nullptr && !cluster.the_operator()->is_idle()) {
    return "the operator still puts the nodes in order";
  }
  const auto nodes = cluster.nodes();
  for (const std::string& node : cluster.node_names()) {
    const auto found = nodes.find(node);
    if (found == nodes.end()) return "node " + node + " has not registered";
    if (found->second.status.state != schema::NodeState::kReady)
      return "node " + node + " is NotReady";
  }
  const auto projects = cluster.projects();
  const Holdings holdings(nodes, projects);
  for (const auto& [name, project] : projects) {
    const bool waits = project.status.phase == Phase::kPending && !project.spec.expire_at;
    if (auto why = waits ? check_waiting(project, holdings) : check_phase(project)) return why;
  }
  for (const std::string& node : cluster.node_names()) {
    const auto wanted = wanted_objects(node, projects);
    const auto present = present_objects(cluster.observe(node));
    if (auto why = check_objects(node, wanted, present, projects)) return why;
  }
  return why_misrouted(cluster);
}

std::optional<std::string> broken_promise(Cluster& cluster) {
  if (cluster.client() == nullptr) return std::nullopt;
  std::map<std::string, std::vector<JournalEntry>> by_name;
  for (const JournalEntry& entry : cluster.client()->journal())
    by_name[entry.name].push_back(entry);
  const auto projects = cluster.projects();
  for (const auto& [name, entries] : by_name) {
    const Allowed allowed = allowed_states(entries, cluster.world().wall());
    const auto found = projects.find(name);
    if (found == projects.end()) {
      if (!allowed.absent) return "project " + name + " was acknowledged and is lost [I1]";
      continue;
    }
    const auto& labels = found->second.metadata.labels;
    const auto marker = labels.find(kMarker);
    const std::string text = marker == labels.end() ? "none" : marker->second;
    if (!allowed.markers.contains(text)) {
      return fmt::format(
          "project {} is what operation {} wrote, not the last acknowledged [I1, I2]", name, text);
    }
  }
  return std::nullopt;
}

}  // namespace cara::sim
