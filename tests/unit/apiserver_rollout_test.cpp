// Revisions of a spec: what is kept, back by hand, back by itself.
#include "tests/unit/apiserver_world.h"

namespace cara::apiserver {
namespace {

using schema::RevisionCause;

std::vector<schema::RevisionInfo> history(World& world, const std::string& name,
                                          const Identity& who = kAlice, std::int64_t revision = 0) {
  auto reply = world.call<schema::HistoryReply>(who, "project.history",
                                                schema::HistoryRequest{name, revision});
  if (!reply) FAIL(reply.error().message);
  return reply->revisions;
}

std::vector<std::int64_t> numbers(World& world, const std::string& name) {
  std::vector<std::int64_t> found;
  for (const auto& revision : history(world, name)) found.push_back(revision.number);
  return found;
}

Result<schema::UndoReply> undo(World& world, const std::string& name, std::int64_t to = 0) {
  static int requests = 0;
  return world.call<schema::UndoReply>(
      kAlice, "project.undo", schema::UndoRequest{"undo-" + std::to_string(++requests), name, to});
}

std::string image_of(World& world, const std::string& name) {
  return world.project(name).spec.services[0].image;
}

// `shop` ran with busybox:1 and is updated to busybox:2, which has not come up.
void update(World& world, Map spec = {}) {
  REQUIRE(world.register_node("w1").ok());
  REQUIRE(world.apply(simple("shop", "busybox:1")).ok());
  REQUIRE(world.bind("shop", "w1").ok());
  REQUIRE(world.send(world.report("shop", Phase::kRunning)).ok());
  spec.push_back({"services", Value(Array{service("web", "busybox:2")})});
  REQUIRE(world.apply(manifest("shop", spec)).ok());
}

schema::StatusRequest gives_up(World& world) {
  schema::StatusRequest request = world.report("shop", Phase::kFailed);
  request.reason = "CrashLoopBackOff";
  request.message = "web: exit code 1\nlog line";
  request.give_up = true;
  return request;
}

TEST_CASE("every spec is a revision, labels are not, and Running makes it healthy") {
  World world;
  update(world);
  Map labels{{"labels", Value(Map{{"a", "b"}})}};
  REQUIRE(world
              .apply(manifest("shop", Map{{"services", Value(Array{service("web", "busybox:2")})}},
                              labels))
              .ok());
  const auto kept = history(world, "shop");
  REQUIRE(kept.size() == 2);
  CHECK(kept[0].number == 1);
  CHECK(kept[0].generation == 1);
  CHECK(kept[0].at == world.now.wall);
  CHECK(kept[0].cause == RevisionCause::kApply);
  CHECK(kept[0].healthy);
  CHECK(!kept[0].current);
  CHECK(kept[0].images == std::vector<std::string>{"busybox:1"});
  CHECK(!kept[0].spec);
  CHECK(kept[1].number == 2);
  CHECK(!kept[1].healthy);
  CHECK(kept[1].current);
  const auto one = history(world, "shop", kAlice, 1);
  REQUIRE(one.size() == 1);
  CHECK(one[0].spec->services[0].image == "busybox:1");
  const auto unknown = world.call<schema::HistoryReply>(kAlice, "project.history",
                                                        schema::HistoryRequest{"shop", 7});
  REQUIRE(failed_with(unknown, Code::kNotFound));
  CHECK(unknown.error().message == "project/shop has no revision 7; kept are: 1, 2");
}

TEST_CASE("ten revisions are kept, with the newest that was healthy among them") {
  World world;
  update(world);
  for (int i = 3; i <= 30; ++i) {
    REQUIRE(world.apply(simple("shop", "busybox:" + std::to_string(i))).ok());
  }
  CHECK(numbers(world, "shop") == std::vector<std::int64_t>{1, 22, 23, 24, 25, 26, 27, 28, 29, 30});
  REQUIRE(world.send(world.report("shop", Phase::kRunning)).ok());
  REQUIRE(world.apply(simple("shop", "busybox:31")).ok());
  CHECK(numbers(world, "shop") ==
        std::vector<std::int64_t>{22, 23, 24, 25, 26, 27, 28, 29, 30, 31});
}

TEST_CASE("revisions go with their project, and a new one of that name begins at 1") {
  World world;
  update(world);
  REQUIRE(world.remove("shop", {.request_id = "f", .force = true}).ok());
  CHECK(failed_with(
      world.call<schema::HistoryReply>(kAlice, "project.history", schema::HistoryRequest{"shop"}),
      Code::kNotFound));
  REQUIRE(world.apply(simple("shop")).ok());
  CHECK(numbers(world, "shop") == std::vector<std::int64_t>{1});
}

TEST_CASE("viewers see revisions without the values of variables [I36]") {
  World world;
  const Value env(Array{Map{{"name", "P"}, {"value", "hunter2"}}});
  REQUIRE(world
              .apply(manifest(
                  "shop",
                  Map{{"services",
                       Value(Array{Map{{"name", "web"}, {"image", "busybox"}, {"env", env}}})}}))
              .ok());
  CHECK(history(world, "shop", kAlice, 1)[0].spec->services[0].env[0].value == "hunter2");
  CHECK(history(world, "shop", kBob, 1)[0].spec->services[0].env[0].value.empty());
}

TEST_CASE("undo applies an earlier spec as a new revision, and wakes the node") {
  World world;
  update(world);
  const auto back = undo(world, "shop");
  REQUIRE(back.ok());
  CHECK(back->revision == 1);
  CHECK(back->changed);
  CHECK(back->note.empty());
  CHECK(world.published("cara.v1.node.w1.wake").size() == 1);
  CHECK(image_of(world, "shop") == "busybox:1");
  CHECK(world.project("shop").metadata.generation == 3);
  CHECK(history(world, "shop").back().cause == RevisionCause::kUndo);
  CHECK(numbers(world, "shop") == std::vector<std::int64_t>{1, 2, 3});

  SECTION("to a named one, and back again") {
    CHECK(undo(world, "shop", 2)->revision == 2);
    CHECK(image_of(world, "shop") == "busybox:2");
    CHECK(failed_with(undo(world, "shop", 9), Code::kNotFound));
  }
  SECTION("to the spec it has changes nothing") {
    const std::int64_t revision = world.store->revision();
    CHECK(!undo(world, "shop", 1)->changed);
    CHECK(world.store->revision() == revision);
  }
  SECTION("a project that is being deleted stays so") {
    REQUIRE(world.remove("shop").ok());
    CHECK(failed_with(undo(world, "shop"), Code::kConflict));
  }
}

TEST_CASE("undo leaves out an expireAt that is past, and says so") {
  World world;
  const std::string soon = to_string(Timestamp{world.now.wall.ms + 60'000});
  REQUIRE(world
              .apply(manifest("shop", Map{{"services", Value(Array{service("web", "busybox:1")})},
                                          {"expireAt", soon}}))
              .ok());
  CHECK(message_of(undo(world, "shop")) == "project/shop has no earlier revision to go back to");
  REQUIRE(world.apply(simple("shop", "busybox:2")).ok());
  world.now.wall.ms += 120'000;
  CHECK(undo(world, "shop")->note == "spec.expireAt " + soon + " is past and was left out");
  CHECK(image_of(world, "shop") == "busybox:1");
  CHECK(!world.project("shop").spec.expire_at);
}

TEST_CASE("undo to a host that another project took meanwhile is refused as a whole") {
  World world;
  const auto with_host = [](const std::string& name, const std::string& host) {
    const Value rule(Map{
        {"name", "in"}, {"host", host}, {"target", Value(Map{{"service", "web"}, {"port", 80}})}});
    return manifest(
        name, Map{{"services", Value(Array{service("web")})}, {"ingress", Value(Array{rule})}});
  };
  REQUIRE(world.apply(with_host("shop", "a.example.org")).ok());
  REQUIRE(world.apply(with_host("shop", "b.example.org")).ok());
  REQUIRE(world.apply(with_host("blog", "a.example.org")).ok());
  CHECK(message_of(undo(world, "shop")) ==
        "the host name `a.example.org` is taken by project/blog");
  CHECK(world.project("shop").metadata.generation == 2);
  CHECK(numbers(world, "shop") == std::vector<std::int64_t>{1, 2});
}

TEST_CASE("an update that is given up is rolled back as a whole, and says what failed [E31]") {
  World world;
  update(world);
  const schema::StatusRequest late = gives_up(world);
  REQUIRE(world.send(late).ok());
  schema::Project shop = world.project("shop");
  CHECK(shop.spec.services[0].image == "busybox:1");
  CHECK(shop.metadata.generation == 3);
  const schema::Condition& said = condition(shop, "RolledBack");
  CHECK(said.status == "True");
  CHECK(said.reason == "UpdateFailed");
  CHECK(said.message ==
        "generation 2 did not become Running within 5m: web: exit code 1\nlog line; the spec of "
        "revision 1 is back");
  CHECK(condition(shop, "Phase").reason == "CrashLoopBackOff");
  CHECK(history(world, "shop").back().cause == RevisionCause::kRollback);

  SECTION("doubled, it changes nothing") {
    const std::int64_t revision = world.store->revision();
    REQUIRE(world.send(late).ok());
    CHECK(world.store->revision() == revision);
  }
  SECTION("the node is told") {
    REQUIRE(world.apply(simple("shop", "busybox:3")).ok());
    REQUIRE(world.send(gives_up(world)).ok());
    CHECK(world.published("cara.v1.node.w1.wake").size() == 1);
  }
  SECTION("Running keeps the condition, the next spec ends it, labels do not") {
    REQUIRE(world.send(world.report("shop", Phase::kRunning)).ok());
    CHECK(has_condition(world.project("shop"), "RolledBack"));
    REQUIRE(
        world
            .apply(manifest("shop", Map{{"services", Value(Array{service("web", "busybox:1")})}},
                            Map{{"labels", Value(Map{{"a", "b"}})}}))
            .ok());
    CHECK(has_condition(world.project("shop"), "RolledBack"));
    REQUIRE(world.apply(simple("shop", "busybox:4")).ok());
    CHECK(!has_condition(world.project("shop"), "RolledBack"));
  }
  SECTION("what fails after a rollback is left alone: the spec is not to blame") {
    REQUIRE(world.send(gives_up(world)).ok());
    CHECK(world.project("shop").metadata.generation == 3);
  }
}

TEST_CASE("an older generation, Pause, or nothing healthy: nothing is rolled back") {
  World world;
  SECTION("older") {
    update(world);
    const schema::StatusRequest late = gives_up(world);
    REQUIRE(world.apply(simple("shop", "busybox:3")).ok());
    REQUIRE(world.send(late).ok());
    CHECK(image_of(world, "shop") == "busybox:3");
    CHECK(world.project("shop").status.phase == Phase::kRunning);
  }
  SECTION("Pause") {
    update(world, Map{{"updatePolicy", Value(Map{{"onFailure", "Pause"}})}});
    REQUIRE(world.send(gives_up(world)).ok());
    CHECK(image_of(world, "shop") == "busybox:2");
    CHECK(world.project("shop").status.phase == Phase::kFailed);
    CHECK(!has_condition(world.project("shop"), "RolledBack"));
  }
  SECTION("never healthy") {
    REQUIRE(world.register_node("w1").ok());
    REQUIRE(world.apply(simple("shop", "busybox:1")).ok());
    REQUIRE(world.apply(simple("shop", "busybox:2")).ok());
    REQUIRE(world.bind("shop", "w1").ok());
    REQUIRE(world.send(gives_up(world)).ok());
    CHECK(image_of(world, "shop") == "busybox:2");
  }
  SECTION("it ran once with this spec") {
    update(world);
    REQUIRE(world.send(world.report("shop", Phase::kRunning)).ok());
    REQUIRE(world.send(gives_up(world)).ok());
    CHECK(image_of(world, "shop") == "busybox:2");
  }
  SECTION("it was moved to another node meanwhile") {
    update(world);
    REQUIRE(world.register_node("w2", "agent-2").ok());
    REQUIRE(world.remove_node("w1", {.request_id = "", .name = "", .uid = "", .force = true}).ok());
    REQUIRE(world.bind("shop", "w2").ok());
    REQUIRE(world.send(gives_up(world)).ok());
    CHECK(image_of(world, "shop") == "busybox:2");
  }
}

TEST_CASE("a rollback whose names are taken is not done, and that is an event") {
  World world;
  REQUIRE(world.register_node("w1").ok());
  REQUIRE(world.apply(manifest("shop", Map{{"services", Value(Array{service("a-b")})}})).ok());
  REQUIRE(world.bind("shop", "w1").ok());
  REQUIRE(world.send(world.report("shop", Phase::kRunning)).ok());
  REQUIRE(world.apply(simple("shop")).ok());
  REQUIRE(world.apply(manifest("shop-a", Map{{"services", Value(Array{service("b")})}})).ok());
  REQUIRE(world.send(gives_up(world)).ok());
  const schema::Project shop = world.project("shop");
  CHECK(shop.metadata.generation == 2);
  CHECK(shop.status.phase == Phase::kFailed);
  CHECK(!has_condition(shop, "RolledBack"));
  const auto events = world.call<schema::EventListReply>(
      kAlice, "event.list", schema::EventListRequest{.kind = "project", .name = "shop"});
  CHECK(events->events.back().reason == "RollbackRefused");
  CHECK(events->events.back().message ==
        "Revision 1 cannot be put back: the container name `shop-a-b` is taken by project/shop-a");
}

TEST_CASE("a second undo with the same request id has one effect [I4]") {
  World world;
  update(world);
  const schema::UndoRequest request{"same", "shop", 0};
  for (int i = 0; i < 2; ++i) {
    CHECK(world.call<schema::UndoReply>(kAlice, "project.undo", request)->revision == 1);
  }
  CHECK(world.project("shop").metadata.generation == 3);
}

}  // namespace
}  // namespace cara::apiserver
