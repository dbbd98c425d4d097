// Which node is chosen, and that the index chooses what a look at all nodes would choose.
#include "services/runtime/ids.h"
#include "services/scheduler/place.h"
#include "tests/catch_compat.h"
#include "tests/unit/scheduler_reference.h"

using namespace cara;
using scheduler::NodeIndex;
using schema::PlacementStrategy;

namespace {

constexpr std::int64_t kMi = std::int64_t{1} << 20;

schema::Node node(const std::string& name, std::int64_t cpu_millis = 0,
                  std::int64_t memory_bytes = 0) {
  schema::Node out;
  out.metadata.name = name;
  out.status.state = schema::NodeState::kReady;
  if (cpu_millis > 0) {
    out.status.info.allocatable = schema::Amounts{
        .cpu_millis = cpu_millis, .memory_bytes = memory_bytes, .pids = 10'000, .gpus = 0};
  }
  return out;
}

schema::Project asks(const std::string& cpu, const std::string& memory) {
  schema::Project out;
  out.spec.services.resize(1);
  if (!cpu.empty() || !memory.empty()) {
    out.spec.services[0].resources = schema::Resources{.requests = {.cpu = cpu, .memory = memory}};
  }
  return out;
}

std::string placed(const NodeIndex& index, const schema::Project& project) {
  const schema::Demand demand = schema::demand_of(project.spec);
  return scheduler::place(index, {project, demand});
}
std::string reason(const NodeIndex& index, const schema::Project& project) {
  const schema::Demand demand = schema::demand_of(project.spec);
  REQUIRE(scheduler::place(index, {project, demand}).empty());
  return scheduler::why_not(index, {project, demand});
}

}  // namespace

TEST_CASE("spread: the node of which the smallest share is requested; ties by projects, by name") {
  NodeIndex index;
  CHECK(reason(index, asks("", "")) == "no node has registered yet");
  for (const char* name : {"c", "b", "a"}) index.put_node(node(name, 4000, 4096 * kMi));
  const schema::Project small = asks("100m", "100Mi");
  CHECK(placed(index, small) == "a");
  index.hold("p1", "a", small.spec);
  CHECK(placed(index, small) == "b");
  index.hold("p2", "b", asks("1", "1Mi").spec);   // much of its processors
  index.hold("p3", "c", asks("1m", "2Gi").spec);  // half of its memory
  CHECK(placed(index, small) == "a");
  index.hold("p4", "a", asks("2", "2Gi").spec);
  CHECK(placed(index, small) == "b");
  index.release("p3");
  CHECK(placed(index, small) == "c");
  // The same share, more projects.
  index.release("p1");
  index.release("p4");
  index.hold("p5", "a", asks("1m", "1").spec);
  CHECK(placed(index, small) == "c");
}

TEST_CASE("binpack: the fullest node that has room for it") {
  NodeIndex index;
  index.set_strategy(PlacementStrategy::kBinpack);
  for (const char* name : {"a", "b", "c"}) index.put_node(node(name, 1000, 1024 * kMi));
  CHECK(placed(index, asks("400m", "1Mi")) == "a");
  index.hold("p1", "b", asks("700m", "1Mi").spec);
  index.hold("p2", "c", asks("500m", "1Mi").spec);
  CHECK(placed(index, asks("300m", "1Mi")) == "b");
  CHECK(placed(index, asks("400m", "1Mi")) == "c");
  CHECK(placed(index, asks("600m", "1Mi")) == "a");
  index.set_strategy(PlacementStrategy::kSpread);
  CHECK(placed(index, asks("300m", "1Mi")) == "a");
}

TEST_CASE("a service that requests nothing counts in the score, and takes nothing") {
  NodeIndex index;
  index.put_node(node("a", 1000, 2048 * kMi));
  index.put_node(node("b", 1000, 2048 * kMi));
  for (int i = 0; i < 100; ++i) index.hold("p" + std::to_string(i), "a", asks("", "").spec);
  CHECK(placed(index, asks("", "")) == "b");
  index.hold("q", "b", asks("150m", "1").spec);
  CHECK(placed(index, asks("1", "2Gi")) == "a");
}

TEST_CASE("nodes that do not say what they have are chosen by the number of their projects") {
  NodeIndex index;
  for (const char* name : {"a", "b", "c"}) index.put_node(node(name));
  const schema::Project any = asks("64", "1Ti");
  CHECK(placed(index, any) == "a");
  index.hold("p1", "a", any.spec);
  index.hold("p2", "a", any.spec);
  index.hold("p3", "b", any.spec);
  CHECK(placed(index, any) == "c");
  index.hold("p4", "c", any.spec);
  CHECK(placed(index, any) == "b");
}

TEST_CASE("nodes that are lost or out of service get nothing, however idle [S22]") {
  NodeIndex index;
  schema::Node lost = node("a");
  lost.status.state = schema::NodeState::kNotReady;
  schema::Node cordoned = node("b");
  cordoned.spec.unschedulable = true;
  index.put_node(lost);
  index.put_node(cordoned);
  CHECK(reason(index, asks("", "")) == "0/2 nodes fit: 1 cordoned, 1 NotReady");
  index.put_node(node("c"));
  for (int i = 0; i < 5; ++i) index.hold("p" + std::to_string(i), "c", asks("", "").spec);
  CHECK(placed(index, asks("", "")) == "c");
  index.remove_node("c");
  CHECK(placed(index, asks("", "")).empty());
  index.put_node(node("b"));
  CHECK(placed(index, asks("", "")) == "b");
}

TEST_CASE("PreferNoSchedule: only when nothing else fits, the fewest of them first") {
  NodeIndex index;
  const auto tainted = [](const std::string& name, int taints) {
    schema::Node out = node(name, 1000, 1024 * kMi);
    for (int i = 0; i < taints; ++i) {
      out.spec.taints.push_back({.key = "t" + std::to_string(i),
                                 .value = "",
                                 .effect = schema::TaintEffect::kPreferNoSchedule});
    }
    return out;
  };
  index.put_node(tainted("a", 2));
  index.put_node(tainted("b", 1));
  index.put_node(tainted("c", 0));
  index.hold("p", "c", asks("800m", "1Mi").spec);
  index.hold("q", "b", asks("500m", "1Mi").spec);
  CHECK(placed(index, asks("100m", "")) == "c");
  CHECK(placed(index, asks("300m", "")) == "b");
  CHECK(placed(index, asks("600m", "")) == "a");
  schema::Project tolerant = asks("100m", "");
  tolerant.spec.tolerations = {{.op = schema::TolerationOperator::kExists}};
  CHECK(placed(index, tolerant) == "a");
}

TEST_CASE("nodeSelector: only nodes with all of its labels, and the others are counted [E45]") {
  NodeIndex index;
  schema::Node a = node("a");
  schema::Node b = node("b");
  a.metadata.labels = {{"disk", "hdd"}, {"zone", "1"}};
  b.metadata.labels = {{"disk", "ssd"}, {"zone", "1"}, {"more", "x"}};
  index.put_node(a);
  index.put_node(b);
  index.hold("p", "b", asks("", "").spec);
  schema::Project project = asks("", "");
  project.spec.node_selector = {{"disk", "ssd"}, {"zone", "1"}};
  CHECK(placed(index, project) == "b");
  project.spec.node_selector["gpu"] = "";
  CHECK(reason(index, project) == "0/2 nodes fit: 2 without the labels of spec.nodeSelector");
  b.metadata.labels["gpu"] = "";
  index.put_node(b);
  CHECK(placed(index, project) == "b");
}

TEST_CASE("what must stay with its volumes goes home or nowhere") {
  NodeIndex index;
  index.put_node(node("a"));
  index.put_node(node("b"));
  index.hold("p", "b", asks("", "").spec);
  schema::Project project = asks("", "");
  project.spec.on_node_loss = schema::OnNodeLoss::kStay;
  project.status.home = "b";
  CHECK(placed(index, project) == "b");
  index.remove_node("b");
  CHECK(reason(index, project) == "0/1 node fits: 1 without its volumes (they are on b)");
}

TEST_CASE("what is taken is known before its node is") {
  NodeIndex index;
  index.hold("p", "a", asks("900m", "").spec);
  index.put_node(node("a", 1000, 1024 * kMi));
  index.put_node(node("b", 200, 1024 * kMi));
  CHECK(placed(index, asks("200m", "")) == "b");
  index.remove_node("a");
  index.put_node(node("a", 1000, 1024 * kMi));
  CHECK(placed(index, asks("500m", "")).empty());
  index.hold("p", "b", asks("100m", "").spec);  // it moved, and asks for less
  CHECK(placed(index, asks("500m", "")) == "a");
}

TEST_CASE("what may let a waiting project in is counted, and nothing else [E45]") {
  NodeIndex index;
  auto seen = index.freed();
  const auto freed = [&] { return std::exchange(seen, index.freed()) != index.freed(); };
  schema::Node a = node("a", 1000, 1024 * kMi);
  index.put_node(a);
  CHECK(freed());
  a.status.last_heartbeat.ms = 5;
  a.metadata.revision = 9;
  index.put_node(a);
  CHECK(!freed());
  index.hold("p", "a", asks("1", "").spec);
  CHECK(!freed());
  index.hold("p", "a", asks("1", "").spec);
  CHECK(!freed());
  index.hold("p", "a", asks("500m", "").spec);
  CHECK(freed());
  index.release("p");
  CHECK(freed());
  index.release("p");
  CHECK(!freed());
  a.spec.unschedulable = true;
  index.put_node(a);
  CHECK(freed());
  index.clear();
  CHECK(freed());
}
