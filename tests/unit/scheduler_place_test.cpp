#include "services/scheduler/place.h"
#include "tests/catch_compat.h"

using namespace cara;
using scheduler::Load;
using scheduler::Nodes;
using scheduler::place;
using scheduler::Placement;

namespace {

schema::Node node(schema::NodeState state, bool unschedulable = false) {
  schema::Node out;
  out.status.state = state;
  out.spec.unschedulable = unschedulable;
  return out;
}
constexpr auto kReady = schema::NodeState::kReady;
constexpr auto kNotReady = schema::NodeState::kNotReady;

schema::Project on(const std::string& node_name, schema::Phase phase) {
  schema::Project out;
  out.status.node_ref = node_name;
  out.status.phase = phase;
  return out;
}

}  // namespace

TEST_CASE("a project goes to the least loaded node, ties by name") {
  const Nodes nodes{{"a", node(kReady)}, {"b", node(kReady)}, {"c", node(kReady)}};
  CHECK(place(nodes, {}, {}) == Placement{"a", ""});
  CHECK(place(nodes, {{"a", 2}, {"b", 1}, {"c", 1}}, {}) == Placement{"b", ""});
  CHECK(place(nodes, {{"a", 2}, {"b", 1}}, {}) == Placement{"c", ""});
}

TEST_CASE("nodes that are lost or out of service get nothing, however idle [S22]") {
  const Nodes nodes{{"a", node(kNotReady)}, {"b", node(kReady, true)}, {"c", node(kReady)}};
  CHECK(place(nodes, {{"c", 100}}, {}) == Placement{"c", ""});
}

TEST_CASE("when no node fits the reason counts the refusals [E45]") {
  CHECK(place({}, {}, {}) == Placement{"", "no node has registered yet"});
  CHECK(place({{"a", node(kNotReady)}}, {}, {}).reason == "0/1 node fits: 1 NotReady");
  const Nodes nodes{
      {"a", node(kNotReady)}, {"b", node(kReady, true)}, {"c", node(kNotReady, true)}};
  CHECK(place(nodes, {}, {}) == Placement{"", "0/3 nodes fit: 2 NotReady, 1 unschedulable"});
}

TEST_CASE("nodeSelector: only nodes with all of its labels, and the others are counted [E45]") {
  Nodes nodes{{"a", node(kReady)}, {"b", node(kReady)}, {"c", node(kNotReady)}};
  nodes["a"].metadata.labels = {{"disk", "hdd"}, {"zone", "1"}};
  nodes["b"].metadata.labels = {{"disk", "ssd"}, {"zone", "1"}, {"more", "x"}};
  schema::Project project;
  project.spec.node_selector = {{"disk", "ssd"}, {"zone", "1"}};
  CHECK(place(nodes, {{"b", 9}}, project) == Placement{"b", ""});
  project.spec.node_selector["gpu"] = "";
  CHECK(place(nodes, {}, project).reason ==
        "0/3 nodes fit: 1 NotReady, 2 without the labels of spec.nodeSelector");
}

TEST_CASE("the load of a node is what may have containers on it, also while it is torn down") {
  const scheduler::Projects projects{{"a", on("n1", schema::Phase::kScheduled)},
                                     {"b", on("n1", schema::Phase::kTerminating)},
                                     {"c", on("n1", schema::Phase::kTerminated)},
                                     {"d", on("", schema::Phase::kPending)},
                                     {"e", on("n2", schema::Phase::kFailed)}};
  CHECK(scheduler::load_of(projects) == Load{{"n1", 2}, {"n2", 1}});
}
