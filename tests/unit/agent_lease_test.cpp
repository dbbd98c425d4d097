// `onNodeLoss: MoveExclusive`: what may not run twice runs only under a lease.
#include <set>

#include "tests/unit/agent_world.h"

using namespace cara;
using namespace std::chrono_literals;
using agent::ContainerState;
using schema::OnNodeLoss;
using schema::Phase;
using test::AgentWorld;

namespace {

constexpr auto kLease = 15s;  // what the world's apiserver gives

schema::DesiredProject exclusive(const std::string& name) {
  auto project = test::desired_project(name, {{.name = "app", .image = "web:1"}});
  project.spec.on_node_loss = OnNodeLoss::kMoveExclusive;
  return project;
}

bool runs(AgentWorld& world, const std::string& name) {
  for (const auto& container : world.objects().containers) {
    if (container.name == name + "-app") return container.state == ContainerState::kRunning;
  }
  return false;
}

}  // namespace

TEST_CASE("a cut-off node stops what may not run twice when its lease ends [I16]") {
  AgentWorld world;
  world.start();
  world.want(exclusive("once"));
  world.want(test::desired_project("many", {{.name = "app", .image = "web:1"}}));
  world.advance(10s);  // a heartbeat is sent now: the lease is full
  world.api_answers = false;
  world.advance(kLease - 100ms);
  CHECK(runs(world, "once"));
  world.advance(15s);
  CHECK_FALSE(runs(world, "once"));
  CHECK(runs(world, "many"));
  CHECK(world.objects().containers.size() == 2);
  CHECK(world.noted("the lease has ended"));
  world.advance(600s);
  CHECK_FALSE(runs(world, "once"));
  CHECK(world.phases("once") == std::vector{Phase::kRunning});
}

TEST_CASE("it starts again when the lease is back and the assignment is the same") {
  AgentWorld world;
  world.start();
  world.want(exclusive("once"));
  world.api_answers = false;
  world.advance(60s);
  REQUIRE_FALSE(runs(world, "once"));
  const std::string id = world.objects().containers.at(0).id;
  world.api_answers = true;
  world.advance(15s);
  CHECK(runs(world, "once"));
  CHECK(world.objects().containers.at(0).id == id);
  CHECK(world.phases("once") == std::vector{Phase::kRunning});
}

TEST_CASE("it starts again, too, when it took the stop for a regular end") {
  AgentWorld world;
  world.engine.add_image("polite:1", {.stop_exit_code = 0});
  world.start();
  schema::DesiredProject project = exclusive("once");
  project.spec.services[0].image = "polite:1";
  world.want(project);
  REQUIRE(runs(world, "once"));
  world.api_answers = false;
  world.advance(60s);
  REQUIRE_FALSE(runs(world, "once"));
  world.api_answers = true;
  world.advance(15s);
  CHECK(runs(world, "once"));
}

TEST_CASE("what was given to another node is never started under the new lease [I16][I17]") {
  AgentWorld world;
  world.start();
  world.want(exclusive("once"));
  world.api_answers = false;
  world.advance(60s);
  REQUIRE_FALSE(runs(world, "once"));
  world.desired.erase("once");
  world.done.clear();
  world.api_answers = true;
  world.advance(15s);
  CHECK(world.objects() == agent::Observation{});
  CHECK(world.count<agent::StartContainer>() == 0);
}

TEST_CASE("the lease counts from when the heartbeat was sent, not from its answer [I16]") {
  AgentWorld world;
  world.start();
  world.want(exclusive("once"));
  world.advance(4s);
  world.beats_wait = true;
  world.advance(1s);  // sent now
  world.advance(9s);
  REQUIRE(runs(world, "once"));
  world.api_answers = false;
  world.let_beats_go();
  world.advance(kLease - 9s - 100ms);
  CHECK(runs(world, "once"));
  CHECK_FALSE(world.noted("the lease has ended"));
  world.advance(200ms);
  CHECK(world.noted("the lease has ended"));
}

TEST_CASE("a heartbeat that is not acknowledged renews nothing") {
  AgentWorld world;
  world.start();
  world.want(exclusive("once"));
  world.beats_wait = true;
  world.advance(30s);
  CHECK_FALSE(runs(world, "once"));
}

TEST_CASE("a start that comes late to the engine is not done when the lease has ended [I17][F18]") {
  AgentWorld world;
  world.start();
  const runtime::MonoTime begun = world.now.mono;
  world.want(exclusive("once"));
  world.want(test::desired_project("free", {{.name = "app", .image = "web:1"}}));
  std::map<std::string, agent::StartContainer> starts;
  for (const auto& op : world.done) {
    if (const auto* start = std::get_if<agent::StartContainer>(&op)) {
      starts[start->not_after_us == 0 ? "free" : "once"] = *start;
    }
  }
  REQUIRE(starts.size() == 2);
  const std::int64_t end_us = (begun + runtime::Duration(kLease)).us;
  CHECK(starts["once"].not_after_us == end_us);
  CHECK(!agent::is_too_late(starts["once"], end_us - 1));
  CHECK(agent::is_too_late(starts["once"], end_us)->code == Code::kTimeout);
  CHECK(!agent::is_too_late(starts["free"], end_us));
  CHECK(!agent::is_too_late(agent::StopContainer{"c"}, end_us));
}

// A start whose answer was lost kept the project from being stopped for 70 s.
TEST_CASE("a call that the engine never answers does not hold up the end of the lease [I16]") {
  AgentWorld world;
  world.start();
  world.engine_holds = true;
  world.want(exclusive("once"));
  const auto starts = [&] { return world.count<agent::StartContainer>(); };
  for (int i = 0; i < 20 && starts() == 0; ++i) world.release_one();
  REQUIRE(starts() == 1);
  world.engine_holds = false;
  const runtime::Event never = world.take_held<agent::StartContainer>();
  world.release();
  REQUIRE(runs(world, "once"));
  world.api_answers = false;
  world.advance(kLease + 5s);
  CHECK_FALSE(runs(world, "once"));
  world.tell(never);
  world.advance(1s);
  CHECK_FALSE(runs(world, "once"));
}

TEST_CASE("after a pause the lease is looked at before anything is started [I17][F11][F18]") {
  AgentWorld world;
  world.start();
  world.engine_holds = true;
  world.want(exclusive("once"));  // its first operations are under way
  REQUIRE_FALSE(world.held.empty());
  world.freeze(60s);
  world.done.clear();
  world.api_answers = false;
  world.release();
  world.advance(60s);
  CHECK(world.count<agent::CreateContainer>() == 0);
  CHECK(world.count<agent::StartContainer>() == 0);
  world.api_answers = true;
  world.advance(15s);
  CHECK(runs(world, "once"));
}

TEST_CASE("what waits for the engine when the lease ends is not sent any more [I17]") {
  AgentWorld world;
  world.start();
  world.engine_holds = true;
  std::vector<schema::ServiceDef> many;
  for (int i = 0; i < 20; ++i) {
    many.push_back({.name = "app" + std::to_string(i), .image = "web:1"});
  }
  schema::DesiredProject project = exclusive("once");
  project.spec.services = many;
  world.want(project);
  const auto create_waits = [&] {
    return std::any_of(world.held.begin(), world.held.end(), [](const AgentWorld::Held& each) {
      return std::holds_alternative<agent::CreateContainer>(each.op);
    });
  };
  while (!create_waits()) world.release_one();
  const std::size_t sent = world.count<agent::CreateContainer>();
  REQUIRE(sent < many.size());
  world.freeze(60s);
  world.api_answers = false;
  world.release();
  world.advance(30s);
  CHECK(world.count<agent::CreateContainer>() == sent);
  CHECK(world.count<agent::StartContainer>() == 0);
  world.api_answers = true;
  world.advance(30s);
  CHECK(world.count<agent::CreateContainer>() == many.size());
  CHECK(world.last_report("once").phase == Phase::kRunning);
}

TEST_CASE("a restart of the agent stops nothing that has a lease again at once [S51]") {
  AgentWorld world;
  world.start();
  world.want(exclusive("once"));
  const auto before = world.objects();
  world.done.clear();
  world.start();
  world.advance(60s);
  CHECK(world.objects() == before);
  CHECK(world.done.empty());
}

TEST_CASE("a project that ends is torn down without a lease, too") {
  AgentWorld world;
  world.start();
  world.want(exclusive("once"));
  world.engine_holds = true;
  world.terminate("once");
  world.api_answers = false;
  world.advance(60s);
  world.release();
  world.advance(60s);
  CHECK(world.objects() == agent::Observation{});
}
