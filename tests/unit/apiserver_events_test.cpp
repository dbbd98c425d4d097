// Events: what is remembered of what happened to projects and nodes.
#include "tests/unit/apiserver_world.h"

namespace cara::apiserver {
namespace {

using schema::Event;

std::vector<Event> events(World& world, schema::EventListRequest request = {},
                          const Identity& who = kBob) {
  std::vector<Event> all;
  while (true) {
    auto reply = world.call<schema::EventListReply>(who, "event.list", request);
    if (!reply) FAIL(reply.error().message);
    for (Event& event : reply->events) all.push_back(std::move(event));
    if (!reply->more) return all;
    REQUIRE(!all.empty());
    request.after = all.back().number;
  }
}
std::vector<Event> events_of(World& world, const std::string& name,
                             const std::string& kind = "project") {
  return events(world, {.kind = kind, .name = name});
}
std::string line(const Event& event) {
  return event.actor + " " + event.reason + ": " + event.message +
         (event.count == 1 ? "" : " x" + std::to_string(event.count));
}
std::vector<std::string> lines(const std::vector<Event>& found) {
  std::vector<std::string> out;
  for (const Event& event : found) out.push_back(line(event));
  return out;
}

schema::EventReportRequest report_of(World& world, std::vector<schema::ReportedEvent> list) {
  return {.node = "w1", .registration = world.registrations["w1"], .events = std::move(list)};
}
Result<schema::EventReportReply> report(World& world, std::vector<schema::ReportedEvent> list) {
  return world.call<schema::EventReportReply>(agent_of("w1"), "event.report",
                                              report_of(world, std::move(list)));
}
schema::ReportedEvent pulling(World& world, const std::string& message) {
  return {.name = "shop",
          .uid = world.project("shop").metadata.uid,
          .reason = "Pulling",
          .message = message,
          .about = "pull/busybox"};
}

TEST_CASE("the life of a project in events, also after it is gone") {
  World world;
  REQUIRE(world.register_node("w1").ok());
  REQUIRE(world.apply(simple("shop")).ok());
  REQUIRE(world.bind("shop", "w1").ok());
  REQUIRE(world.send(world.report("shop", Phase::kRunning)).ok());
  REQUIRE(world.apply(simple("shop", "busybox:2")).ok());
  schema::StatusRequest failed = world.report("shop", Phase::kFailed);
  failed.message = "no such image";
  failed.give_up = true;
  REQUIRE(world.send(failed).ok());
  const std::string uid = world.project("shop").metadata.uid;
  REQUIRE(world.remove("shop", {.request_id = "d", .volumes = true}).ok());
  REQUIRE(world.send(world.report("shop", Phase::kTerminated)).ok());
  REQUIRE(world.gc("reap", "shop").ok());
  const auto found = events_of(world, "shop");
  CHECK(lines(found) ==
        std::vector<std::string>{
            "admin/alice Created: Generation 1 was applied",
            "scheduler Scheduled: Bound to node/w1",
            "agent/w1 AgentReady: All containers are running",
            "admin/alice Configured: Generation 2 was applied", "agent/w1 Reported: no such image",
            "apiserver RolledBack: generation 2 did not become Running within 5m: no such image; "
            "the spec of revision 1 is back",
            "admin/alice DeletionRequested: Deletion was requested, with its Persistent volumes",
            "agent/w1 Reported: by the test"});
  for (const Event& event : found) {
    CHECK(event.uid == uid);
    CHECK(event.first == world.now.wall);
    CHECK(event.last == world.now.wall);
  }
}

TEST_CASE("the life of a node in events") {
  World world;
  REQUIRE(world.register_node("w1").ok());
  world.run("shop", "w1");
  REQUIRE(world.register_node("w1").ok());
  world.pass(16s);
  REQUIRE(world.beat("w1").ok());
  REQUIRE(world.remove_node("w1", {.request_id = "", .name = "", .uid = "", .force = true}).ok());
  CHECK(lines(events_of(world, "w1", "node")) ==
        std::vector<std::string>{"agent/w1 AgentRegistered: The agent is heard",
                                 "agent/w1 AgentRegistered: The agent registered again",
                                 "apiserver HeartbeatLost: No heartbeat for 15s",
                                 "apiserver HeartbeatSeen: The agent is heard",
                                 "admin/alice NodeDeleted: The node was deleted"});
  const auto shop = lines(events_of(world, "shop"));
  REQUIRE(shop.size() == 5);
  CHECK(shop[3] == "apiserver NodeNotReady: node/w1 is not ready");
  CHECK(shop[4] == "admin/alice NodeDeleted: node/w1 was deleted");
}

TEST_CASE("equal events are one that counts, under a new number") {
  World world;
  REQUIRE(world.register_node("w1").ok());
  world.run("shop", "w1");
  REQUIRE(report(world, {pulling(world, "10 %"), pulling(world, "20 %")})->taken == 2);
  const auto before = events_of(world, "shop").back();
  CHECK(line(before) == "agent/w1 Pulling: 20 % x2");
  world.now.wall.ms += 5'000;
  schema::ReportedEvent more = pulling(world, "90 %");
  more.count = 5;
  schema::ReportedEvent other = more;
  other.about = "pull/redis";
  REQUIRE(report(world, {other, more}).ok());
  const auto found = events(world, {.kind = "project", .name = "shop", .after = before.number});
  REQUIRE(lines(found) ==
          std::vector<std::string>{"agent/w1 Pulling: 90 % x5", "agent/w1 Pulling: 90 % x7"});
  CHECK(found[1].last.ms - found[1].first.ms == 5'000);
}

TEST_CASE("an agent reports of projects on its own node, in its registration, with bounds [I28]") {
  World world;
  REQUIRE(world.register_node("w1").ok());
  REQUIRE(world.register_node("w2", "agent-2").ok());
  world.run("shop", "w1");
  world.run("blog", "w2");
  const std::size_t before = events(world).size();
  schema::ReportedEvent event = pulling(world, "x");
  schema::ReportedEvent foreign = event;
  foreign.name = "blog";
  foreign.uid = world.project("blog").metadata.uid;
  schema::ReportedEvent old = event;
  old.uid = "another";
  schema::ReportedEvent unknown = event;
  unknown.name = "nothing";
  CHECK(report(world, {foreign, old, unknown})->taken == 0);
  CHECK(events(world).size() == before);
  schema::EventReportRequest stale = report_of(world, {event});
  stale.registration -= 1;
  CHECK(failed_with(world.call<schema::EventReportReply>(agent_of("w1"), "event.report", stale),
                    Code::kConflict));
  CHECK(failed_with(world.call<schema::EventReportReply>(agent_of("w2"), "event.report",
                                                         report_of(world, {event})),
                    Code::kForbidden));
  CHECK(failed_with(report(world, std::vector<schema::ReportedEvent>(101, event)), Code::kInvalid));

  event.reason = std::string(5'000, 'r') + "\x1b[0m";
  event.message = std::string("\x1b[2J") + std::string(50'000, 'm');
  event.about = std::string(5'000, 'a');
  event.count = -7;
  REQUIRE(report(world, {event})->taken == 1);
  const Event kept = events_of(world, "shop").back();
  CHECK(kept.count == 1);
  CHECK(kept.reason.size() < 100);
  CHECK(kept.message.size() < 1'100);
  CHECK(kept.message.starts_with("\\x1b[2J"));
}

TEST_CASE("the value of a secret variable is in no event, whoever repeats it [I24]") {
  World world;
  REQUIRE(world.register_node("w1").ok());
  const Value env(Array{Map{{"name", "DB_PASSWORD"}, {"value", "hunter2"}}});
  REQUIRE(world
              .apply(manifest(
                  "shop",
                  Map{{"services",
                       Value(Array{Map{{"name", "web"}, {"image", "busybox"}, {"env", env}}})}}))
              .ok());
  REQUIRE(world.bind("shop", "w1").ok());
  REQUIRE(report(world, {pulling(world, "login with hunter2, hunter2 failed")}).ok());
  schema::StatusRequest failed = world.report("shop", Phase::kFailed);
  failed.message = "exit code 1: DB_PASSWORD=hunter2";
  REQUIRE(world.send(failed).ok());
  const auto found = lines(events_of(world, "shop"));
  for (const std::string& text : found) CHECK(!contains(text, "hunter2"));
  CHECK(found.back() == "agent/w1 Reported: exit code 1: DB_PASSWORD=<hidden>");
}

TEST_CASE("events are bounded per object and over all, and make no revision") {
  StoreOptions options;
  options.max_object_events = 20;
  options.max_events = 50;
  World world(options);
  REQUIRE(world.register_node("w1").ok());
  world.run("shop", "w1");
  const std::int64_t revision = world.store->revision();
  for (int i = 0; i < 60; ++i) {
    schema::ReportedEvent event = pulling(world, std::to_string(i));
    event.about.clear();
    REQUIRE(report(world, {event}).ok());
    CHECK(world.effects.size() == 1);  // the answer, and nobody is woken
  }
  CHECK(world.store->revision() == revision);
  const auto kept = events_of(world, "shop");
  REQUIRE(kept.size() == 20);
  CHECK(kept.front().message == "40");
  CHECK(kept.back().message == "59");
  for (int i = 0; i < 300; ++i) REQUIRE(world.apply(simple("p" + std::to_string(i))).ok());
  CHECK(events(world).size() <= 150);
  CHECK(events_of(world, "p299").size() == 1);
  CHECK(events_of(world, "p0").empty());
}

TEST_CASE("events come in pages, and of one incarnation when asked") {
  World world;
  for (int i = 0; i < 30; ++i) REQUIRE(world.apply(simple("p" + std::to_string(i))).ok());
  const auto page = world.call<schema::EventListReply>(
      kAlice, "event.list", schema::EventListRequest{.after = 5, .limit = 10});
  REQUIRE(page->events.size() == 10);
  CHECK(page->events[0].number == 6);
  CHECK(page->more);
  CHECK(events(world, {.limit = 7}).size() == 30);
  const std::string first = world.project("p0").metadata.uid;
  REQUIRE(world.remove("p0", {.request_id = "f", .force = true}).ok());
  REQUIRE(world.apply(simple("p0")).ok());
  CHECK(events_of(world, "p0").size() == 4);
  CHECK(events(world, {.kind = "project", .name = "p0", .uid = first}).size() == 3);
}

TEST_CASE("a request that fails leaves no event") {
  World world;
  REQUIRE(world.apply(manifest("c", Map{{"services", Value(Array{service("d-e")})}})).ok());
  const std::size_t before = events(world).size();
  REQUIRE(!world.apply(manifest("c-d", Map{{"services", Value(Array{service("e")})}})).ok());
  CHECK(events(world).size() == before);
}

}  // namespace
}  // namespace cara::apiserver
