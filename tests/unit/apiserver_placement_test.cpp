// What a bind, an apply and a move may take of a node, and how schedulers share the work.
#include "tests/unit/apiserver_world.h"

namespace cara::apiserver {
namespace {

constexpr std::int64_t kGi = std::int64_t{1} << 30;

Value asking(const std::string& name, const std::string& memory, Map more = {}) {
  Map service{{"name", "web"},
              {"image", "busybox"},
              {"resources", Map{{"requests", Map{{"memory", memory}}}}}};
  Map spec{{"services", Value(Array{Value(std::move(service))})}};
  for (Member& member : more) spec.push_back(std::move(member));
  return manifest(name, std::move(spec));
}

Value publishing(const std::string& name, const std::string& host_port) {
  Map service{{"name", "web"},
              {"image", "busybox"},
              {"ports", Array{Map{{"port", "80"}, {"hostPort", host_port}}}}};
  return manifest(name, Map{{"services", Value(Array{Value(std::move(service))})}});
}

schema::RegisterRequest request_of(const std::string& node, std::int64_t memory_bytes) {
  return {
      .node = node,
      .agent_id = "agent-" + node,
      .info = {.allocatable = schema::Amounts{.cpu_millis = 4000, .memory_bytes = memory_bytes}},
      .engine_ready = true};
}

void add_node(World& world, const std::string& node, std::int64_t memory_bytes = 4 * kGi) {
  const auto reply = world.call<schema::RegisterReply>(agent_of(node), "node.register",
                                                       request_of(node, memory_bytes));
  REQUIRE(reply.ok());
  world.registrations[node] = reply->registration;
}

std::string why_not(World& world, const std::string& name, const std::string& node) {
  const auto reply = world.bind(name, node);
  if (!reply.ok()) CHECK(reply.error().code == Code::kConflict);
  return message_of(reply);
}

schema::ChangesReply pull(World& world, const std::string& scheduler) {
  const auto reply = world.call<schema::ChangesReply>(
      {Role::kSched, scheduler}, "changes.since", schema::ChangesRequest{world.store->revision()});
  if (!reply) FAIL(reply.error().message);
  return *reply;
}

TEST_CASE("a bind takes no more than the node has, whatever the scheduler saw [I10]") {
  World world;
  add_node(world, "w1");
  for (const char* name : {"a", "b", "c"}) REQUIRE(world.apply(asking(name, "2Gi")).ok());
  CHECK(why_not(world, "a", "w1").empty());
  CHECK(world.project("a").status.home == "w1");
  CHECK(why_not(world, "b", "w1").empty());
  CHECK(why_not(world, "c", "w1") == "node/w1 is insufficient memory (needs 2Gi, 0 is free)");
  // What is being torn down still has it; what is gone has not.
  REQUIRE(world.remove("a").ok());
  CHECK(!why_not(world, "c", "w1").empty());
  REQUIRE(world.send(world.report("a", Phase::kTerminated)).ok());
  CHECK(why_not(world, "c", "w1").empty());
}

TEST_CASE("what a project held is free when it is moved away or its record is dropped [I10]") {
  World world;
  add_node(world, "w1");
  add_node(world, "w2");
  for (const char* name : {"a", "b", "c"}) REQUIRE(world.apply(asking(name, "4Gi")).ok());
  REQUIRE(world.bind("a", "w1").ok());
  const auto moved = world.call<schema::MoveReply>(
      kAlice, "project.move",
      schema::MoveRequest{"m1", "a", world.project("a").metadata.uid, "w1"});
  REQUIRE(moved.ok());
  CHECK(moved->candidate == "w2");
  CHECK(!why_not(world, "b", "w1").empty());
  REQUIRE(world.send(world.report("a", Phase::kTerminated)).ok());
  CHECK(world.project("a").status.phase == Phase::kPending);
  CHECK(why_not(world, "b", "w1").empty());
  REQUIRE(world.remove("b", {.force = true}).ok());
  CHECK(why_not(world, "c", "w1").empty());
}

TEST_CASE("a host port of a node is one project's [I15]") {
  World world;
  add_node(world, "w1");
  REQUIRE(world.apply(publishing("a", "8080")).ok());
  REQUIRE(world.apply(publishing("b", "8080")).ok());
  CHECK(why_not(world, "a", "w1").empty());
  CHECK(why_not(world, "b", "w1") == "node/w1 is with a host port that is taken (8080)");
}

TEST_CASE("what bound projects hold is known after a restart, also of an older database [I10]") {
  World world;
  add_node(world, "w1");
  REQUIRE(world.apply(asking("a", "3Gi")).ok());
  REQUIRE(world.apply(asking("b", "3Gi")).ok());
  REQUIRE(world.bind("a", "w1").ok());
  world.start();
  CHECK(!why_not(world, "b", "w1").empty());
}

TEST_CASE("a change that asks for more than its node has left is refused [I10]") {
  World world;
  add_node(world, "w1");
  REQUIRE(world.apply(asking("a", "1Gi")).ok());
  REQUIRE(world.apply(asking("b", "2Gi")).ok());
  REQUIRE(world.bind("a", "w1").ok());
  REQUIRE(world.bind("b", "w1").ok());
  const auto refused = world.apply(asking("a", "3Gi"));
  CHECK(failed_with(refused, Code::kConflict));
  CHECK(message_of(refused) ==
        "project/a asks for more than node/w1, where it is, has left: it is insufficient memory "
        "(needs 3Gi, 2Gi is free); ask for less, or delete it and apply it again");
  CHECK(world.project("a").metadata.generation == 1);
  REQUIRE(world.apply(asking("a", "2Gi")).ok());
  CHECK(failed_with(world.apply(asking("b", "2.5Gi")), Code::kConflict));
  REQUIRE(world.apply(asking("a", "512Mi")).ok());
  REQUIRE(world.apply(asking("b", "2.5Gi")).ok());
}

TEST_CASE("a node that shrank keeps its projects, and they can be changed") {
  World world;
  add_node(world, "w1");
  REQUIRE(world.apply(asking("a", "3Gi")).ok());
  REQUIRE(world.bind("a", "w1").ok());
  add_node(world, "w1", 1 * kGi);
  CHECK(world.apply(asking("a", "2Gi")).ok());
  CHECK(world.project("a").status.node_ref == "w1");
}

TEST_CASE("a project leaves its node only for one that takes it [E50]") {
  World world;
  add_node(world, "w1");
  const auto move = [&](const std::string& name, bool dry_run) {
    return world.call<schema::MoveReply>(
        kAlice, "project.move",
        schema::MoveRequest{"m-" + std::to_string(++world.now.wall.ms), name,
                            world.project(name).metadata.uid, "w1", dry_run});
  };
  REQUIRE(world.apply(asking("a", "2Gi")).ok());
  CHECK(message_of(move("a", false)) == "project/a is not on node/w1 any more");
  REQUIRE(world.bind("a", "w1").ok());
  CHECK(message_of(move("a", false)) == "project/a has nowhere to go: there is no other node");
  add_node(world, "w2", 1 * kGi);
  CHECK(message_of(move("a", false)) ==
        "project/a has nowhere to go: 0/1 node fits: 1 insufficient memory (needs 2Gi, most free "
        "1Gi on w2)");
  add_node(world, "w3");
  const std::int64_t before = world.store->revision();
  CHECK(move("a", true)->candidate == "w3");
  CHECK(world.store->revision() == before);
  CHECK(world.project("a").status.phase == Phase::kScheduled);
  REQUIRE(move("a", false).ok());
  CHECK(!world.published(schema::node_wake_subject("w1")).empty());
  // Its node is told to remove it as for a deletion; only then it is placed again.
  const auto desired = [&] {
    const auto reply = world.call<schema::DesiredReply>(
        agent_of("w1"), "desired.get",
        schema::DesiredRequest{.node = "w1", .registration = world.registrations["w1"]});
    return reply->projects.empty() ? std::nullopt : std::optional(reply->projects[0].phase);
  };
  CHECK(desired() == Phase::kTerminating);
  CHECK(world.project("a").status.phase == Phase::kScheduled);
  REQUIRE(world.send(world.report("a", Phase::kRunning)).ok());
  CHECK(world.project("a").status.node_ref == "w1");
  REQUIRE(move("a", false).ok());
  REQUIRE(world.send(world.report("a", Phase::kTerminated)).ok());
  CHECK(world.project("a").status.phase == Phase::kPending);
  CHECK(condition(world.project("a"), "Phase").reason == "Moved");
  CHECK(world.project("a").status.node_ref.empty());
  CHECK(!desired());
  CHECK(why_not(world, "a", "w3").empty());
  REQUIRE(world.apply(asking("db", "1Gi", Map{{"onNodeLoss", "Stay"}})).ok());
  REQUIRE(world.bind("db", "w1").ok());
  CHECK(message_of(move("db", true)) ==
        "project/db stays on node/w1, where its volumes are (spec.onNodeLoss: Stay)");
}

TEST_CASE("a project that leaves is deleted, or its node is lost: then that counts [E25][I16]") {
  World world;
  add_node(world, "w1");
  add_node(world, "w2");
  const auto move = [&](const std::string& name, const std::string& request_id) {
    return world.call<schema::MoveReply>(
        kAlice, "project.move",
        schema::MoveRequest{request_id, name, world.project(name).metadata.uid, "w1"});
  };
  for (const char* name : {"deleted", "lost"}) {
    REQUIRE(world.apply(asking(name, "1Gi")).ok());
    REQUIRE(world.bind(name, "w1").ok());
    REQUIRE(move(name, name).ok());
  }
  REQUIRE(world.apply(asking("once", "1Gi", Map{{"onNodeLoss", "MoveExclusive"}})).ok());
  REQUIRE(world.bind("once", "w1").ok());
  REQUIRE(world.remove("deleted").ok());
  REQUIRE(world.send(world.report("deleted", Phase::kTerminated)).ok());
  CHECK(world.project("deleted").status.phase == Phase::kTerminated);
  world.pass(20s, {"w2"});
  // Nobody can be asked to remove it: at once, unless no copy may be left.
  CHECK(contains(message_of(move("once", "o1")), "waits for its node for another"));
  REQUIRE(move("lost", "l2").ok());
  CHECK(world.project("lost").status.phase == Phase::kPending);
  CHECK(!world.project("lost").status.leaving);
  world.pass(60s, {"w2"});
  REQUIRE(move("once", "o2").ok());
  CHECK(world.project("once").status.phase == Phase::kPending);
}

TEST_CASE("what stays is not placed elsewhere, also after its node was deleted by force [E38]") {
  World world;
  add_node(world, "w1");
  add_node(world, "w2");
  REQUIRE(world.apply(asking("db", "1Gi", Map{{"onNodeLoss", "Stay"}})).ok());
  REQUIRE(world.bind("db", "w1").ok());
  CHECK(world.remove_node("w1", {.force = true})->projects == 1);
  CHECK(world.project("db").status.phase == Phase::kPending);
  CHECK(why_not(world, "db", "w2") == "node/w2 is without its volumes (they are on node/w1)");
  add_node(world, "w1");
  CHECK(why_not(world, "db", "w1").empty());
}

TEST_CASE("schedulers get different shares of what is Pending, for a while [I13][I14]") {
  World world;
  for (const char* name : {"a", "b"}) REQUIRE(world.apply(simple(name)).ok());
  const schema::ChangesReply first = pull(world, "s1");
  CHECK(first.claimed == std::vector<std::string>{"a", "b"});
  CHECK(first.claim_ms == 1000);
  REQUIRE(world.apply(simple("c")).ok());
  CHECK(pull(world, "s2").claimed == std::vector<std::string>{"c"});
  CHECK(pull(world, "s1").claimed.empty());
  // s1 is frozen: when its time is over everybody is told, and whoever asks gets its share.
  world.pass(1s);
  CHECK(!world.published(schema::kSchedAll).empty());
  CHECK(pull(world, "s2").claimed == std::vector<std::string>{"a", "b", "c"});
}

TEST_CASE("a share ends when it is placed, or fits nowhere: then it is offered again [E45]") {
  World world;
  add_node(world, "w1");
  for (const char* name : {"a", "b"}) REQUIRE(world.apply(simple(name)).ok());
  CHECK(pull(world, "s1").claimed.size() == 2);
  REQUIRE(world.bind("a", "w1").ok());
  const schema::Project b = world.project("b");
  REQUIRE(world
              .call<schema::RevisionReply>(
                  kSched, "project.unschedulable",
                  schema::UnschedulableRequest{"b", b.metadata.uid, b.metadata.revision, "full"})
              .ok());
  CHECK(pull(world, "s2").claimed == std::vector<std::string>{"b"});
  const auto viewer = world.call<schema::ChangesReply>(
      kBob, "changes.since", schema::ChangesRequest{world.store->revision()});
  CHECK(viewer->claimed.empty());
}

TEST_CASE("no scheduler takes everything, and what is new comes before what waits [I13]") {
  World world;
  for (int i = 0; i < 300; ++i) REQUIRE(world.apply(simple("p" + std::to_string(i))).ok());
  const schema::ChangesReply first = pull(world, "s1");
  CHECK(first.claimed.size() == 256);
  CHECK(first.claimed.front() == "p44");
  CHECK(first.claimed.back() == "p299");
  CHECK(!first.more);
  CHECK(pull(world, "s1").claimed.empty());
  CHECK(pull(world, "s2").claimed.size() == 44);
  REQUIRE(world.apply(simple("late")).ok());
  CHECK(pull(world, "s1").claimed.empty());
  CHECK(pull(world, "s2").claimed == std::vector<std::string>{"late"});
}

}  // namespace
}  // namespace cara::apiserver
