// What the agent tells about its node: with each registration and with each heartbeat.
#include "tests/unit/agent_world.h"

using namespace cara;
using namespace std::chrono_literals;
using test::AgentWorld;

namespace {

constexpr std::int64_t kGi = std::int64_t{1} << 30;

agent::Readings free_now(std::int64_t disk, std::int64_t memory) {
  return {.addresses = {"192.0.2.7"},
          .disk_bytes = 100 * kGi,
          .disk_free_bytes = disk,
          .memory_free_bytes = memory};
}

std::vector<std::string> types(const std::vector<schema::NodeTrouble>& troubles) {
  std::vector<std::string> all;
  for (const auto& trouble : troubles) all.push_back(trouble.type);
  return all;
}

}  // namespace

TEST_CASE("a node tells who it is, what it has and what projects may request [S31]") {
  AgentWorld world;
  world.node_labels = {{"disk", "ssd"}, {schema::kLabelArch, "by-hand"}};
  world.start();
  REQUIRE(world.registers.size() == 1);
  const schema::RegisterRequest& told = world.registers[0];
  CHECK(told.machine_id == "machine-1");
  CHECK(told.boot_id == "boot-1");
  CHECK(told.labels ==
        std::map<std::string, std::string>{{"disk", "ssd"},
                                           {schema::kLabelArch, "by-hand"},
                                           {schema::kLabelHostname, AgentWorld::kNode},
                                           {schema::kLabelOs, "linux"}});
  CHECK(told.info.architecture == "amd64");
  CHECK(told.info.addresses == std::vector<std::string>{"192.0.2.1"});
  CHECK(told.info.disk_bytes == 100 * kGi);
  REQUIRE(told.info.allocatable);
  CHECK(told.info.allocatable->cpu_millis == 3900);
  CHECK(told.info.allocatable->memory_bytes == 8 * kGi - kGi / 4);
  CHECK(told.troubles.empty());
}

TEST_CASE("after a reboot the node is the same machine in another boot") {
  AgentWorld world;
  world.start();
  world.boot_id = "boot-2";
  world.start();
  REQUIRE(world.registers.size() == 2);
  CHECK(world.registers[0].machine_id == world.registers[1].machine_id);
  CHECK(world.registers[1].boot_id == "boot-2");
}

TEST_CASE("what is free changes without a new registration") {
  AgentWorld world;
  world.start();
  for (int i = 0; i < 10; ++i) {
    world.engine.set_readings(free_now((50 + i) * kGi, (2 + i) * kGi));
    world.advance(10s);
  }
  CHECK(world.registration == 1);
}

TEST_CASE("pressure is told at once, with figures, until it is over") {
  AgentWorld world;
  world.start();
  world.advance(9s);  // between two heartbeats; the next look at the engine is in a second
  const auto beats = world.beats.size();
  world.engine.set_readings(free_now(kGi, kGi / 20));
  world.advance(1001ms);
  REQUIRE(world.beats.size() > beats);
  const auto& troubles = world.beats.back().troubles;
  CHECK(types(troubles) ==
        std::vector<std::string>{schema::kConditionDiskPressure, schema::kConditionMemoryPressure});
  CHECK(troubles.at(0).message == "1Gi of 100Gi free (1%); the pressure is over at 2.3Gi");
  CHECK(world.noted("DiskPressure: 1Gi of 100Gi free"));

  world.engine.set_readings(free_now(2 * kGi, 4 * kGi));
  world.advance(10s);
  CHECK(types(world.beats.back().troubles) ==
        std::vector<std::string>{schema::kConditionDiskPressure});
  world.engine.set_readings(free_now(3 * kGi, 4 * kGi));
  world.advance(10s);
  CHECK(world.beats.back().troubles.empty());
  CHECK(world.noted("the DiskPressure of this node is over"));
  CHECK(world.registration == 1);
}

TEST_CASE("news while a heartbeat is under way follows it at once") {
  AgentWorld world;
  world.start();
  world.advance(4s);
  world.beats_wait = true;
  world.advance(5500ms);  // the second look at the engine falls into the second heartbeat
  const auto beats = world.beats.size();
  world.engine.set_readings(free_now(kGi, 4 * kGi));
  world.advance(1s);
  CHECK(world.beats.size() == beats);
  world.let_beats_go();
  REQUIRE(world.beats.size() > beats);
  CHECK(types(world.beats.back().troubles) ==
        std::vector<std::string>{schema::kConditionDiskPressure});
}

TEST_CASE("a node that registers under pressure says so") {
  AgentWorld world;
  world.engine.set_readings(free_now(kGi, 4 * kGi));
  world.start();
  CHECK(types(world.registers.at(0).troubles) ==
        std::vector<std::string>{schema::kConditionDiskPressure});
}

TEST_CASE("what another life of the machine has left is told, until people have removed it") {
  AgentWorld world;
  const agent::Labels others{{agent::kLabelNode, "worker-02"},
                             {agent::kLabelCluster, "cluster-1"},
                             {agent::kLabelProject, "p"}};
  const auto left = world.engine.execute(agent::CreateNetwork{"cara-p", others});
  REQUIRE(left.ok());
  world.start();
  world.advance(6s);
  REQUIRE(world.beats.back().troubles.size() == 1);
  CHECK(world.beats.back().troubles[0].type == schema::kConditionStrayContainers);
  CHECK(world.beats.back().troubles[0].message.starts_with("1 network (cara-p) of another"));
  REQUIRE(world.engine.execute(agent::RemoveNetwork{left->id}).ok());
  world.advance(70s);
  CHECK(world.beats.back().troubles.empty());
}
