// Nodes that come, fall silent, come back, and are deleted.
#include "tests/unit/apiserver_world.h"

namespace cara::apiserver {
namespace {

schema::NodeState state_of(World& world, const std::string& node) {
  const auto reply = world.call<schema::NodeReply>(kAlice, "node.get", schema::GetRequest{node});
  if (!reply) FAIL(reply.error().message);
  return reply->node.status.state;
}

TEST_CASE("a node registers, with a new epoch each time") {
  World world;
  const auto first = world.register_node("host.example.org");
  REQUIRE(first.ok());
  CHECK(first->cluster == "cluster-1");
  CHECK(first->node_timeout_ms == 15'000);
  CHECK(state_of(world, "host.example.org") == schema::NodeState::kReady);
  CHECK(world.register_node("host.example.org")->registration == first->registration + 1);
  const auto foreign = world.call<schema::RegisterReply>(
      agent_of("w2"), "node.register", schema::RegisterRequest{.node = "w1", .agent_id = "x"});
  CHECK(failed_with(foreign, Code::kForbidden));
  const auto hostile = world.call<schema::RegisterReply>(
      agent_of("w2"), "node.register", schema::RegisterRequest{.node = "w2>*", .agent_id = "x"});
  CHECK(failed_with(hostile, Code::kInvalid));
}

TEST_CASE("a second agent with a live node's name is refused, a reinstalled one is not [E39]") {
  World world;
  REQUIRE(world.register_node("w1", "agent-1").ok());
  const auto second = world.register_node("w1", "agent-2");
  REQUIRE(failed_with(second, Code::kConflict));
  CHECK(contains(second.error().message, "another agent runs as node/w1"));
  CHECK(world.beat("w1")->registered);
  world.pass(16s);
  CHECK(world.register_node("w1", "agent-2").ok());
  CHECK(world.beat("w1")->registered);
}

TEST_CASE("silence makes a node NotReady, a heartbeat Ready again, with the marks [S31][S35]") {
  World world;
  REQUIRE(world.register_node("w1").ok());
  world.run("shop", "w1");
  world.run("old", "w1");
  REQUIRE(world.remove("old").ok());
  world.pass(30s, {"w1"});
  CHECK(state_of(world, "w1") == schema::NodeState::kReady);
  const std::int64_t quiet = world.store->revision();
  world.pass(5s, {"w1"});
  CHECK(world.store->revision() == quiet);  // heartbeats alone write nothing

  world.pass(14s);
  CHECK(state_of(world, "w1") == schema::NodeState::kReady);
  world.pass(1s);
  CHECK(!world.published(schema::kGcWake).empty());
  CHECK(!world.published(schema::kSchedAll).empty());
  CHECK(state_of(world, "w1") == schema::NodeState::kNotReady);
  const auto since = condition(world.project("shop"), "NotReadyAt").last_transition_time;
  CHECK(since == whole_seconds(world.now.wall));
  CHECK(!has_condition(world.project("shop"), "TerminatingAt"));
  CHECK(has_condition(world.project("old"), "TerminatingAt"));
  CHECK(!has_condition(world.project("old"), "NotReadyAt"));
  world.pass(10s);
  CHECK(condition(world.project("shop"), "NotReadyAt").last_transition_time == since);

  REQUIRE(world.beat("w1").ok());
  CHECK(state_of(world, "w1") == schema::NodeState::kReady);
  CHECK(!has_condition(world.project("shop"), "NotReadyAt"));
  CHECK(!has_condition(world.project("old"), "TerminatingAt"));
  CHECK(world.project("shop").status.phase == Phase::kRunning);  // [S33]
  world.pass(16s);
  CHECK(condition(world.project("shop"), "NotReadyAt").last_transition_time > since);
}

TEST_CASE("gc may evict after the grace period, not before [S32][I11]") {
  World world;
  REQUIRE(world.register_node("w1").ok());
  REQUIRE(world.register_node("w2", "agent-2").ok());
  world.run("shop", "w1");
  CHECK(failed_with(world.gc("evict", "shop"), Code::kConflict));
  const schema::StatusRequest late = world.report("shop", Phase::kFailed);
  world.pass(16s, {"w2"});
  world.pass(58s, {"w2"});
  const auto early = world.gc("evict", "shop");
  REQUIRE(failed_with(early, Code::kConflict));
  CHECK(contains(early.error().message, "waits for its node for another"));
  world.pass(2s, {"w2"});
  SECTION("then it is Pending and bound elsewhere in a new assignment") {
    REQUIRE(world.gc("evict", "shop").ok());
    schema::Project shop = world.project("shop");
    CHECK(shop.status.phase == Phase::kPending);
    CHECK(shop.status.node_ref.empty());
    CHECK(condition(shop, "Phase").reason == "NodeLost");
    CHECK(!has_condition(shop, "NotReadyAt"));
    REQUIRE(world.bind("shop", "w2").ok());
    CHECK(world.project("shop").status.assignment == 2);
    CHECK(failed_with(world.send(late), Code::kConflict));  // [I7]
  }
  SECTION("a wall clock that jumped does not shorten it [E41][I35]") {
    World other;
    REQUIRE(other.register_node("w1").ok());
    other.run("shop", "w1");
    other.pass(16s);
    other.now.wall.ms += 3'600'000;
    CHECK(failed_with(other.gc("evict", "shop"), Code::kConflict));
  }
  SECTION("after a restart only when silence means something again") {
    world.start();
    CHECK(contains(message_of(world.gc("evict", "shop")), "just started"));
    world.pass(16s, {"w2"});
    CHECK(world.gc("evict", "shop").ok());
  }
}

TEST_CASE("Stay is never moved, says why, and is still deleted [S34]") {
  World world;
  REQUIRE(world.register_node("w1").ok());
  const Map spec{{"services", Value(Array{service("web")})}, {"onNodeLoss", "Stay"}};
  REQUIRE(world.apply(manifest("shop", spec)).ok());
  REQUIRE(world.bind("shop", "w1").ok());
  REQUIRE(world.send(world.report("shop", Phase::kRunning)).ok());
  world.pass(500s);
  CHECK(message_of(world.gc("evict", "shop")) ==
        "project/shop stays on node/w1 (spec.onNodeLoss: Stay)");
  CHECK(condition(world.project("shop"), "NotReadyAt").message ==
        "node/w1 is not ready; the project stays there (spec.onNodeLoss: Stay)");
  SECTION("back, it is as it was") {
    REQUIRE(world.beat("w1").ok());
    CHECK(!has_condition(world.project("shop"), "NotReadyAt"));
    CHECK(world.project("shop").status.phase == Phase::kRunning);
  }
  SECTION("a forced end") {
    REQUIRE(world.remove("shop").ok());
    world.pass(601s);
    REQUIRE(world.gc("evict", "shop").ok());
    CHECK(world.project("shop").status.phase == Phase::kTerminated);
  }
}

TEST_CASE("MoveExclusive moves only when its node has surely stopped it [E40]") {
  World world;
  REQUIRE(world.register_node("w1").ok());
  REQUIRE(world.register_node("w2", "agent-2").ok());
  const Value slow(Map{{"name", "web"}, {"image", "busybox"}, {"stopGracePeriod", "45s"}});
  REQUIRE(world
              .apply(manifest("shop", Map{{"services", Value(Array{slow, service("b")})},
                                          {"onNodeLoss", "MoveExclusive"}}))
              .ok());
  REQUIRE(world.bind("shop", "w1").ok());
  world.pass(15s, {"w2"});  // lost now; 15 s timeout + 45 s stop + 15 s margin
  world.pass(74s, {"w2"});
  CHECK(failed_with(world.gc("evict", "shop"), Code::kConflict));
  world.pass(1s, {"w2"});
  CHECK(world.gc("evict", "shop").ok());
}

TEST_CASE("a Terminating project of a lost node ends after its timeout [S34]") {
  World world;
  REQUIRE(world.register_node("w1").ok());
  world.run("shop", "w1");
  world.pass(16s);
  REQUIRE(world.remove("shop").ok());
  CHECK(has_condition(world.project("shop"), "TerminatingAt"));
  CHECK(!has_condition(world.project("shop"), "NotReadyAt"));
  world.pass(599s);
  CHECK(failed_with(world.gc("evict", "shop"), Code::kConflict));
  world.pass(1s);
  REQUIRE(world.gc("evict", "shop").ok());
  CHECK(world.project("shop").status.phase == Phase::kTerminated);
}

TEST_CASE("a heartbeat in the same batch is counted before its node is judged [F11]") {
  World world;
  REQUIRE(world.register_node("w1").ok());
  world.now.mono = world.now.mono + 15s;
  world.step({runtime::TimerFired{1}, world.beat_message("w1")});
  CHECK(state_of(world, "w1") == schema::NodeState::kReady);
}

TEST_CASE("an apiserver that slept does not take its nodes for lost [F11]") {
  World world;
  REQUIRE(world.register_node("w1").ok());
  world.pass(3s, {"w1"});
  world.now.mono = world.now.mono + 30s;
  world.step({runtime::TimerFired{1}});
  CHECK(state_of(world, "w1") == schema::NodeState::kReady);
  SECTION("but one that stays silent is lost in the end") {
    world.pass(16s);
    CHECK(state_of(world, "w1") == schema::NodeState::kNotReady);
  }
}

TEST_CASE("nodes get a full lease after a restart and after the bus was away [E43]") {
  World world;
  REQUIRE(world.register_node("w1").ok());
  world.pass(14s);
  SECTION("restart") { world.start(); }
  SECTION("reconnect") { world.step({runtime::Resync{}}); }
  world.pass(14s);
  CHECK(state_of(world, "w1") == schema::NodeState::kReady);
  world.pass(1s);
  CHECK(state_of(world, "w1") == schema::NodeState::kNotReady);
}

TEST_CASE("an engine that does not answer is a condition of its node [E35]") {
  World world;
  REQUIRE(world.register_node("w1").ok());
  const auto beat = [&](bool ready, const std::string& message) {
    runtime::Delivered sent = world.beat_message("w1");
    sent.body = schema::pack_message(schema::Heartbeat{.registration = world.registrations["w1"],
                                                       .engine_ready = ready,
                                                       .engine_message = message});
    world.step({sent});
  };
  beat(false, "connection refused");
  const auto node = world.call<schema::NodeReply>(kAlice, "node.get", schema::GetRequest{"w1"});
  const auto* engine = find_condition(node->node.status.conditions, "Engine");
  REQUIRE(engine != nullptr);
  CHECK(engine->status == "False");
  CHECK(engine->message == "connection refused");
  CHECK(node->node.status.state == schema::NodeState::kReady);
  const std::int64_t revision = world.store->revision();
  beat(false, "other words");
  CHECK(world.store->revision() == revision);
}

TEST_CASE("a heartbeat carries the newest revision that concerns the node") {
  World world;
  REQUIRE(world.register_node("w1").ok());
  REQUIRE(world.register_node("w2", "agent-2").ok());
  CHECK(world.beat("w1")->revision == 0);
  REQUIRE(world.apply(simple("shop")).ok());
  const auto bound = world.bind("shop", "w1");
  CHECK(world.beat("w1")->revision == bound->revision);
  CHECK(world.beat("w2")->revision == 0);
  REQUIRE(world.send(world.report("shop", Phase::kRunning)).ok());
  CHECK(world.beat("w1")->revision == bound->revision);  // its own report is no news
  world.registrations["w1"] -= 1;
  CHECK(!world.beat("w1")->registered);
  CHECK(!world.beat("nobody")->registered);
}

TEST_CASE("a node with projects is deleted by force only, and they move [E38]") {
  World world;
  const auto old = world.register_node("w1");
  world.run("shop", "w1");
  world.run("old", "w1");
  REQUIRE(world.remove("old").ok());
  const schema::StatusRequest stale = world.report("shop", Phase::kFailed);
  const auto refused = world.remove_node("w1");
  REQUIRE(failed_with(refused, Code::kConflict));
  CHECK(contains(refused.error().message, "node/w1 holds 2 projects"));

  REQUIRE(world.remove_node("w1", {.request_id = "", .name = "", .uid = "", .force = true}).ok());
  CHECK(world.project("shop").status.phase == Phase::kPending);
  CHECK(condition(world.project("shop"), "Phase").reason == "NodeDeleted");
  CHECK(world.project("old").status.phase == Phase::kTerminated);
  CHECK(!world.beat("w1")->registered);
  CHECK(failed_with(world.remove_node("w1"), Code::kNotFound));

  // It comes again: nothing that it held before is believed.
  const auto again = world.register_node("w1", "agent-reinstalled");
  REQUIRE(again.ok());
  CHECK(again->registration > old->registration);
  CHECK(failed_with(world.send(stale), Code::kConflict));
  const auto desired = world.call<schema::DesiredReply>(
      agent_of("w1"), "desired.get", schema::DesiredRequest{"w1", again->registration, ""});
  CHECK(desired->projects.empty());
  REQUIRE(world.remove_node("w1").ok());
}

TEST_CASE("what two gcs ask for has one effect [I27]") {
  World world;
  REQUIRE(world.register_node("w1").ok());
  REQUIRE(world.register_node("w2", "agent-2").ok());
  world.run("shop", "w1");
  const std::string uid = world.project("shop").metadata.uid;
  const auto ask = [&](const char* gc, const char* verb) {
    return world.message({Role::kGc, gc}, verb,
                         schema::pack_message(schema::GcRequest{"shop", uid}));
  };
  world.pass(80s, {"w2"});
  world.step({ask("g1", "project.evict"), ask("g2", "project.evict")});
  CHECK(world.project("shop").status.phase == Phase::kPending);
  REQUIRE(world.bind("shop", "w2").ok());
  // The slower one's request comes when the project is on another node already.
  const auto late = ask("g2", "project.evict");
  world.step({late});
  CHECK(!schema::unpack_reply<schema::RevisionReply>(*world.answer_to(late)).ok());
  CHECK(world.project("shop").status.node_ref == "w2");
  REQUIRE(world.remove("shop").ok());
  REQUIRE(world.send(world.report("shop", Phase::kTerminated)).ok());
  world.step({ask("g1", "project.reap"), ask("g2", "project.reap")});
  REQUIRE(world.apply(simple("shop")).ok());
  world.step({ask("g2", "project.reap"), ask("g2", "project.expire")});
  CHECK(world.project("shop").status.phase == Phase::kPending);
}

}  // namespace
}  // namespace cara::apiserver
