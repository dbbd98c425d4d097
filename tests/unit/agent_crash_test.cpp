// An agent that dies between any two of its engine's operations, at any point of a project's life.
#include "tests/unit/agent_world.h"

using namespace cara;
using namespace std::chrono_literals;
using schema::Phase;
using test::AgentWorld;

namespace {

schema::DesiredProject project(std::int64_t generation) {
  auto wanted = test::desired_project(
      "p", {{.name = "a", .image = "web:1"}, {.name = "b", .image = "web:1"}});
  wanted.spec.volumes = {{.name = "v"}};
  wanted.spec.services[0].volume_mounts = {{"v", "/v"}};
  if (generation > 1) wanted.spec.services[1].image = "web:2";
  wanted.generation = generation;
  return wanted;
}

void check_complete(AgentWorld& world) {
  const auto seen = world.objects();
  REQUIRE(seen.containers.size() == 2);
  for (const auto& container : seen.containers) {
    CHECK(container.state == agent::ContainerState::kRunning);
  }
  CHECK(seen.networks.size() == 1);
  CHECK(seen.volumes.size() == 1);
  CHECK(world.last_report("p").phase == Phase::kRunning);
}

}  // namespace

TEST_CASE("an agent killed after any operation of a start leaves no duplicates [E36][S51]") {
  for (std::size_t after = 1; after <= 8; ++after) {
    INFO("killed after operation " << after);
    AgentWorld world;
    world.start();
    world.die_after = after;
    world.want(project(1));
    world.advance(2s);
    check_complete(world);
  }
}

TEST_CASE("an agent killed after any operation of an update converges [E36]") {
  for (std::size_t after = 1; after <= 5; ++after) {
    INFO("killed after operation " << after);
    AgentWorld world;
    world.start();
    world.want(project(1));
    world.advance(20s);
    world.die_after = world.done.size() + after;
    auto update = project(2);
    update.phase = Phase::kRunning;
    world.want(update);
    world.advance(2s);
    check_complete(world);
  }
}

TEST_CASE("an agent killed after any operation of a delete leaves nothing [E36][S26]") {
  for (std::size_t after = 1; after <= 6; ++after) {
    INFO("killed after operation " << after);
    AgentWorld world;
    world.start();
    world.want(project(1));
    world.die_after = world.done.size() + after;
    world.terminate("p");
    world.advance(2s);
    CHECK(world.objects() == agent::Observation{});
    CHECK(world.last_report("p").phase == Phase::kTerminated);
  }
}
