// The agent as a member of the cluster: registration, heartbeats, the desired set, the engine.
#include "schema/subjects.h"
#include "tests/unit/agent_world.h"

using namespace cara;
using namespace std::chrono_literals;
using schema::Phase;
using test::AgentWorld;
using test::desired_project;

namespace {

schema::DesiredProject simple(const std::string& name) {
  return desired_project(name, {{.name = "app", .image = "web:1"}});
}

}  // namespace

TEST_CASE("garbage on every subject changes nothing [S53]") {
  AgentWorld world;
  world.start();
  world.want(simple("p"));
  const auto before = world.objects();
  for (const std::string& body :
       {std::string(), std::string("\xc1"), std::string("\xdd\xff\x00\x00\x00", 5),
        std::string(200'000, '\x91'), std::string("\x81\xa8revision\xa1x")}) {
    for (const std::string& subject :
         {schema::node_wake_subject(AgentWorld::kNode), std::string(schema::kNodeAllWake),
          std::string(agent::kEngineEventSubject), std::string("cara.v1.unknown")}) {
      world.tell(runtime::Delivered{subject, body, {}});
    }
    world.tell(runtime::Answered{4'711, body});
    world.tell(runtime::TimerFired{4'711});
  }
  world.advance(60s);
  CHECK(world.objects() == before);
}

TEST_CASE("nothing is removed before a complete desired set was read") {
  AgentWorld world;
  world.start();
  world.want(simple("p"));
  world.want(simple("q"));
  const auto before = world.objects();
  world.api_answers = false;
  world.start();
  world.advance(120s);
  CHECK(world.objects() == before);
  world.page_size = 1;
  world.api_answers = true;
  world.advance(10s);
  CHECK(world.objects() == before);
}

TEST_CASE("a lost wake is healed by the next heartbeat") {
  AgentWorld world;
  world.start();
  world.want(simple("p"), AgentWorld::Wake::kNo);
  CHECK(world.objects().containers.empty());
  world.advance(6s);
  CHECK(world.objects().containers.size() == 1);
}

TEST_CASE("a heartbeat that was lost is repeated before the next one is due [E43]") {
  AgentWorld world;
  world.start();
  world.advance(1s);
  world.beats.clear();
  world.api_answers = false;
  world.advance(4s);  // this one is lost
  world.api_answers = true;
  world.advance(1600ms);
  CHECK(world.beats.empty());
  world.advance(100ms);
  CHECK(world.beats.size() == 1);
  world.advance(4900ms);
  CHECK(world.beats.size() == 1);
}

TEST_CASE("an agent that the apiserver forgot registers again and believes the new set [E38]") {
  AgentWorld world;
  world.start();
  world.want(simple("p"));
  world.desired.clear();
  ++world.registration;  // the node was deleted, and everything on it was given away
  world.advance(16s);
  CHECK(world.objects() == agent::Observation{});
  CHECK(world.beats.back().registration == world.registration);
}

TEST_CASE("a report that was lost is repeated until it is taken") {
  AgentWorld world;
  world.start();
  world.engine_holds = true;
  world.want(simple("p"));
  world.api_answers = false;
  world.release();
  CHECK(world.reports.empty());
  world.advance(20s);
  world.api_answers = true;
  world.advance(6s);
  CHECK(world.last_report("p").phase == Phase::kRunning);
}

TEST_CASE("objects of another cluster are left alone and mentioned") {
  AgentWorld world;
  world.start();
  world.want(simple("p"));
  const auto before = world.objects();
  world.cluster = "cluster-2";
  world.desired.clear();
  ++world.revision;
  ++world.registration;
  world.advance(60s);
  CHECK(world.objects() == before);
  CHECK(world.beats.back().engine_ready);
  REQUIRE(world.beats.back().troubles.size() == 1);
  CHECK(world.beats.back().troubles[0].type == schema::kConditionStrayContainers);
}

TEST_CASE("objects of another node on the same engine are left alone") {
  AgentWorld world;
  const agent::Labels others{{agent::kLabelNode, "worker-02"},
                             {agent::kLabelCluster, "cluster-1"},
                             {agent::kLabelProject, "p"}};
  REQUIRE(world.engine.execute(agent::CreateNetwork{"cara-p", others}).ok());
  world.start();
  world.advance(60s);
  CHECK(world.objects().networks.size() == 1);
}

TEST_CASE("what moved away is removed before what waits for the engine is made [F18][E38]") {
  AgentWorld world;
  world.start();
  world.want(simple("moved"));
  world.engine_holds = true;
  constexpr int kMany = 60;
  for (int i = 0; i < kMany; ++i) {
    const std::string name = "new-" + std::to_string(i);
    world.desired.emplace(name, simple(name));
  }
  ++world.revision;
  world.wake();
  // Until the engine has its hands full, and more waits.
  while (world.count<agent::CreateNetwork>() < agent::kMaxCalls + 2) world.release_one();
  const std::size_t before = world.done.size();
  world.drop("moved");
  for (int i = 0; i < 4; ++i) world.release_one();
  REQUIRE(world.done.size() > before);
  CHECK(std::holds_alternative<agent::StopContainer>(world.done[before]));
}

TEST_CASE("what the control plane does not know is removed once its set is complete") {
  AgentWorld world;
  world.page_size = 1;
  const agent::Labels unknown{{agent::kLabelNode, AgentWorld::kNode},
                              {agent::kLabelCluster, world.cluster},
                              {agent::kLabelProject, "unknown"},
                              {agent::kLabelUid, "uid-unknown"}};
  agent::ContainerSpec spec{.name = "unknown-app", .labels = unknown};
  spec.service.image = "web:1";
  REQUIRE(world.engine.execute(agent::CreateContainer{spec}).ok());
  REQUIRE(world.engine.execute(agent::CreateNetwork{"unknown", unknown}).ok());
  world.desired.emplace("p", simple("p"));
  world.desired.emplace("q", simple("q"));
  world.start();
  world.advance(20s);
  CHECK(world.objects({{agent::kLabelProject, "unknown"}}) == agent::Observation{});
  CHECK(world.objects().containers.size() == 2);
}

TEST_CASE("an engine that is away from the start is told once, with the reason [E35]") {
  AgentWorld world;
  world.engine.set_fault([](const agent::EngineOp&) { return unavailable("connection refused"); });
  world.start();
  world.advance(120s);
  CHECK(std::count(world.notes.begin(), world.notes.end(),
                   "the engine does not answer: connection refused") == 1);
  world.engine.set_fault(nullptr);
  world.advance(15s);
  CHECK(std::count(world.notes.begin(), world.notes.end(), "the engine answers") == 1);
}

TEST_CASE("an engine that is away is the node's condition, never the project's failure [E35]") {
  AgentWorld world;
  world.start();
  world.want(simple("p"));
  world.engine.set_fault([](const agent::EngineOp&) { return unavailable("connection refused"); });
  world.want(simple("q"));
  world.advance(120s);
  CHECK_FALSE(world.beats.back().engine_ready);
  CHECK(world.beats.back().engine_message.find("refused") != std::string::npos);
  CHECK(world.phases("p") == std::vector{Phase::kRunning});
  world.engine.set_fault(nullptr);
  world.engine.reboot();
  world.tell(runtime::Delivered{
      agent::kEngineEventSubject, agent::encode(agent::EngineEvent{"", agent::kStreamOpened}), {}});
  world.advance(15s);
  CHECK(world.beats.back().engine_ready);
  CHECK(world.objects().containers.size() == 2);
  for (const auto& container : world.objects().containers) {
    CHECK(container.state == agent::ContainerState::kRunning);
  }
  for (const auto& report : world.reports) CHECK(report.phase == Phase::kRunning);
  CHECK(world.last_report("q").phase == Phase::kRunning);
}

TEST_CASE("one project that waits for its image holds up no other, nor the heartbeat") {
  AgentWorld world;
  world.start();
  world.engine_holds = true;
  world.want(simple("slow"));
  const auto pull = world.take_held<agent::EnsureImage>();
  world.release();
  const auto beats = world.beats.size();
  world.want(simple("fast"));
  world.advance(11s);
  CHECK(world.last_report("fast").phase == Phase::kRunning);
  CHECK(world.beats.size() >= beats + 2);
  world.tell(pull);
  world.advance(1s);
  CHECK(world.last_report("slow").phase == Phase::kRunning);
}
