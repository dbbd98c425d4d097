// The index chooses what a look at every node would choose, whatever happened to the cluster.
#include "services/scheduler/place.h"
#include "tests/catch_compat.h"
#include "tests/unit/scheduler_reference.h"

using namespace cara;
using scheduler::NodeIndex;

namespace {

// One random cluster, kept twice.
class Both {
 public:
  Both(std::uint64_t seed, std::uint64_t nodes) : random_(seed), nodes_(nodes) {}

  void fill() {
    for (std::uint64_t i = 0; i < nodes_; ++i) put(random_.node("n" + std::to_string(i)));
  }
  void step() {
    const std::string node = node_name(), project = "p" + std::to_string(random_.below(3 * nodes_));
    switch (random_.below(10)) {
      case 0:
      case 1:
        put(random_.node(node));
        break;
      case 2:
        if (random_.one_in(4)) {
          reference_.nodes.erase(node);
          index_.remove_node(node);
        }
        break;
      case 3:
        if (const auto found = reference_.nodes.find(node); found != reference_.nodes.end()) {
          schema::Node cordoned = found->second;
          cordoned.spec.unschedulable = !cordoned.spec.unschedulable;
          put(cordoned);
        }
        break;
      case 4:
      case 5:
        reference_.bound.erase(project);
        index_.release(project);
        break;
      case 6:
        if (random_.one_in(20)) flip();
        break;
      default:
        place(project);
    }
  }
  int placed = 0;
  int refused = 0;

 private:
  std::string node_name() { return "n" + std::to_string(random_.below(nodes_)); }
  void put(const schema::Node& node) {
    reference_.nodes[node.metadata.name] = node;
    index_.put_node(node);
  }
  void flip() {
    using enum schema::PlacementStrategy;
    reference_.strategy = reference_.strategy == kSpread ? kBinpack : kSpread;
    index_.set_strategy(reference_.strategy);
  }
  void place(const std::string& name) {
    const schema::Project project = random_.project(node_name());
    const schema::Demand demand = schema::demand_of(project.spec);
    reference_.bound.erase(name);
    index_.release(name);
    const auto expected = reference_.choose(project);
    const std::string chosen = scheduler::place(index_, {project, demand});
    CAPTURE(expected.reason);
    REQUIRE(chosen == expected.node);
    if (chosen.empty()) {
      REQUIRE(scheduler::why_not(index_, {project, demand}) == expected.reason);
      ++refused;
    } else {
      reference_.bound[name] = {chosen, demand, scheduler::weight_of(project.spec, demand)};
      index_.hold(name, chosen, project.spec);
      ++placed;
    }
  }

  test::RandomObjects random_;
  std::uint64_t nodes_;
  test::ReferenceCluster reference_;
  NodeIndex index_;
};

}  // namespace

TEST_CASE("on random clusters the index and a look at every node choose the same") {
  int placed = 0;
  int refused = 0;
  for (std::uint64_t seed = 1; seed <= 40; ++seed) {
    CAPTURE(seed);
    Both both(seed, 1 + seed % 24);
    for (int i = 0; i < 400; ++i) both.step();
    placed += both.placed;
    refused += both.refused;
  }
  // Both kinds of answers were compared.
  CHECK(placed > 1000);
  CHECK(refused > 500);
}

TEST_CASE("also with so many nodes that there are several blocks, and labels that many have") {
  for (std::uint64_t seed = 1; seed <= 1; ++seed) {
    CAPTURE(seed);
    Both both(seed, 3000);
    both.fill();
    for (int i = 0; i < 500; ++i) both.step();
    CHECK(both.placed > 100);
  }
}
