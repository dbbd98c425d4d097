// What place() must choose, found by looking at every node; and random clusters to compare on.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <tuple>

#include "services/runtime/ids.h"
#include "services/scheduler/score.h"

namespace cara::test {

struct ReferenceCluster {
  struct Bound {
    std::string node;
    schema::Demand demand;
    scheduler::Weight weight;
  };
  std::map<std::string, schema::Node> nodes;
  std::map<std::string, Bound> bound;
  schema::PlacementStrategy strategy = schema::PlacementStrategy::kSpread;

  struct Taken {
    schema::Usage usage;
    scheduler::Weight weight;
  };
  std::map<std::string, Taken> taken() const {
    std::map<std::string, Taken> all;
    for (const auto& [name, project] : bound) {
      Taken& node = all[project.node];
      schema::add_to(node.usage, project.demand);
      node.weight.cpu_millis += project.weight.cpu_millis;
      node.weight.memory_bytes += project.weight.memory_bytes;
    }
    return all;
  }

  struct Choice {
    std::string node;
    std::string reason;
    bool operator==(const Choice&) const = default;
  };
  Choice choose(const schema::Project& project) const {
    const schema::Demand demand = schema::demand_of(project.spec);
    const std::int64_t sign = strategy == schema::PlacementStrategy::kSpread ? 1 : -1;
    std::optional<std::tuple<std::int64_t, std::int64_t, std::int64_t, std::string>> best;
    schema::Misfits misfits;
    std::map<std::string, Taken> all = taken();
    for (const auto& [name, node] : nodes) {
      const auto& [usage, weight] = all[name];
      if (const auto why = schema::misfit({node, usage}, {project, demand})) {
        misfits.add(*why, {node, usage});
        continue;
      }
      const std::int64_t projects = usage.projects;
      const std::tuple score{schema::unwelcome(node, project.spec),
                             sign * scheduler::share_of(node, projects, weight), sign * projects,
                             name};
      if (!best || score < *best) best = score;
    }
    if (best) return {std::get<3>(*best), ""};
    return {"", misfits.text({project, demand})};
  }
};

// Few values of everything, so that ties, full nodes and projects that fit nowhere are common.
class RandomObjects {
 public:
  explicit RandomObjects(std::uint64_t seed) : random_({seed, 4711}) {}

  std::uint64_t below(std::uint64_t bound) { return random_.below(bound); }
  bool one_in(std::uint64_t count) { return below(count) == 0; }

  schema::Node node(const std::string& name) {
    schema::Node out;
    out.metadata.name = name;
    out.status.state = one_in(8) ? schema::NodeState::kNotReady : schema::NodeState::kReady;
    out.spec.unschedulable = one_in(8);
    if (one_in(12)) schema::set_condition(out.status.conditions, {.type = "DiskPressure"});
    if (one_in(12)) {
      schema::set_condition(out.status.conditions, {.type = "Engine", .status = "False"});
    }
    out.status.info.architecture = one_in(4) ? "aarch64" : one_in(6) ? "" : "x86_64";
    out.metadata.labels["zone"] = std::to_string(below(3));
    if (one_in(3)) out.metadata.labels["disk"] = one_in(2) ? "ssd" : "hdd";
    if (one_in(4)) out.spec.taints.push_back({"t", one_in(2) ? "x" : "", effect()});
    if (one_in(4)) out.spec.taints.push_back({"u", "", effect()});
    if (one_in(5)) return out;
    out.status.info.allocatable =
        schema::Amounts{.cpu_millis = static_cast<std::int64_t>(1 + below(4)) * 1000,
                        .memory_bytes = static_cast<std::int64_t>(1 + below(4)) << 30,
                        .pids = one_in(4) ? 150 : 10'000,
                        .gpus = one_in(4) ? 1 : 0};
    return out;
  }

  schema::Project project(const std::string& some_node) {
    schema::Project out;
    out.spec.services.resize(1 + below(2));
    for (schema::ServiceDef& service : out.spec.services) {
      if (one_in(5)) {
        service.ports.push_back({.port = "80", .host_port = one_in(2) ? "80" : "80-81"});
      }
      if (one_in(6)) service.platform = one_in(2) ? "linux/amd64" : "linux/arm64";
      if (one_in(4)) continue;
      schema::Resources resources;
      resources.requests.cpu = std::to_string(below(12) * 100) + "m";
      if (!one_in(3)) resources.requests.memory = std::to_string(1 + below(1000)) + "Mi";
      if (one_in(5)) resources.requests.pids = 100;
      if (one_in(8)) resources.requests.gpus = 1;
      service.resources = resources;
    }
    if (one_in(4)) out.spec.node_selector["zone"] = std::to_string(below(4));
    if (one_in(6)) out.spec.node_selector["disk"] = "ssd";
    if (one_in(4)) {
      out.spec.tolerations.push_back(
          {.key = one_in(3) ? "" : "t", .op = schema::TolerationOperator::kExists});
    }
    if (one_in(10)) {
      out.spec.on_node_loss = schema::OnNodeLoss::kStay;
      out.status.home = some_node;
    }
    return out;
  }

 private:
  schema::TaintEffect effect() {
    return one_in(2) ? schema::TaintEffect::kNoSchedule : schema::TaintEffect::kPreferNoSchedule;
  }

  runtime::IdSource random_;
};

}  // namespace cara::test
