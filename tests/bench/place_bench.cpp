// How long one placement takes, with its update of the index, by the number of nodes; no cluster is
// needed. Started by tests/bench/run --place.
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <deque>
#include <string>
#include <utility>
#include <vector>

#include "services/runtime/ids.h"
#include "services/scheduler/place.h"

namespace cara::bench {
namespace {

using scheduler::NodeIndex;
using Clock = std::chrono::steady_clock;

constexpr std::int64_t kGi = std::int64_t{1} << 30;
constexpr std::size_t kPlacements = 5'000;  // of each kind
constexpr std::size_t kKept = 500;          // as many of them are on nodes at once
constexpr std::size_t kFailures = 100;

// Half of the nodes have room, one in ten is full; some are lost, cordoned or tainted.
schema::Node node_of(std::size_t number, runtime::IdSource& random) {
  const auto one_in = [&](std::uint64_t count) { return random.below(count) == 0; };
  schema::Node node;
  node.metadata.name = fmt::format("node-{:06}", number);
  node.metadata.labels = {{"hostname", node.metadata.name},
                          {"os", "linux"},
                          {"zone", std::to_string(random.below(3))},
                          {"disk", one_in(10) ? "ssd" : "hdd"}};
  node.status.state = one_in(20) ? schema::NodeState::kNotReady : schema::NodeState::kReady;
  node.spec.unschedulable = one_in(50);
  schema::set_condition(node.status.conditions, {.type = "Ready", .reason = "Heartbeat"});
  schema::set_condition(node.status.conditions, {.type = "Engine", .reason = "Answers"});
  if (one_in(20)) node.spec.taints.push_back({"dedicated", "db", schema::TaintEffect::kNoSchedule});
  if (one_in(20)) node.spec.taints.push_back({"old", "", schema::TaintEffect::kPreferNoSchedule});
  node.status.info.architecture = one_in(10) ? "aarch64" : "x86_64";
  const std::int64_t size = std::int64_t{1} << random.below(4);
  node.status.info.allocatable = schema::Amounts{.cpu_millis = 8'000 * size,
                                                 .memory_bytes = 32 * kGi * size,
                                                 .pids = 32'000,
                                                 .gpus = one_in(100) ? 4 : 0};
  return node;
}

schema::Project asks(const std::string& cpu, const std::string& memory) {
  schema::Project project;
  project.spec.services.resize(2);
  if (!cpu.empty()) {
    project.spec.services[0].resources = {.requests = {.cpu = cpu, .memory = memory}};
  }
  return project;
}

void fill(NodeIndex& index, std::size_t nodes) {
  runtime::IdSource random({nodes, 1});
  for (std::size_t i = 0; i < nodes; ++i) {
    const schema::Node node = node_of(i, random);
    index.put_node(node);
    const std::int64_t has = node.status.info.allocatable->cpu_millis;
    const bool full = random.below(10) == 0;
    for (int k = 0; k < 3; ++k) {
      const auto share = full ? 330 : static_cast<std::int64_t>(random.below(250));
      const schema::Project project = asks(fmt::format("{}m", has * share / 1000), "1Gi");
      index.hold(fmt::format("old-{}-{}", i, k), node.metadata.name, project.spec);
    }
  }
}

struct Kind {
  std::string name;
  schema::Project project;
};

std::vector<Kind> kinds(std::size_t nodes) {
  std::vector<Kind> all{{"asks for nothing", asks("", "")},
                        {"500m, 512Mi", asks("500m", "512Mi")},
                        {"40 cores: few nodes", asks("40", "1Gi")},
                        {"selector, all nodes", asks("100m", "1Mi")},
                        {"selector, 1 in 3", asks("100m", "1Mi")},
                        {"selector, 1 in 30", asks("100m", "1Mi")},
                        {"selector, one node", asks("1m", "1")},
                        {"tolerates all taints", asks("100m", "1Mi")},
                        {"another architecture", asks("100m", "1Mi")},
                        {"a host port", asks("100m", "1Mi")},
                        {"a GPU", asks("1m", "1Mi")}};
  all[3].project.spec.node_selector = {{"os", "linux"}};
  all[4].project.spec.node_selector = {{"os", "linux"}, {"zone", "1"}};
  all[5].project.spec.node_selector = {{"zone", "1"}, {"disk", "ssd"}};
  all[6].project.spec.node_selector = {{"hostname", fmt::format("node-{:06}", nodes / 2)}};
  all[7].project.spec.tolerations = {{.op = schema::TolerationOperator::kExists}};
  all[8].project.spec.services[0].platform = "linux/arm64";
  all[9].project.spec.services[0].ports = {{.port = "80", .host_port = "8080"}};
  all[10].project.spec.services[0].resources->requests.gpus = 1;
  return all;
}

struct Times {
  std::vector<double> us;

  template <class Work>
  void measure(Work work) {
    const auto start = Clock::now();
    work();
    us.push_back(std::chrono::duration<double, std::micro>(Clock::now() - start).count());
  }
  double at(double part) {
    std::sort(us.begin(), us.end());
    return us[std::min(us.size() - 1, static_cast<std::size_t>(part * double(us.size())))];
  }
};

struct Row {
  std::string strategy;
  std::string what;
  std::size_t nodes = 0;
  Times times;
  std::size_t refused = 0;
};

Row place_many(NodeIndex& index, const Kind& kind) {
  Row row{.what = kind.name};
  std::deque<std::string> kept;
  for (std::size_t i = 0; i < kPlacements; ++i) {
    const std::string name = fmt::format("new-{}", i);
    bool placed = false;
    row.times.measure([&] {
      const schema::Demand demand = schema::demand_of(kind.project.spec);
      const std::string node = scheduler::place(index, {kind.project, demand});
      placed = !node.empty();
      if (placed) index.hold(name, node, kind.project.spec);
    });
    if (!placed) ++row.refused;
    if (placed) kept.push_back(name);
    if (kept.size() > kKept) {
      index.release(kept.front());
      kept.pop_front();
    }
  }
  for (const std::string& name : kept) index.release(name);
  return row;
}

// No node fits: finding that out, and saying why.
std::vector<Row> fail_many(const NodeIndex& index) {
  const schema::Project project = asks("1000", "1Gi");
  const schema::Demand demand = schema::demand_of(project.spec);
  Row found{.what = "no node fits"};
  Row said{.what = "... and the reason"};
  for (std::size_t i = 0; i < kFailures; ++i) {
    found.times.measure([&] { found.refused += place(index, {project, demand}).empty() ? 1 : 0; });
    said.times.measure([&] { said.refused += why_not(index, {project, demand}).empty() ? 0 : 1; });
  }
  return {found, said};
}

Row change_nodes(NodeIndex& index) {
  Row row{.what = "a node is cordoned or back"};
  std::vector<schema::Node> nodes;
  for (const auto& [name, entry] : index.nodes()) {
    if (nodes.size() < kPlacements / 2) nodes.push_back(entry.node);
  }
  for (int i = 0; i < 2; ++i) {
    for (schema::Node& node : nodes) {
      node.spec.unschedulable = !node.spec.unschedulable;
      row.times.measure([&] { index.put_node(node); });
    }
  }
  return row;
}

std::vector<Row> measure(std::size_t nodes) {
  std::vector<Row> rows;
  NodeIndex index;
  fill(index, nodes);
  for (const auto strategy :
       {schema::PlacementStrategy::kSpread, schema::PlacementStrategy::kBinpack}) {
    const bool spread = strategy == schema::PlacementStrategy::kSpread;
    index.set_strategy(strategy);
    std::vector<Row> some;
    for (const Kind& kind : kinds(nodes)) some.push_back(place_many(index, kind));
    for (Row& row : fail_many(index)) some.push_back(std::move(row));
    some.push_back(change_nodes(index));
    for (Row& row : some) {
      row.strategy = spread ? "spread" : "binpack";
      row.nodes = nodes;
      rows.push_back(std::move(row));
    }
  }
  return rows;
}

int main_of() {
  fmt::print("{:<8} {:<27} {:>7} {:>10} {:>10} {:>10} {:>8}\n", "", "microseconds", "nodes", "p50",
             "p99", "most", "refused");
  std::string json;
  for (const std::size_t nodes : {1'000, 10'000, 100'000}) {
    for (Row& row : measure(nodes)) {
      const double p50 = row.times.at(0.5), p99 = row.times.at(0.99), most = row.times.at(1);
      fmt::print("{:<8} {:<27} {:>7} {:>10.1f} {:>10.1f} {:>10.1f} {:>8}\n", row.strategy, row.what,
                 row.nodes, p50, p99, most, row.refused);
      json += fmt::format(
          "{}\n  {{\"strategy\": \"{}\", \"what\": \"{}\", \"nodes\": {}, \"p50Us\": {:.2f}, "
          "\"p99Us\": {:.2f}, \"maxUs\": {:.2f}, \"refused\": {}}}",
          json.empty() ? "" : ",", row.strategy, row.what, row.nodes, p50, p99, most, row.refused);
    }
  }
  std::FILE* file = std::fopen("bench-place.json", "w");
  if (file == nullptr) return 1;
  fmt::print(file, "[{}\n]\n", json);
  return std::fclose(file) == 0 ? 0 : 1;
}

}  // namespace
}  // namespace cara::bench

int main() { return cara::bench::main_of(); }
