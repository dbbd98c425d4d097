// How schedulers share their work, and when something that waits is tried again.
#include "tests/catch_compat.h"
#include "tests/unit/scheduler_world.h"

using namespace cara;
using namespace std::chrono_literals;

namespace {

void add_projects(test::SchedulerWorld& world, int count) {
  for (int i = 0; i < count; ++i) world.add_project("p" + std::to_string(i), "1m");
}

std::string message_of(const test::SchedulerWorld& world, const std::string& project) {
  const auto& conditions = world.projects.at(project).status.conditions;
  const auto* phase = schema::find_condition(conditions, schema::kConditionPhase);
  return phase == nullptr ? "" : phase->message;
}

}  // namespace

TEST_CASE("schedulers share the work, and none gets a conflict [I14]") {
  test::SchedulerWorld world;
  for (const char* id : {"s1", "s2", "s3"}) world.add(id);
  for (const char* name : {"a", "b", "c"}) world.add_node(name, 1000);
  world.run();
  add_projects(world, 300);
  world.run();  // at once: no timer is needed for it
  CHECK(world.pending() == 0);
  CHECK(world.conflicts == 0);
  for (const auto& [id, member] : world.members) CHECK(member.binds > 30);
  for (const auto& [name, project] : world.projects) CHECK(project.status.assignment == 1);
}

TEST_CASE(
    "a frozen scheduler delays nobody for longer than its claim, and then is late [I13, I14]") {
  test::SchedulerWorld world;
  for (const char* id : {"s1", "s2"}) world.add(id);
  world.add_node("a", 1000);
  world.run();
  world.freeze_when_claimed = "s1";
  add_projects(world, 100);
  world.run();
  REQUIRE(world.members["s1"].frozen);
  CHECK(world.pending() == world.max_claims);
  world.advance(1100ms);
  CHECK(world.pending() == 0);
  world.members["s1"].frozen = false;
  world.freeze_when_claimed.clear();
  world.advance(10s);
  CHECK(world.members["s2"].binds == 100);
  for (const auto& [name, project] : world.projects) CHECK(project.status.assignment == 1);
}

TEST_CASE("a scheduler that was given nothing does nothing") {
  test::SchedulerWorld world;
  world.add("s1");
  world.add_node("a", 1000);
  world.members["s1"].gets_claims = false;
  add_projects(world, 5);
  world.add_project("huge", "1000");
  world.advance(20s);
  CHECK(world.pending() == 6);
  CHECK(world.explained == 0);
  world.members["s1"].gets_claims = true;
  world.advance(2s);
  CHECK(world.pending() == 1);
  CHECK(world.explained == 1);
}

TEST_CASE("a claim that ended is not used, whatever frees") {
  test::SchedulerWorld world;
  world.add("s1");
  world.add_node("a", 1000);
  world.add_project("big", "2");
  world.run();
  CHECK(message_of(world, "big") ==
        "0/1 node fits: 1 insufficient cpu (needs 2, most free 1 on a)");
  world.members["s1"].gets_claims = false;
  world.advance(3s);
  world.add_node("b", 4000);
  world.advance(3s);
  CHECK(world.pending() == 1);
  // Somebody else has it now.
  world.add("s2");
  world.run();
  CHECK(world.members["s2"].binds == 1);
}

TEST_CASE("what did not fit is tried again the moment something frees [E45]") {
  test::SchedulerWorld world;
  world.add("s1");
  world.add_node("a", 1000);
  world.add_project("first", "600m");
  world.run();
  world.add_project("second", "600m");
  world.advance(30s);
  CHECK(world.pending() == 1);
  CHECK(message_of(world, "second") ==
        "0/1 node fits: 1 insufficient cpu (needs 600m, most free 400m on a)");
  CHECK(world.explained == 1);
  SECTION("a project went") { world.remove_project("first"); }
  SECTION("a project asks for less") {
    schema::Project less = world.projects["first"];
    less.spec.services[0].resources->requests.cpu = "100m";
    world.put(less);
  }
  SECTION("a node came") { world.add_node("b", 1000); }
  SECTION("a node grew") {
    schema::Node node = world.nodes["a"];
    node.status.info.allocatable->cpu_millis = 2000;
    world.put(node);
  }
  SECTION("it asks for less itself") {
    schema::Project less = world.projects["second"];
    less.spec.services[0].resources->requests.cpu = "100m";
    world.put(less);
  }
  world.run();  // at once: time stands still
  CHECK(world.pending() == 0);
}

TEST_CASE("of what frees again and again all is tried, and the reason is told now and then [E45]") {
  test::SchedulerWorld world;
  world.add("s1");
  world.add_node("a", 1000);
  for (int i = 0; i < 5; ++i) world.add_project("big" + std::to_string(i), "5");
  world.run();
  CHECK(world.explained == 5);
  for (int i = 0; i < 200; ++i) {
    schema::Node node = world.nodes["a"];
    node.status.info.allocatable->cpu_millis = 1000 + i;
    world.put(node);
    world.advance(50ms);
  }
  // Ten seconds, 200 changes: after 5 s and after 10 s.
  CHECK(world.explained >= 10);
  CHECK(world.explained <= 15);
  schema::Node node = world.nodes["a"];
  node.status.info.allocatable->cpu_millis = 25'000;
  world.put(node);
  world.advance(100ms);
  CHECK(world.pending() == 0);
}

TEST_CASE("binpack, when the cluster says so") {
  for (const auto& [placement, used] : {std::pair{"spread", 2}, std::pair{"binpack", 1}}) {
    test::SchedulerWorld world;
    if (used == 1) world.placement = schema::PlacementStrategy::kBinpack;
    CAPTURE(placement);
    world.add("s1");
    world.add_node("a", 1000);
    world.add_node("b", 1000);
    add_projects(world, 2);
    world.run();
    std::map<std::string, int> nodes;
    for (const auto& [name, project] : world.projects) ++nodes[project.status.node_ref];
    CHECK(nodes.size() == static_cast<std::size_t>(used));
  }
}
