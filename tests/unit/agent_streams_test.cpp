// Byte streams at the agent: which container each is about, and what the client is told instead.
#include "schema/subjects.h"
#include "schema/wire.h"
#include "tests/unit/agent_story.h"

namespace cara::test {
namespace {

using schema::StreamOpen;

schema::StreamOpen opening(const std::string& verb, const std::string& service = "app") {
  StreamOpen open{.role = "viewer", .id = "bob", .verb = verb, .uid = "uid-shop"};
  open.request = {
      .client = "c0ffee", .number = 3, .window = 1024, .project = "shop", .service = service};
  return open;
}

struct StreamWorld : AgentWorld {
  void ask(const StreamOpen& open) {
    streams.clear();
    closed.clear();
    tell(runtime::Delivered{schema::node_stream_subject(kNode), schema::pack_message(open), {}});
    settle();
  }
  std::string container_of(const StreamOpen& open) {
    ask(open);
    REQUIRE(closed.empty());
    REQUIRE(streams.size() == 1);
    return streams[0].container;
  }
  schema::StreamFrame refusal(const StreamOpen& open) {
    ask(open);
    REQUIRE(streams.empty());
    REQUIRE(closed.size() == 1);
    CHECK(closed[0].kind == schema::FrameKind::kClose);
    CHECK(closed[0].seq == 1);
    return closed[0];
  }
};

}  // namespace

TEST_CASE("a stream is about the container of its service [E49]") {
  StreamWorld world;
  world.start();
  world.want(desired_project("shop", {web("app"), web("db")}));
  world.advance(std::chrono::seconds(5));
  for (const std::string verb : {"logs", "exec", "forward", "copy"}) {
    CHECK(world.container_of(opening(verb)) == container(world, "shop-app").id);
    CHECK(world.streams[0].verb == verb);
    CHECK(world.streams[0].request.client == "c0ffee");
  }
  CHECK(world.container_of(opening("logs", "db")) == container(world, "shop-db").id);
  CHECK(world.container_of(opening("stats", "")).empty());

  SECTION("the pump refuses: the client is told") {
    world.pump_answer = unavailable("the node has 256 streams open already");
    world.ask(opening("logs"));
    REQUIRE(world.closed.size() == 1);
    CHECK(world.closed[0].code == "unavailable");
    CHECK(world.closed[0].message == "the node has 256 streams open already");
  }
  SECTION("garbage closes nothing [S53]") {
    for (const char* id : {"", "a.b", "*"}) {
      StreamOpen evil = opening("logs");
      evil.id = id;
      world.ask(evil);
      CHECK(world.streams.empty());
      CHECK(world.closed.empty());
    }
    world.tell(runtime::Delivered{schema::node_stream_subject(AgentWorld::kNode), "x", {}});
    world.settle();
  }
}

TEST_CASE("a stream that cannot be is closed with what it waits for [E49]") {
  StreamWorld world;
  world.start();
  CHECK(world.refusal(opening("logs")).message ==
        "node worker-01 was not told of project `shop` yet; try again in a moment");
  world.want(desired_project("shop", {web("app"), web("late", "missing:1")}));
  world.advance(std::chrono::seconds(5));
  StreamOpen other = opening("logs");
  other.uid = "uid-of-before";
  CHECK(world.refusal(other).code == "unavailable");
  const auto unknown = world.refusal(opening("logs", "nosuch"));
  CHECK(unknown.code == "notFound");
  CHECK(unknown.message == "service `nosuch` of project `shop` is not known to the node yet");
  const auto none = world.refusal(opening("exec", "late"));
  INFO(none.message);
  CHECK(none.code == "unavailable");
  CHECK(none.message.starts_with("service `late` has no container yet: "));
  CHECK(none.message.find("missing:1") != std::string::npos);
}

TEST_CASE("of what has ended there are logs and files, and no commands [E49]") {
  StreamWorld world;
  world.start();
  world.want(desired_project("shop", {web("app")}));
  world.advance(std::chrono::seconds(5));
  auto paused = world.desired.at("shop");
  paused.spec.paused = true;
  world.want(std::move(paused));
  world.advance(std::chrono::seconds(15));
  const std::string id = container(world, "shop-app").id;
  CHECK(world.container_of(opening("logs")) == id);
  CHECK(world.container_of(opening("copy")) == id);
  const auto refused = world.refusal(opening("exec"));
  CHECK(refused.message.starts_with("service `app` does not run: it ended with exit code "));
}

TEST_CASE("a port is where the service's network is") {
  StreamWorld world;
  world.start();
  schema::ServiceDef inside = web("inside");
  inside.network_mode = "Service:app";
  schema::ServiceDef none = web("none");
  none.network_mode = schema::kModeNone;
  world.want(desired_project("shop", {web("app"), inside, none}));
  world.advance(std::chrono::seconds(5));
  CHECK(world.container_of(opening("forward", "inside")) == container(world, "shop-app").id);
  CHECK(world.container_of(opening("exec", "inside")) == container(world, "shop-inside").id);
  const auto refused = world.refusal(opening("forward", "none"));
  CHECK(refused.code == "invalid");
  CHECK(refused.message == "service `none` has networkMode None: there is no way to its ports");
}

}  // namespace cara::test
