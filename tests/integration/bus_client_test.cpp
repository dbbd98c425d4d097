// What caractrl's connection to the bus says when something is wrong.
#include "services/runtime/host/bus_client.h"

#include "tests/catch_compat.h"
#include "tests/integration/nats_server.h"
#include "tests/integration/quiet_server.h"
#include "tests/integration/running_host.h"

using namespace cara;
using namespace cara::test;
using namespace std::chrono_literals;
using host::BusClient;

TEST_CASE("no server at the URL: says so with the URL, without the password") {
  const std::string port = std::to_string(free_port());
  const auto client = BusClient::connect({.url = "nats://me:secret@127.0.0.1:" + port});
  REQUIRE_FALSE(client.ok());
  CHECK(client.error() ==
        unavailable("no NATS server answers at nats://127.0.0.1:" + port +
                    "; is nats-server running there, and is it the right --nats?"));
}

TEST_CASE("a URL that is none is refused") {
  for (const char* url : {"", "nats://", "nats://:4222:x", "http//x"}) {
    INFO(url);
    CHECK_FALSE(BusClient::connect({.url = url, .connect_timeout = 300ms}).ok());
  }
}

TEST_CASE("a server that goes quiet: an error in bounded time") {
  QuietServer server;
  const auto client = BusClient::connect({.url = server.url(), .connect_timeout = 200ms});
  CHECK_FALSE(client.ok());
}

TEST_CASE("no apiserver on the bus: says so at once") {
  NatsServer server;
  auto client = BusClient::connect({.url = server.url()});
  REQUIRE(client.ok());
  const auto answer = (*client)->request("project.get", "", 15s);
  CHECK(answer.error().code == Code::kUnavailable);
  CHECK(answer.error().message.find("is cara-apiserver running?") != std::string::npos);
}

TEST_CASE("a request of admin user is answered; silence is a timeout") {
  NatsServer server;
  RunningHost responder(
      {.url = server.url(),
       .subscriptions = {{"cara.v1.api.admin.user.project.get", ""},
                         {"cara.v1.api.admin.user.project.list", ""}},
       .reaction = [](const runtime::Event& event) -> runtime::Effects {
         const auto* got = std::get_if<runtime::Delivered>(&event);
         if (got == nullptr || !got->subject.ends_with("get")) return {};
         CHECK(schema::is_own_inbox({schema::Role::kAdmin, "user"}, got->reply->subject));
         return echo(event);
       }});
  auto client = BusClient::connect({.url = server.url()});
  REQUIRE(client.ok());
  REQUIRE(eventually([&] { return (*client)->request("project.get", "x", 1s).ok(); }));
  CHECK(*(*client)->request("project.get", "body", 5s) == "body");
  const auto silent = (*client)->request("project.list", "", 100ms);
  CHECK(silent.error().code == Code::kTimeout);
}

TEST_CASE("not permitted: forbidden at once, naming the subject") {
  NatsServer server(R"(
authorization { users: [{user: v, password: v, permissions: {
  publish: ["t.x"], subscribe: ["_INBOX.>"]}}]})");
  CHECK(BusClient::connect({.url = server.url("v:bad")}).error().code == Code::kForbidden);
  auto client = BusClient::connect({.url = server.url("v:v")});
  REQUIRE(client.ok());
  const auto answer = (*client)->request("project.delete", "", 15s);
  CHECK(answer.error().code == Code::kForbidden);
  CHECK(answer.error().message.find("not permitted: the NATS server refuses it to admin/user") ==
        0);
  CHECK(answer.error().message.find("project.delete") != std::string::npos);
  CHECK((*client)->subscribe("cara.v1.evt.>").error().code == Code::kForbidden);
}

TEST_CASE("an inbox that is not permitted is no silence") {
  NatsServer server(R"(
authorization { users: [{user: v, password: v, permissions: {
  publish: ["cara.>"], subscribe: ["_INBOX.admin.other.>"]}}]})");
  auto client = BusClient::connect({.url = server.url("v:v")});
  REQUIRE(client.ok());
  // The refusal of the inbox may come before the second request, and counts for it as well.
  CHECK_FALSE((*client)->request("project.get", "", 1s).ok());
  const auto answer = (*client)->request("project.get", "", 15s);
  CHECK(answer.error().code == Code::kForbidden);
  CHECK(answer.error().message.find("_INBOX.admin.user") != std::string::npos);
}

TEST_CASE("a subscription hands out messages in order, and says when the server is gone") {
  NatsServer server;
  RunningHost sender({.url = server.url()});
  REQUIRE(sender.gets<runtime::Resync>(1));
  auto client = BusClient::connect({.url = server.url()});
  REQUIRE(client.ok());
  REQUIRE((*client)->subscribe("t.>").ok());
  CHECK_FALSE((*client)->next(10ms)->has_value());
  sender.perform(runtime::Publish{.subject = "t.1", .body = "a"});
  sender.perform(runtime::Publish{.subject = "t.2", .body = "b"});
  CHECK((*client)->next(5s)->value().subject == "t.1");
  CHECK((*client)->next(5s)->value().body == "b");
  server.kill();
  CHECK((*client)->next(15s).error().code == Code::kUnavailable);
  CHECK((*client)->request("project.get", "", 15s).error().code == Code::kUnavailable);
}
