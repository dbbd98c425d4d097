// stream.*: who is refused and with which words, and what the node's agent is told.
#include "schema/streams.h"
#include "tests/unit/apiserver_world.h"

namespace cara::apiserver {
namespace {

using schema::StreamReply;
using schema::StreamRequest;

StreamRequest logs_of(const std::string& project, const std::string& service) {
  return {.client = "c0ffee",
          .number = 7,
          .window = schema::kDefaultWindow,
          .project = project,
          .service = service,
          .node = {},
          .logs = schema::LogsOptions{.follow = true},
          .exec = {},
          .forward = {},
          .copy = {}};
}

StreamRequest exec_of(const std::string& project, const std::string& service) {
  StreamRequest request = logs_of(project, service);
  request.logs.reset();
  request.exec = schema::ExecOptions{.command = {"sh"}};
  return request;
}

StreamRequest stats_of(const std::string& node) {
  StreamRequest request = logs_of("", "");
  request.logs.reset();
  request.node = node;
  return request;
}

Result<StreamReply> ask(World& world, const std::string& verb, const StreamRequest& request,
                        const Identity& who = kAlice) {
  return world.call<StreamReply>(who, "stream." + verb, request);
}

void nobody_is_told(World& world) {
  for (const runtime::Effect& effect : world.effects) {
    CHECK(!std::holds_alternative<runtime::Publish>(effect));
  }
}

struct Running : World {
  Running() {
    REQUIRE(register_node("w1").ok());
    run("shop", "w1");
  }
};

TEST_CASE("the agent of the project's node is told of a stream, at once [E49]") {
  Running world;
  const std::int64_t revision = world.store->revision();
  const auto reply = ask(world, "logs", logs_of("shop", "web"), kBob);
  REQUIRE(reply.ok());
  CHECK(reply->node == "w1");
  const auto bodies = world.published(schema::node_stream_subject("w1"));
  REQUIRE(bodies.size() == 1);
  const auto told = schema::unpack_message<schema::StreamOpen>(bodies[0]);
  REQUIRE(told.ok());
  CHECK(told->role == "viewer");
  CHECK(told->id == "bob");
  CHECK(told->verb == "logs");
  CHECK(told->uid == world.project("shop").metadata.uid);
  CHECK(told->container.empty());
  CHECK(told->request.client == "c0ffee");
  CHECK(told->request.number == 7);
  CHECK(told->request.service == "web");
  CHECK(told->request.logs->follow);
  CHECK(world.store->revision() == revision);

  SECTION("also while nothing can be written, and once") {
    REQUIRE(ask(world, "exec", exec_of("shop", "web")).ok());
    CHECK(world.published(schema::node_stream_subject("w1")).size() == 1);
  }
  SECTION("a project of one service needs no name of it") {
    REQUIRE(ask(world, "exec", exec_of("shop", "")).ok());
    const auto again = world.published(schema::node_stream_subject("w1"));
    REQUIRE(again.size() == 1);
    CHECK(schema::unpack_message<schema::StreamOpen>(again[0])->request.service == "web");
  }
  SECTION("logs without any wish are wished as they are") {
    StreamRequest plain = logs_of("shop", "web");
    plain.logs = schema::LogsOptions{};
    CHECK(ask(world, "logs", plain).ok());
    plain.logs.reset();
    CHECK(ask(world, "logs", plain).ok());
  }
  SECTION("statistics are a node's") {
    REQUIRE(ask(world, "stats", stats_of("w1"), kBob).ok());
    CHECK(world.published(schema::node_stream_subject("w1")).size() == 1);
  }
}

TEST_CASE("a stream that cannot be is refused with the way out") {
  Running world;
  const auto refused = [&](const std::string& verb, const StreamRequest& request, Code code,
                           const std::string& words) {
    const auto reply = ask(world, verb, request);
    INFO(message_of(reply));
    CHECK(failed_with(reply, code));
    CHECK(message_of(reply) == words);
    nobody_is_told(world);
  };
  refused("logs", logs_of("shpo", "web"), Code::kNotFound,
          "project/shpo does not exist; did you mean `shop`?");
  refused("logs", logs_of("shop", "wbe"), Code::kNotFound,
          "project/shop has no service `wbe`; did you mean `web`?");
  refused("logs", logs_of("shop", "database"), Code::kNotFound,
          "project/shop has no service `database`; it has: web");
  refused("stats", stats_of("w2"), Code::kNotFound, "node/w2 does not exist; did you mean `w1`?");

  REQUIRE(world.apply(manifest("two", Map{{"services", Value(Array{service("a"), service("b")})}}))
              .ok());
  refused("logs", logs_of("two", ""), Code::kInvalid,
          "project/two has several services; name one of: a, b");
  const auto pending = ask(world, "logs", logs_of("two", "a"));
  CHECK(failed_with(pending, Code::kUnavailable));
  CHECK(contains(message_of(pending), "project/two is Pending and has no node"));

  world.pass(20s);
  const auto lost = ask(world, "logs", logs_of("shop", "web"));
  CHECK(failed_with(lost, Code::kUnavailable));
  CHECK(contains(message_of(lost), "node/w1 is NotReady: "));
  nobody_is_told(world);
}

TEST_CASE("what is wrong in a request for a stream is named [S53]") {
  Running world;
  const auto refused = [&](const std::string& verb, const StreamRequest& request,
                           const std::string& words) {
    const auto reply = ask(world, verb, request);
    INFO(message_of(reply));
    CHECK(failed_with(reply, Code::kInvalid));
    CHECK(contains(message_of(reply), words));
    nobody_is_told(world);
  };
  StreamRequest request = logs_of("shop", "web");
  const std::string too_long(65, 'a');
  for (const std::string& client :
       {std::string(), std::string("a.b"), std::string(">"), too_long}) {
    request.client = client;
    refused("logs", request, "client must be");
  }
  request = logs_of("shop", "web");
  for (const std::int64_t window : {std::int64_t{0}, std::int64_t{-1}, schema::kMaxWindow + 1}) {
    request.window = window;
    refused("logs", request, "window is");
  }
  request = logs_of("shop", "web");
  request.number = -1;
  refused("logs", request, "number is negative");
  refused("exec", logs_of("shop", "web"), "logs is for stream.logs only");
  refused("logs", exec_of("shop", "web"), "exec is for stream.exec only");
  refused("exec", stats_of(""), "exec is required");
  refused("stats", exec_of("", ""), "exec is for stream.exec only");
  refused("stats", stats_of(""), "node is required");
  request = logs_of("shop", "web");
  request.logs->tail = -1;
  refused("logs", request, "logs.tail is negative");
  request.logs = schema::LogsOptions{.follow = true, .previous = true};
  refused("logs", request, "exclude each other");
  request = exec_of("shop", "web");
  request.exec->command = {};
  refused("exec", request, "exec.command is empty");
  request.exec = schema::ExecOptions{.command = {"sh"}, .columns = -1};
  refused("exec", request, "exec.columns");
  request.exec.reset();
  for (const std::int64_t port : {0, -1, 65'536}) {
    request.forward = schema::ForwardOptions{port};
    refused("forward", request, "forward.port is");
  }
  request.forward.reset();
  for (const std::string path : {"", "etc/passwd", "../x"}) {
    request.copy = schema::CopyOptions{.path = path};
    refused("copy", request, "copy.path must be an absolute path");
  }
}

}  // namespace
}  // namespace cara::apiserver
