// project.change, and applies that only try.
#include "tests/unit/apiserver_world.h"

namespace cara::apiserver {
namespace {

using schema::ProjectChangeRequest;

Result<schema::ProjectChangeReply> change(World& world, ProjectChangeRequest request) {
  static int requests = 0;
  request.name = "shop";
  request.request_id = "change-" + std::to_string(++requests);
  return world.call<schema::ProjectChangeReply>(kAlice, "project.change", request);
}

Result<schema::ApplyReply> try_to(World& world, const Value& wanted) {
  static int requests = 0;
  return world.call<schema::ApplyReply>(
      kAlice, "project.apply",
      schema::ApplyRequest{"try-" + std::to_string(++requests), wanted, true});
}

std::vector<std::string> reasons(World& world) {
  auto reply = world.call<schema::EventListReply>(
      kAlice, "event.list", schema::EventListRequest{.kind = "project", .name = "shop"});
  if (!reply) FAIL(reply.error().message);
  std::vector<std::string> found;
  for (const schema::Event& event : reply->events) {
    found.push_back(event.actor + " " + event.reason + ": " + event.message);
  }
  return found;
}

bool has(const std::vector<std::string>& all, const std::string& one) {
  return std::find(all.begin(), all.end(), one) != all.end();
}

Value two(const std::string& image = "busybox") {
  return manifest("shop", Map{{"services", Value(Array{service("web", image), service("db")})}});
}

void run_two(World& world) {
  REQUIRE(world.register_node("w1").ok());
  REQUIRE(world.apply(two()).ok());
  REQUIRE(world.bind("shop", "w1").ok());
  REQUIRE(world.send(world.report("shop", Phase::kRunning)).ok());
}

std::int64_t restarted(World& world, std::size_t service) {
  const auto time = world.project("shop").spec.services.at(service).restarted_at;
  return time ? time->ms : 0;
}

TEST_CASE("labels and annotations are changed without a new generation") {
  World world;
  run_two(world);
  const auto first =
      change(world, {.set_labels = {{"tier", "web"}}, .set_annotations = {{"note", "a b\nc"}}});
  REQUIRE(first.ok());
  CHECK(first->changed);
  CHECK(first->project.metadata.generation == 1);
  CHECK(world.project("shop").metadata.labels.at("tier") == "web");
  CHECK(world.project("shop").metadata.annotations.at("note") == "a b\nc");
  CHECK(has(reasons(world), "admin/alice LabelsChanged: Its labels were changed"));
  CHECK(has(reasons(world), "admin/alice AnnotationsChanged: Its annotations were changed"));
  const auto again = change(world, {.set_labels = {{"tier", "web"}}});
  REQUIRE(again.ok());
  CHECK(!again->changed);
  REQUIRE(change(world, {.remove_labels = {"tier"}, .remove_annotations = {"note"}}).ok());
  CHECK(world.project("shop").metadata.labels.empty());
  CHECK(world.project("shop").metadata.annotations.empty());
  CHECK(failed_with(change(world, {.set_labels = {{"a b", "x"}}}), Code::kInvalid));
  CHECK(failed_with(change(world, {.set_labels = {{"a", "x y"}}}), Code::kInvalid));
  CHECK(failed_with(change(world, {.set_annotations = {{"/", "x"}}}), Code::kInvalid));
  const auto huge = change(world, {.set_annotations = {{"a", std::string(300'000, 'x')}}});
  CHECK(failed_with(huge, Code::kInvalid));
  CHECK(world.project("shop").metadata.annotations.empty());
}

TEST_CASE("a label that gives an ingress another host is checked as at apply") {
  World world;
  Map rule{
      {"name", "web"}, {"host", "shop"}, {"target", Value(Map{{"service", "web"}, {"port", 80}})}};
  const auto with = [&](const std::string& name, Map metadata) {
    return manifest(
        name,
        Map{{"services", Value(Array{service("web")})}, {"ingress", Value(Array{Value(rule)})}},
        std::move(metadata));
  };
  Map blue{{"labels", Value(Map{{schema::kEnvironmentLabel, "blue"}})}};
  REQUIRE(world.apply(with("other", blue)).ok());
  REQUIRE(world.apply(with("shop", {})).ok());
  const auto taken = change(world, {.set_labels = {{schema::kEnvironmentLabel, "blue"}}});
  REQUIRE(failed_with(taken, Code::kConflict));
  CHECK(contains(taken.error().message, "is taken by project/other"));
  CHECK(world.project("shop").metadata.labels.empty());
  REQUIRE(change(world, {.set_labels = {{schema::kEnvironmentLabel, "green"}}}).ok());
  CHECK(world.project("shop").status.ingress.at(0).host == "shop.green.cara.internal");
}

TEST_CASE("stop and start are specs of their own, and wake the node") {
  World world;
  run_two(world);
  const auto stopped = change(world, {.paused = true});
  REQUIRE(stopped.ok());
  CHECK(stopped->changed);
  CHECK(world.published("cara.v1.node.w1.wake").size() == 1);
  CHECK(world.project("shop").spec.paused);
  CHECK(world.project("shop").metadata.generation == 2);
  CHECK(!change(world, {.paused = true})->changed);
  CHECK(has(reasons(world), "admin/alice StopRequested: Its containers are stopped and kept"));
  const auto restart = change(world, {.restart = {"*"}});
  REQUIRE(failed_with(restart, Code::kConflict));
  CHECK(restart.error().message ==
        "project/shop is stopped: there is nothing to restart; start it (caractrl start project "
        "shop)");
  REQUIRE(change(world, {.paused = false}).ok());
  CHECK(!world.project("shop").spec.paused);
  CHECK(has(reasons(world), "admin/alice StartRequested: Its containers are started"));
}

TEST_CASE("a restart concerns the named services, and each one differs from the one before") {
  World world;
  run_two(world);
  REQUIRE(change(world, {.restart = {"web"}}).ok());
  CHECK(restarted(world, 0) == world.now.wall.ms);
  CHECK(restarted(world, 1) == 0);
  REQUIRE(change(world, {.restart = {"web"}}).ok());
  CHECK(restarted(world, 0) == world.now.wall.ms + 1);
  REQUIRE(change(world, {.restart = {"*"}}).ok());
  CHECK(restarted(world, 0) == world.now.wall.ms + 2);
  CHECK(restarted(world, 1) == world.now.wall.ms);
  CHECK(has(reasons(world), "admin/alice RestartRequested: Restarted: web"));
  CHECK(has(reasons(world), "admin/alice RestartRequested: All services are restarted"));
  const auto unknown = change(world, {.restart = {"web", "wbe"}});
  REQUIRE(failed_with(unknown, Code::kNotFound));
  CHECK(unknown.error().message == "project/shop has no service `wbe`; did you mean `web`?");
  const auto far = change(world, {.restart = {"\x1b[2J"}});
  CHECK(far.error().message == "project/shop has no service `\\x1b[2J`; it has web, db");
}

TEST_CASE("an apply or an undo that does not say a restart leaves it as it is") {
  World world;
  run_two(world);
  REQUIRE(change(world, {.restart = {"web"}}).ok());
  const std::int64_t time = restarted(world, 0);
  CHECK(world.apply(two())->outcome == schema::ApplyOutcome::kUnchanged);
  CHECK(world.apply(two("busybox:2"))->outcome == schema::ApplyOutcome::kConfigured);
  CHECK(restarted(world, 0) == time);
  // Neither the restart nor a stop and a start is something to go back from.
  world.pass(5s);
  REQUIRE(change(world, {.restart = {"web"}}).ok());
  REQUIRE(change(world, {.paused = true}).ok());
  REQUIRE(change(world, {.paused = false}).ok());
  const auto undone =
      world.call<schema::UndoReply>(kAlice, "project.undo", schema::UndoRequest{"undo-r", "shop"});
  REQUIRE(undone.ok());
  CHECK(undone->revision == 2);
  CHECK(undone->changed);
  CHECK(world.project("shop").spec.services[0].image == "busybox");
  CHECK(restarted(world, 0) == world.now.wall.ms);
  // Said, it counts.
  Map web{{"name", "web"}, {"image", "busybox"}, {"restartedAt", "2025-01-01T00:00:00Z"}};
  REQUIRE(world.apply(manifest("shop", Map{{"services", Value(Array{Value(web), service("db")})}}))
              .ok());
  CHECK(restarted(world, 0) == 1'735'689'600'000);
}

TEST_CASE("an undo of a stop alone starts it again") {
  World world;
  run_two(world);
  REQUIRE(change(world, {.paused = true}).ok());
  const auto undone =
      world.call<schema::UndoReply>(kAlice, "project.undo", schema::UndoRequest{"undo-s", "shop"});
  REQUIRE(undone.ok());
  CHECK(undone->changed);
  CHECK(!world.project("shop").spec.paused);
}

TEST_CASE("changes are refused of what is ending, is another incarnation, or is not there") {
  World world;
  CHECK(failed_with(change(world, {.paused = true}), Code::kNotFound));
  run_two(world);
  CHECK(failed_with(change(world, {.uid = "other", .paused = true}), Code::kConflict));
  REQUIRE(world.remove("shop").ok());
  const auto ending = change(world, {.paused = true});
  REQUIRE(failed_with(ending, Code::kConflict));
  CHECK(ending.error().message == "project/shop is being deleted");
}

TEST_CASE("a dry run answers what it would become, and leaves no trace") {
  World world;
  const std::int64_t before = world.store->revision();
  const auto created = try_to(world, two());
  REQUIRE(created.ok());
  CHECK(created->outcome == schema::ApplyOutcome::kCreated);
  CHECK(!created->previous);
  CHECK(world.published("cara.v1.evt.project.shop").empty());
  CHECK(world.published(schema::kSchedAll).empty());
  CHECK(failed_with(world.get("shop"), Code::kNotFound));
  CHECK(world.store->revision() == before);
  CHECK(reasons(world).empty());
  run_two(world);
  const schema::Project stored = world.project("shop");
  const std::int64_t revision = world.store->revision();
  const auto told = reasons(world);
  const auto configured = try_to(world, two("busybox:2"));
  REQUIRE(configured.ok());
  CHECK(world.published("cara.v1.node.w1.wake").empty());
  CHECK(world.published("cara.v1.evt.project.shop").empty());
  CHECK(configured->outcome == schema::ApplyOutcome::kConfigured);
  CHECK(configured->project.spec.services[0].image == "busybox:2");
  CHECK(configured->project.metadata.generation == 2);
  REQUIRE(configured->previous);
  CHECK(*configured->previous == stored);
  CHECK(world.project("shop") == stored);
  CHECK(world.store->revision() == revision);
  CHECK(reasons(world) == told);
  CHECK(try_to(world, two())->outcome == schema::ApplyOutcome::kUnchanged);
  // The next one of the batch is no trial.
  REQUIRE(world.apply(two("busybox:3")).ok());
  CHECK(world.project("shop").spec.services[0].image == "busybox:3");
}

TEST_CASE("a dry run is refused for what an apply is refused for") {
  World world;
  Map rule{
      {"name", "web"}, {"host", "a.b"}, {"target", Value(Map{{"service", "web"}, {"port", 80}})}};
  const Map spec{{"services", Value(Array{service("web")})},
                 {"ingress", Value(Array{Value(rule)})}};
  REQUIRE(world.apply(manifest("other", spec)).ok());
  const auto taken = try_to(world, manifest("shop", spec));
  REQUIRE(failed_with(taken, Code::kConflict));
  CHECK(contains(taken.error().message, "is taken by project/other"));
  const auto past = try_to(world, manifest("shop", Map{{"services", Value(Array{service("web")})},
                                                       {"expireAt", "2001-01-01T00:00:00Z"}}));
  CHECK(failed_with(past, Code::kInvalid));
  // A name that was only tried is free.
  REQUIRE(try_to(world, two()).ok());
  REQUIRE(world.apply(simple("shop")).ok());
}

TEST_CASE("a dry run in one batch with others concerns nobody but its caller") {
  World world;
  REQUIRE(world.register_node("w1").ok());
  const auto tried =
      world.message(kAlice, "project.apply",
                    schema::pack_message(schema::ApplyRequest{"b-1", simple("a"), true}));
  const auto real = world.message(kAlice, "project.apply",
                                  schema::pack_message(schema::ApplyRequest{"b-2", simple("b")}));
  world.step({tried, real});
  CHECK(schema::unpack_reply<schema::ApplyReply>(*world.answer_to(tried)).ok());
  CHECK(world.published("cara.v1.evt.project.a").empty());
  CHECK(world.published("cara.v1.evt.project.b").size() == 1);
  CHECK(failed_with(world.get("a"), Code::kNotFound));
  CHECK(world.get("b").ok());
}

}  // namespace
}  // namespace cara::apiserver
