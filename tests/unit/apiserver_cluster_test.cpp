// Nodes by hand, nodes that are not what they were, and nodes that are lost together.
#include "tests/unit/apiserver_world.h"

namespace cara::apiserver {
namespace {

schema::Node node_of(World& world, const std::string& name) {
  const auto reply = world.call<schema::NodeReply>(kAlice, "node.get", schema::GetRequest{name});
  if (!reply) FAIL(reply.error().message);
  return reply->node;
}

Result<schema::NodeChangeReply> change(World& world, schema::NodeChangeRequest request) {
  static int number = 0;
  request.request_id = "change-" + std::to_string(++number);
  request.name = "w1";
  return world.call<schema::NodeChangeReply>(kAlice, "node.change", request);
}

Result<schema::RegisterReply> enroll(World& world, schema::RegisterRequest request) {
  request.engine_ready = true;
  const auto reply =
      world.call<schema::RegisterReply>(agent_of(request.node), "node.register", request);
  if (reply) world.registrations[request.node] = reply->registration;
  return reply;
}

std::string held(World& world) {
  const auto info = world.call<schema::ServerInfo>(kAlice, "server.info", schema::GetRequest{"x"});
  if (!info) FAIL(info.error().message);
  return info->moves_held;
}

Result<schema::AllowMovesReply> allow(World& world) {
  static int number = 0;
  return world.call<schema::AllowMovesReply>(
      kAlice, "cluster.allow-moves",
      schema::AllowMovesRequest{"allow-" + std::to_string(++number)});
}

// Nodes w1..wN, and a project p1..pN on each.
void fill(World& world, int nodes) {
  for (int i = 1; i <= nodes; ++i) {
    const std::string number = std::to_string(i);
    REQUIRE(world.register_node("w" + number, "agent-" + number).ok());
    world.run("p" + number, "w" + number);
  }
}

TEST_CASE("cordon: nothing new comes, what is there stays [E45]") {
  World world;
  REQUIRE(world.register_node("w1").ok());
  world.run("shop", "w1");
  REQUIRE(world.apply(simple("late")).ok());
  const auto first = change(world, {.unschedulable = true});
  REQUIRE(first.ok());
  CHECK(first->changed);
  CHECK(first->node.spec.unschedulable);
  CHECK(!change(world, {.unschedulable = true})->changed);
  CHECK(message_of(world.bind("late", "w1")) == "node/w1 is cordoned");
  CHECK(world.project("shop").status.phase == Phase::kRunning);
  REQUIRE(world.register_node("w1").ok());  // it stays so when the agent is restarted
  CHECK(!world.bind("late", "w1").ok());
  REQUIRE(change(world, {.unschedulable = false})->changed);
  CHECK(!world.published(schema::kSchedAll).empty());
  CHECK(world.bind("late", "w1").ok());
}

TEST_CASE("labels by hand stay, labels of the agent come and go with it") {
  World world;
  REQUIRE(
      enroll(world, {.node = "w1", .agent_id = "a", .labels = {{"disk", "hdd"}, {"x", "1"}}}).ok());
  REQUIRE(change(world, {.set_labels = {{"zone", "north"}, {"disk", "ssd"}}}).ok());
  REQUIRE(
      enroll(world, {.node = "w1", .agent_id = "a", .labels = {{"disk", "hdd"}, {"y", "2"}}}).ok());
  using Labels = std::map<std::string, std::string>;
  CHECK(node_of(world, "w1").metadata.labels ==
        Labels{{"disk", "ssd"}, {"y", "2"}, {"zone", "north"}});
  REQUIRE(change(world, {.remove_labels = {"disk", "zone"}}).ok());
  CHECK(node_of(world, "w1").metadata.labels == Labels{{"disk", "hdd"}, {"y", "2"}});
  const auto refused = change(world, {.remove_labels = {"y"}});
  CHECK(message_of(refused) ==
        "the label y of node/w1 is brought by its agent (--label): change it there, or set another "
        "value");
  CHECK(failed_with(change(world, {.set_labels = {{"a b", ""}}}), Code::kInvalid));
  CHECK(failed_with(change(world, {.set_labels = {{"a", "b c"}}}), Code::kInvalid));
}

TEST_CASE("taints are set, replaced and removed by key and effect") {
  using schema::Taint;
  using enum schema::TaintEffect;
  World world;
  REQUIRE(world.register_node("w1").ok());
  REQUIRE(world.apply(simple("late")).ok());
  REQUIRE(
      change(world, {.set_taints = {{"gpu", "a", kNoSchedule}, {"gpu", "a", kPreferNoSchedule}}})
          .ok());
  CHECK(message_of(world.bind("late", "w1")) ==
        "node/w1 is with a taint that spec.tolerations does not name");
  REQUIRE(change(world, {.set_taints = {{"gpu", "b", kNoSchedule}}}).ok());
  CHECK(node_of(world, "w1").spec.taints ==
        std::vector<Taint>{{"gpu", "b", kNoSchedule}, {"gpu", "a", kPreferNoSchedule}});
  REQUIRE(change(world, {.remove_taints = {{"gpu", "", kNoSchedule}}}).ok());
  CHECK(world.bind("late", "w1").ok());
  REQUIRE(change(world, {.remove_taints = {{"gpu", "", kPreferNoSchedule}}}).ok());
  CHECK(node_of(world, "w1").spec.taints.empty());
}

TEST_CASE(
    "pressure is a condition while it lasts, keeps new projects away, and is told once [E45]") {
  World world;
  REQUIRE(world.register_node("w1").ok());
  REQUIRE(world.apply(simple("late")).ok());
  const auto beat = [&](const std::string& message) {
    schema::Heartbeat heartbeat{.registration = world.registrations["w1"], .engine_ready = true};
    if (!message.empty()) heartbeat.troubles = {{"DiskPressure", message}, {"Nonsense", "x"}};
    auto sent = world.beat_message("w1");
    sent.body = schema::pack_message(heartbeat);
    world.step({sent});
  };
  beat("1Gi of 80Gi free");
  const auto* pressure = find_condition(node_of(world, "w1").status.conditions, "DiskPressure");
  CHECK(pressure != nullptr);
  CHECK(find_condition(node_of(world, "w1").status.conditions, "Nonsense") == nullptr);
  CHECK(message_of(world.bind("late", "w1")) == "node/w1 is short of disk space");
  const std::int64_t quiet = world.store->revision();
  beat("0.9Gi of 80Gi free");
  CHECK(world.store->revision() == quiet);
  beat("");
  CHECK(!world.published(schema::kSchedAll).empty());
  CHECK(world.bind("late", "w1").ok());
}

TEST_CASE(
    "a machine that was copied with its disk is refused, one that was rebooted is not [E39]") {
  World world;
  REQUIRE(enroll(world, {.node = "w1", .agent_id = "a", .machine_id = "m", .boot_id = "1"}).ok());
  world.pass(5s, {"w1"});
  CHECK(message_of(enroll(world, {.node = "w1", .agent_id = "a", .boot_id = "2"})) ==
        "another machine runs as node/w1 with a copy of this agent's --state-dir; remove the copy "
        "and give this one another --node");
  CHECK(enroll(world, {.node = "w1", .agent_id = "a", .boot_id = "1"}).ok());
  world.pass(8s);
  CHECK(enroll(world, {.node = "w1", .agent_id = "a", .machine_id = "m", .boot_id = "2"}).ok());
  CHECK(node_of(world, "w1").status.boot_id == "2");
}

TEST_CASE("a machine that was set up anew starts clean [E38]") {
  World world;
  fill(world, 2);
  REQUIRE(world.apply(simple("going")).ok());
  REQUIRE(world.bind("going", "w1").ok());
  REQUIRE(world.remove("going").ok());
  const std::int64_t assignment = world.project("p1").status.assignment;
  world.pass(16s, {"w2"});
  REQUIRE(enroll(world, {.node = "w1", .agent_id = "new"}).ok());
  CHECK(world.project("p1").status.phase == Phase::kPending);
  CHECK(condition(world.project("p1"), "Phase").reason == "NodeReinstalled");
  CHECK(world.project("going").status.phase == Phase::kTerminated);
  CHECK(world.project("p2").status.phase == Phase::kRunning);
  REQUIRE(world.bind("p1", "w1").ok());
  CHECK(world.project("p1").status.assignment == assignment + 1);
}

TEST_CASE("nobody takes over a name while a MoveExclusive copy may run under it [I16]") {
  World world;
  REQUIRE(world.register_node("w1").ok());
  REQUIRE(world.register_node("w2", "agent-2").ok());
  REQUIRE(world
              .apply(manifest("once", Map{{"services", Value(Array{service("web")})},
                                          {"onNodeLoss", "MoveExclusive"}}))
              .ok());
  REQUIRE(world.bind("once", "w1").ok());
  world.pass(20s, {"w2"});
  const auto early = enroll(world, {.node = "w1", .agent_id = "new"});
  CHECK(contains(message_of(early), "when nothing of the old one can run any more"));
  CHECK(world.project("once").status.node_ref == "w1");
  world.pass(60s, {"w2"});
  CHECK(enroll(world, {.node = "w1", .agent_id = "new"}).ok());
  CHECK(world.project("once").status.phase == Phase::kPending);
}

TEST_CASE("when most nodes vanish nothing is moved until they are back [E42][I26]") {
  World world;
  fill(world, 5);
  world.pass(20s, {"w1", "w2"});
  CHECK(held(world) == "3 of 5 nodes were lost within 5m");
  world.pass(90s, {"w1", "w2"});
  const auto refused = world.gc("evict", "p3");
  CHECK(message_of(refused) == "moves are held: 3 of 5 nodes were lost within 5m");
  // A restart forgets nothing of it.
  world.start();
  world.pass(30s, {"w1", "w2"});
  CHECK(!held(world).empty());
  // Two of three are back; the last one gets its full grace once more.
  REQUIRE(world.beat("w3").ok());
  CHECK(held(world).empty());
  CHECK(contains(message_of(world.gc("evict", "p5")), "waits for its node for another 1m"));
  world.pass(61s, {"w1", "w2", "w3"});
  CHECK(world.gc("evict", "p5").ok());
  CHECK(world.project("p5").status.phase == Phase::kPending);
}

TEST_CASE("nodes that were lost before a restart count for what is lost together [E42]") {
  World world;
  fill(world, 5);
  world.pass(20s, {"w1", "w2", "w3"});
  CHECK(held(world).empty());
  world.start();
  world.pass(20s, {"w1", "w2"});
  CHECK(held(world) == "3 of 5 nodes were lost within 5m");
}

TEST_CASE("an operator may say that projects of many lost nodes are to be moved [E42]") {
  World world;
  fill(world, 3);
  CHECK(allow(world)->was_held.empty());
  world.pass(90s, {"w1"});
  CHECK(!world.gc("evict", "p2").ok());
  CHECK(allow(world)->was_held == "2 of 3 nodes were lost within 5m");
  CHECK(held(world).empty());
  CHECK(world.gc("evict", "p2").ok());
  CHECK(world.gc("evict", "p3").ok());
  // It is said for this once: when they are back and vanish again, they are held again.
  REQUIRE(world.beat("w2").ok());
  REQUIRE(world.beat("w3").ok());
  world.pass(20s, {"w1"});
  CHECK(!held(world).empty());
}

TEST_CASE("nodes that are lost one after the other, or long ago, are no mass loss [E42]") {
  World world;
  fill(world, 4);
  world.pass(6min, {"w1", "w2", "w3"});
  CHECK(held(world).empty());
  world.pass(20s, {"w1", "w2"});
  CHECK(held(world).empty());
  // One of the two that are left is half, not more; then the other goes as well.
  world.pass(20s, {"w1"});
  CHECK(!held(world).empty());
  REQUIRE(world.remove_node("w2", {.force = true}).ok());
  REQUIRE(world.remove_node("w3", {.force = true}).ok());
  CHECK(held(world).empty());
}

TEST_CASE("a window of nothing: projects are moved whatever is lost") {
  World world({}, {.mass_loss_window = runtime::Duration::zero()});
  fill(world, 2);
  world.pass(90s);
  CHECK(held(world).empty());
  CHECK(world.gc("evict", "p1").ok());
}

}  // namespace
}  // namespace cara::apiserver
