// The walk of a project through its phases, and who may make it go where.
#include "tests/unit/apiserver_world.h"

namespace cara::apiserver {
namespace {

TEST_CASE(
    "bind, run, delete, reap: every phase with its condition [S21][S22][S25][S26][S29][S30]") {
  World world;
  REQUIRE(world.register_node("w1").ok());
  REQUIRE(world.apply(simple("shop")).ok());

  REQUIRE(world.bind("shop", "w1").ok());
  CHECK(world.published("cara.v1.node.w1.wake").size() == 1);
  schema::Project shop = world.project("shop");
  CHECK(shop.status.phase == Phase::kScheduled);
  CHECK(shop.status.node_ref == "w1");
  CHECK(shop.status.assignment == 1);

  world.now.wall.ms += 2'000;
  REQUIRE(world.send(world.report("shop", Phase::kRunning)).ok());
  shop = world.project("shop");
  CHECK(shop.status.phase == Phase::kRunning);
  CHECK(shop.status.observed_generation == 1);
  CHECK(condition(shop, "Phase").reason == "AgentReady");
  CHECK(condition(shop, "Phase").message == "All containers are running");
  CHECK(to_string(condition(shop, "Phase").last_transition_time) == "2025-06-15T15:06:42Z");

  REQUIRE(world.remove("shop")->outcome == schema::DeleteOutcome::kDeleting);
  CHECK(world.published("cara.v1.node.w1.wake").size() == 1);
  CHECK(world.project("shop").status.phase == Phase::kTerminating);
  CHECK(failed_with(world.gc("reap", "shop"), Code::kConflict));

  REQUIRE(world.send(world.report("shop", Phase::kTerminated)).ok());
  CHECK(world.project("shop").status.phase == Phase::kTerminated);
  REQUIRE(world.gc("reap", "shop").ok());
  CHECK(failed_with(world.get("shop"), Code::kNotFound));
}

TEST_CASE("a failure carries its explanation, and heals [S24]") {
  World world;
  REQUIRE(world.register_node("w1").ok());
  world.run("shop", "w1");
  schema::StatusRequest failed = world.report("shop", Phase::kFailed);
  failed.reason = "ImageNotFound";
  failed.message = "no such image: nope:1";
  failed.services = {
      {.name = "web", .state = "missing", .health = "", .address = "", .message = "pull failed"}};
  REQUIRE(world.send(failed).ok());
  schema::Project shop = world.project("shop");
  CHECK(shop.status.phase == Phase::kFailed);
  CHECK(condition(shop, "Phase").reason == "ImageNotFound");
  CHECK(condition(shop, "Phase").message == "no such image: nope:1");
  REQUIRE(shop.status.services.size() == 1);

  SECTION("the same report again makes no revision") {
    const std::int64_t revision = world.store->revision();
    REQUIRE(world.send(failed).ok());
    CHECK(world.store->revision() == revision);
  }
  SECTION("other words keep the time of the transition [I8]") {
    const Timestamp since = condition(shop, "Phase").last_transition_time;
    world.now.wall.ms += 60'000;
    failed.message = "still no such image";
    REQUIRE(world.send(failed).ok());
    shop = world.project("shop");
    CHECK(condition(shop, "Phase").message == "still no such image");
    CHECK(condition(shop, "Phase").last_transition_time == since);
  }
  SECTION("endless words are cut") {
    failed.message = std::string(100'000, 'x');
    failed.services.assign(5'000, failed.services.front());
    REQUIRE(world.send(failed).ok());
    CHECK(schema::pack_message(world.project("shop")).size() < 200 * 1024);
  }
  SECTION("running again") {
    REQUIRE(world.send(world.report("shop", Phase::kRunning)).ok());
    CHECK(condition(world.project("shop"), "Phase").reason == "AgentReady");
  }
}

TEST_CASE("progress is told without a transition") {
  World world;
  REQUIRE(world.register_node("w1").ok());
  REQUIRE(world.apply(simple("shop")).ok());
  REQUIRE(world.bind("shop", "w1").ok());
  schema::StatusRequest progress = world.report("shop", Phase::kScheduled);
  progress.reason = "PullingImages";
  progress.message = "web: 40 %";
  REQUIRE(world.send(progress).ok());
  const schema::Project shop = world.project("shop");
  CHECK(shop.status.phase == Phase::kScheduled);
  CHECK(condition(shop, "Phase").reason == "PullingImages");
}

// A doubled report that came a second late replaced "All containers are running" by "getting
// image".
TEST_CASE("a report that comes after a later one changes nothing [S30]") {
  World world;
  REQUIRE(world.register_node("w1").ok());
  REQUIRE(world.apply(simple("shop")).ok());
  REQUIRE(world.bind("shop", "w1").ok());
  schema::StatusRequest progress = world.report("shop", Phase::kScheduled);
  progress.number = 1;
  REQUIRE(world.send(progress).ok());
  schema::StatusRequest done = world.report("shop", Phase::kRunning);
  done.number = 2;
  REQUIRE(world.send(done).ok());
  CHECK(world.send(progress).ok());
  CHECK(condition(world.project("shop"), "Phase").reason == "AgentReady");

  // A new registration counts from the start.
  REQUIRE(world.register_node("w1").ok());
  progress = world.report("shop", Phase::kScheduled);
  progress.number = 1;
  REQUIRE(world.send(progress).ok());
  CHECK(condition(world.project("shop"), "Phase").reason == "Reported");
}

TEST_CASE("only a paused project goes back to Scheduled, and Running again") {
  World world;
  REQUIRE(world.register_node("w1").ok());
  world.run("shop", "w1");
  const auto stopped = [&] {
    schema::StatusRequest request = world.report("shop", Phase::kScheduled);
    request.reason = "Paused";
    request.message = "spec.paused: all containers are stopped";
    return request;
  };
  REQUIRE(world.send(stopped()).ok());
  CHECK(world.project("shop").status.phase == Phase::kRunning);
  const schema::StatusRequest old = stopped();
  const Map paused{{"services", Value(Array{service("web")})}, {"paused", true}};
  REQUIRE(world.apply(manifest("shop", paused)).ok());
  REQUIRE(world.send(old).ok());
  CHECK(world.project("shop").status.phase == Phase::kRunning);
  SECTION("from Running") {}
  SECTION("from Failed") { REQUIRE(world.send(world.report("shop", Phase::kFailed)).ok()); }
  REQUIRE(world.send(stopped()).ok());
  const schema::Project shop = world.project("shop");
  CHECK(shop.status.phase == Phase::kScheduled);
  CHECK(shop.status.node_ref == "w1");
  CHECK(condition(shop, "Phase").reason == "Paused");
  REQUIRE(world.apply(simple("shop")).ok());
  REQUIRE(world.send(world.report("shop", Phase::kRunning)).ok());
  CHECK(world.project("shop").status.phase == Phase::kRunning);
}

TEST_CASE("delete tells the node whether Persistent volumes go, and the user which stay") {
  World world;
  REQUIRE(world.register_node("w1").ok());
  const Value data(Map{{"name", "data"}, {"type", "Persistent"}});
  const Value temp(Map{{"name", "temp"}, {"type", "Ephemeral"}});
  const Map spec{{"services", Value(Array{service("web")})}, {"volumes", Value(Array{data, temp})}};
  const auto desired = [&] {
    return world
        .call<schema::DesiredReply>(agent_of("w1"), "desired.get",
                                    schema::DesiredRequest{"w1", world.registrations["w1"], ""})
        ->projects.at(0);
  };
  REQUIRE(world.apply(manifest("shop", spec)).ok());
  REQUIRE(world.bind("shop", "w1").ok());
  CHECK(!desired().delete_volumes);
  SECTION("they stay") {
    const auto reply = world.remove("shop");
    CHECK(reply->kept_volumes == std::vector<std::string>{"cara-shop-data"});
    CHECK(reply->node == "w1");
    CHECK(!desired().delete_volumes);
    SECTION("and go when it is asked again with them") {
      CHECK(world.remove("shop", {.request_id = "v", .volumes = true})->kept_volumes.empty());
      CHECK(world.published("cara.v1.node.w1.wake").size() == 1);
      CHECK(desired().delete_volumes);
      REQUIRE(world.remove("shop").ok());
      CHECK(desired().delete_volumes);
    }
  }
  SECTION("they go") {
    CHECK(world.remove("shop", {.request_id = "v", .volumes = true})->kept_volumes.empty());
    CHECK(desired().delete_volumes);
    CHECK(desired().phase == Phase::kTerminating);
  }
  SECTION("without a record nobody could say it") {
    CHECK(failed_with(world.remove("shop", {.request_id = "v", .force = true, .volumes = true}),
                      Code::kInvalid));
    CHECK(world.remove("shop", {.request_id = "w", .force = true})->kept_volumes.size() == 1);
  }
}

TEST_CASE("an update keeps the node and the phase until its agent reports") {
  World world;
  REQUIRE(world.register_node("w1").ok());
  world.run("shop", "w1");
  const schema::StatusRequest old_report = world.report("shop", Phase::kFailed);
  REQUIRE(world.apply(simple("shop", "busybox:2")).ok());
  CHECK(world.published("cara.v1.node.w1.wake").size() == 1);
  schema::Project shop = world.project("shop");
  CHECK(shop.status.phase == Phase::kRunning);
  CHECK(shop.status.node_ref == "w1");
  CHECK(shop.status.observed_generation == 1);
  CHECK(shop.metadata.generation == 2);

  // What is said of the old spec moves nothing.
  REQUIRE(world.send(old_report).ok());
  CHECK(world.project("shop").status.phase == Phase::kRunning);
  REQUIRE(world.send(world.report("shop", Phase::kRunning)).ok());
  CHECK(world.project("shop").status.observed_generation == 2);
  schema::StatusRequest future = world.report("shop", Phase::kRunning);
  future.generation = 3;
  CHECK(failed_with(world.send(future), Code::kConflict));
}

TEST_CASE("a report of another assignment, incarnation, registration or node is refused [I5][I7]") {
  World world;
  REQUIRE(world.register_node("w1").ok());
  REQUIRE(world.register_node("w2", "agent-2").ok());
  REQUIRE(world.apply(simple("shop")).ok());
  REQUIRE(world.bind("shop", "w1").ok());
  const schema::StatusRequest good = world.report("shop", Phase::kRunning);
  schema::StatusRequest wrong = good;
  SECTION("assignment") {
    wrong.assignment = 7;
    CHECK(failed_with(world.send(wrong), Code::kConflict));
  }
  SECTION("uid") {
    wrong.uid = "0000";
    CHECK(failed_with(world.send(wrong), Code::kConflict));
    wrong.uid.clear();
    CHECK(failed_with(world.send(wrong), Code::kInvalid));
  }
  SECTION("registration") {
    wrong.registration -= 1;
    CHECK(failed_with(world.send(wrong), Code::kConflict));
  }
  SECTION("a node that does not hold it") {
    wrong.node = "w2";
    wrong.registration = world.registrations["w2"];
    CHECK(failed_with(world.send(wrong), Code::kConflict));
  }
  SECTION("a node that is not the sender's") {
    CHECK(failed_with(world.call<schema::RevisionReply>(agent_of("w2"), "project.status", good),
                      Code::kForbidden));
  }
  CHECK(world.project("shop").status.phase == Phase::kScheduled);
  CHECK(world.send(good).ok());
}

TEST_CASE("phases move along the table only [S27][I6]") {
  World world;
  REQUIRE(world.register_node("w1").ok());
  world.run("shop", "w1");
  SECTION("an agent cannot end what nobody deleted") {
    CHECK(failed_with(world.send(world.report("shop", Phase::kTerminated)), Code::kConflict));
  }
  SECTION("an agent cannot make it Pending or Terminating") {
    CHECK(failed_with(world.send(world.report("shop", Phase::kPending)), Code::kConflict));
    CHECK(failed_with(world.send(world.report("shop", Phase::kTerminating)), Code::kConflict));
  }
  SECTION("a running one is not bound again") {
    CHECK(failed_with(world.bind("shop", "w1"), Code::kConflict));
  }
  SECTION("the store itself refuses what the code above it should never ask") {
    schema::Project shop = world.project("shop");
    REQUIRE(world.store->begin().ok());
    REQUIRE(world.store->begin_request().ok());
    shop.status.phase = Phase::kTerminated;
    CHECK(failed_with(world.store->put(shop, {}), Code::kConflict));
    world.store->undo_request();
    CHECK(failed_with(world.store->remove(shop, {}), Code::kConflict));
    shop.metadata.name = "born-running";
    shop.metadata.uid = "fresh";
    shop.status.phase = Phase::kRunning;
    CHECK(failed_with(world.store->put(shop, {}), Code::kConflict));
    world.store->rollback();
  }
  CHECK(world.project("shop").status.phase == Phase::kRunning);
}

TEST_CASE("delete while Pending ends it at once, and a bind in flight loses [E24]") {
  World world;
  REQUIRE(world.register_node("w1").ok());
  REQUIRE(world.apply(simple("shop")).ok());
  const schema::Project seen = world.project("shop");
  REQUIRE(world.remove("shop").ok());
  CHECK(!world.published(schema::kGcWake).empty());
  CHECK(world.project("shop").status.phase == Phase::kTerminated);
  const auto late = world.call<schema::RevisionReply>(
      kSched, "project.bind",
      schema::BindRequest{"shop", seen.metadata.uid, seen.metadata.revision, "w1"});
  CHECK(failed_with(late, Code::kConflict));
}

TEST_CASE("delete between bind and the agent's first look [E25]") {
  World world;
  REQUIRE(world.register_node("w1").ok());
  REQUIRE(world.apply(simple("shop")).ok());
  REQUIRE(world.bind("shop", "w1").ok());
  const schema::StatusRequest running = world.report("shop", Phase::kRunning);
  REQUIRE(world.remove("shop").ok());
  const auto desired = world.call<schema::DesiredReply>(
      agent_of("w1"), "desired.get", schema::DesiredRequest{"w1", world.registrations["w1"], ""});
  REQUIRE(desired->projects.size() == 1);
  CHECK(desired->projects[0].phase == Phase::kTerminating);
  CHECK(failed_with(world.send(running), Code::kConflict));  // [E26]
  CHECK(world.project("shop").status.phase == Phase::kTerminating);
}

TEST_CASE("deleting twice, by uid, of the unknown, by force [E27]") {
  World world;
  REQUIRE(world.register_node("w1").ok());
  world.run("shop", "w1");
  const std::string uid = world.project("shop").metadata.uid;
  CHECK(failed_with(world.remove("nothing"), Code::kNotFound));
  CHECK(failed_with(world.remove("shop", {.request_id = "", .name = "", .uid = "other"}),
                    Code::kConflict));
  const auto first = world.remove("shop");
  const std::int64_t revision = world.store->revision();
  const auto second = world.remove("shop");
  CHECK(first->outcome == schema::DeleteOutcome::kDeleting);
  CHECK(second->outcome == first->outcome);
  CHECK(second->uid == uid);
  CHECK(world.store->revision() == revision);

  const auto forced =
      world.remove("shop", {.request_id = "f", .name = "", .uid = "", .force = true});
  CHECK(forced->outcome == schema::DeleteOutcome::kDeleted);
  CHECK(world.published("cara.v1.node.w1.wake").size() == 1);
  CHECK(failed_with(world.get("shop"), Code::kNotFound));
  // A retry of the forced delete has the same answer although the record is gone.
  CHECK(world.remove("shop", {.request_id = "f", .name = "", .uid = "", .force = true})->uid ==
        uid);
  const auto desired = world.call<schema::DesiredReply>(
      agent_of("w1"), "desired.get", schema::DesiredRequest{"w1", world.registrations["w1"], ""});
  CHECK(desired->projects.empty());
}

TEST_CASE("a bind is refused unless the node is known and ready [I12][I14]") {
  World world;
  REQUIRE(world.register_node("w1").ok());
  REQUIRE(world.apply(simple("shop")).ok());
  CHECK(failed_with(world.bind("shop", "nowhere"), Code::kConflict));
  world.pass(20s);
  CHECK(message_of(world.bind("shop", "w1")) == "node/w1 is NotReady");
  REQUIRE(world.beat("w1").ok());
  const schema::Project seen = world.project("shop");
  const schema::BindRequest request{"shop", seen.metadata.uid, seen.metadata.revision, "w1"};
  const auto one = world.message(kSched, "project.bind", schema::pack_message(request));
  const auto two =
      world.message({Role::kSched, "s2"}, "project.bind", schema::pack_message(request));
  world.step({one, two});
  CHECK(schema::unpack_reply<schema::RevisionReply>(*world.answer_to(one)).ok());
  CHECK(failed_with(schema::unpack_reply<schema::RevisionReply>(*world.answer_to(two)),
                    Code::kConflict));
  CHECK(world.project("shop").status.assignment == 1);
}

TEST_CASE("a bind that was decided on an older spec is refused") {
  World world;
  REQUIRE(world.register_node("w1").ok());
  REQUIRE(world.apply(simple("shop")).ok());
  const schema::Project seen = world.project("shop");
  REQUIRE(world.apply(simple("shop", "busybox:2")).ok());
  const auto late = world.call<schema::RevisionReply>(
      kSched, "project.bind",
      schema::BindRequest{"shop", seen.metadata.uid, seen.metadata.revision, "w1"});
  CHECK(failed_with(late, Code::kConflict));
  CHECK(world.project("shop").status.phase == Phase::kPending);
}

TEST_CASE("why a project waits is in its Phase condition") {
  World world;
  REQUIRE(world.apply(simple("shop")).ok());
  const auto say = [&](const std::string& why) {
    const schema::Project seen = world.project("shop");
    return world.call<schema::RevisionReply>(
        kSched, "project.unschedulable",
        schema::UnschedulableRequest{"shop", seen.metadata.uid, seen.metadata.revision, why});
  };
  REQUIRE(say("no node is registered").ok());
  CHECK(world.published(schema::kSchedAll).empty());
  const schema::Project shop = world.project("shop");
  CHECK(shop.status.phase == Phase::kPending);
  CHECK(condition(shop, "Phase").reason == "Unschedulable");
  CHECK(condition(shop, "Phase").message == "no node is registered");
  const std::int64_t revision = world.store->revision();
  CHECK(say("no node is registered")->revision == shop.metadata.revision);
  CHECK(world.store->revision() == revision);
}

}  // namespace
}  // namespace cara::apiserver
