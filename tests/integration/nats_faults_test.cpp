// The bus goes away, freezes, refuses or goes quiet: the process stays and says so.
#include "tests/catch_compat.h"
#include "tests/integration/nats_server.h"
#include "tests/integration/quiet_server.h"
#include "tests/integration/running_host.h"

using namespace cara;
using namespace cara::test;
using namespace std::chrono_literals;

namespace {

// alice may do everything, bob may only use his inbox and t.open.
constexpr const char* kPermissions = R"(
authorization { users: [
  {user: alice, password: a},
  {user: bob, password: b, permissions: {
    publish: ["t.open", "_INBOX.>"], subscribe: ["t.open", "_INBOX.agent.bob.>"]}}
]})";

}  // namespace

TEST_CASE("nats-server killed and restarted: Resync, requests work again, nothing stale [E43]") {
  NatsServer server;
  RunningHost reader({.url = server.url(), .subscriptions = {{"t.>", ""}}, .reaction = echo});
  RunningHost host({.url = server.url()});
  REQUIRE(is_served(host, "t.ready"));
  const std::size_t resyncs = host.all<runtime::Resync>().size();

  server.kill();
  REQUIRE(eventually(
      [&] { return host.request("t.down", "x", 200ms).error().code == Code::kUnavailable; }));
  host.perform(runtime::Publish{.subject = "t.stale", .body = "old"});
  REQUIRE_FALSE(host.request("t.down", "x", 100ms).ok());  // performed behind the publish

  server.start();
  REQUIRE(host.gets<runtime::Resync>(resyncs + 1));
  REQUIRE(is_served(host, "t.again"));
  for (const auto& delivered : reader.all<runtime::Delivered>()) {
    CHECK(delivered.subject != "t.stale");
  }
}

TEST_CASE("the connection lost while an answer is awaited: the request ends, not its timeout") {
  NatsServer server;
  RunningHost silent({.url = server.url(), .subscriptions = {{"t.silent", ""}}});
  RunningHost host({.url = server.url()});
  REQUIRE(host.gets<runtime::Resync>(1));
  REQUIRE(eventually(
      [&] { return host.request("t.silent", "x", 50ms).error().code == Code::kTimeout; }));
  host.perform(runtime::Request{.id = 999, .subject = "t.silent", .body = "", .timeout = 1h});
  const std::size_t seen = silent.all<runtime::Delivered>().size();
  REQUIRE(silent.gets<runtime::Delivered>(seen));
  server.kill();
  REQUIRE(eventually([&] {
    for (const auto& answered : host.all<runtime::Answered>()) {
      if (answered.id == 999) return true;
    }
    return false;
  }));
}

TEST_CASE("nats-server absent at start: the actor runs, and meets the bus when it comes [E43]") {
  NatsServer server;
  server.kill();
  RunningHost host({.url = server.url(), .subscriptions = {{"t.echo", ""}}, .reaction = echo});
  REQUIRE(host.gets<runtime::Started>(1));
  CHECK(host.request("t.echo", "x").error().code == Code::kUnavailable);
  CHECK(host.all<runtime::Resync>().empty());
  server.start();
  REQUIRE(host.gets<runtime::Resync>(1));
  CHECK(is_served(host, "t.echo"));
}

TEST_CASE("connect says what is wrong, and goes on trying") {
  NatsServer server;
  server.kill();
  host::NatsHost host(
      {.url = server.url(), .identity = {schema::Role::kAdmin, "t"}, .client_name = "t"});
  const auto down = host.connect(300ms);
  REQUIRE_FALSE(down.ok());
  CHECK(down.error().message.find("no NATS server answers at nats://127.0.0.1") == 0);
  server.start();
  CHECK(host.connect(20s).ok());
}

TEST_CASE("a frozen server is noticed by pings and met again after it thaws [E43]") {
  NatsServer server;
  RunningHost host({.url = server.url(), .subscriptions = {{"t.echo", ""}}, .reaction = echo});
  REQUIRE(is_served(host, "t.echo"));
  const std::size_t resyncs = host.all<runtime::Resync>().size();
  server.freeze();
  REQUIRE(eventually(
      [&] { return host.request("t.echo", "x", 100ms).error().code == Code::kUnavailable; }));
  server.thaw();
  REQUIRE(host.gets<runtime::Resync>(resyncs + 1));
  CHECK(is_served(host, "t.echo"));
}

TEST_CASE("a server that goes quiet in the handshake does not hold the process for ever [E43]") {
  QuietServer server;
  host::NatsHost host({.url = server.url(),
                       .identity = {schema::Role::kAdmin, "t"},
                       .client_name = "t",
                       .connect_timeout = std::chrono::milliseconds(200)});
  const auto start = std::chrono::steady_clock::now();
  CHECK_FALSE(host.connect(2s).ok());
  CHECK(std::chrono::steady_clock::now() - start < 10s);
}

TEST_CASE("what the server does not permit is forbidden at once, and remembered") {
  NatsServer server(kPermissions);
  RunningHost host({.url = server.url("bob:b"),
                    .identity = {schema::Role::kAgent, "bob"},
                    .subscriptions = {{"t.open", ""}, {"t.secret", ""}},
                    .reaction = echo});
  REQUIRE(is_served(host, "t.open"));
  const auto answer = host.request("t.closed", "x", 15s);
  REQUIRE_FALSE(answer.ok());
  CHECK(answer.error().code == Code::kForbidden);
  CHECK(answer.error().message.find("t.closed") != std::string::npos);
  host.stop();
  std::string all;
  for (const std::string& sentence : host.host().denied()) all += sentence + "\n";
  INFO(all);
  CHECK(all.find("t.secret") != std::string::npos);
  CHECK(all.find("t.closed") != std::string::npos);
}

TEST_CASE("refused credentials are tried again for ever: they may be fixed on the server [E43]") {
  NatsServer server(kPermissions);
  host::NatsHost host({.url = server.url("bob:wrong"),
                       .identity = {schema::Role::kAdmin, "t"},
                       .client_name = "t"});
  const auto refused = host.connect(3s);  // more than two attempts
  REQUIRE_FALSE(refused.ok());
  CHECK(refused.error().code == Code::kForbidden);
  CHECK(refused.error().message.find("wrong") == std::string::npos);
}
