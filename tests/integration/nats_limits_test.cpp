// Garbage, oversize payloads and floods.
#include <semaphore>

#include "schema/codec.h"
#include "tests/catch_compat.h"
#include "tests/integration/nats_server.h"
#include "tests/integration/running_host.h"

using namespace cara;
using namespace cara::test;
using namespace std::chrono_literals;

TEST_CASE("garbage reaches the actor as bytes and hurts nobody [S53]") {
  NatsServer server;
  RunningHost responder({.url = server.url(), .subscriptions = {{"t.>", ""}}, .reaction = echo});
  RunningHost asker({.url = server.url()});
  REQUIRE(is_served(asker, "t.echo"));
  for (const std::string& body :
       {std::string(), std::string("\xdd\xff\0\0\0", 5), std::string(100'000, '\x91'),
        std::string("\r\nPUB x 1\r\n"), std::string("\xc1\xff\xfe")}) {
    const auto answer = asker.request("t.echo", body);
    REQUIRE(answer.ok());
    CHECK(*answer == body);
  }
}

TEST_CASE("garbage in the own inbox answers nothing [S53]") {
  NatsServer server;
  RunningHost host({.url = server.url(), .subscriptions = {{"t.echo", ""}}, .reaction = echo});
  RunningHost attacker(
      {.url = server.url(), .subscriptions = {{"_INBOX.agent.n1.>", ""}}, .reaction = ignore});
  REQUIRE(is_served(host, "t.echo"));
  // The attacker may hear nothing of the first answers: asked until it does.
  REQUIRE(eventually([&] {
    return host.request("t.echo", "x").ok() && !attacker.all<runtime::Delivered>().empty();
  }));
  std::string inbox = attacker.all<runtime::Delivered>().front().subject;
  inbox.resize(inbox.find_last_of('.'));
  const std::size_t answers = host.all<runtime::Answered>().size();
  for (const char* token : {"x", "-1", "18446744073709551616", "1", "999999"}) {
    attacker.perform(runtime::Publish{.subject = inbox + "." + token, .body = "forged"});
  }
  REQUIRE(host.request("t.echo", "still there").ok());
  CHECK(host.all<runtime::Answered>().size() == answers + 1);
}

TEST_CASE("a message over the bus's limit is refused before it leaves, the connection stays [E8]") {
  NatsServer server("max_payload: 4096");
  RunningHost responder(
      {.url = server.url(),
       .subscriptions = {{"t.big", ""}, {"t.echo", ""}},
       .reaction = [](const runtime::Event& event) -> runtime::Effects {
         const auto* got = std::get_if<runtime::Delivered>(&event);
         if (got == nullptr || got->subject == "t.echo") return echo(event);
         return {runtime::Respond{.to = *got->reply, .body = std::string(5'000, 'x')}};
       }});
  RunningHost asker({.url = server.url()});
  REQUIRE(is_served(asker, "t.echo"));
  const std::size_t resyncs = asker.all<runtime::Resync>().size();

  SECTION("a request") {
    const auto answer = asker.request("t.echo", std::string(5'000, 'x'));
    CHECK(answer.error() == invalid("the message has 5000 bytes, the bus takes at most 4096"));
  }
  SECTION("an answer: the asker is told") {
    const auto answer = asker.request("t.big", "");
    REQUIRE(answer.ok());
    CHECK(schema::open_reply(*answer).error().code == Code::kInvalid);
  }
  SECTION("a publish") {
    asker.perform(runtime::Publish{.subject = "t.echo", .body = std::string(5'000, 'x')});
  }
  REQUIRE(asker.request("t.echo", "small").ok());
  CHECK(asker.all<runtime::Resync>().size() == resyncs);
}

TEST_CASE("a subject with wildcards, spaces or line ends never leaves [E6]") {
  NatsServer server;
  RunningHost host({.url = server.url(), .subscriptions = {{"t.>", ""}}, .reaction = echo});
  REQUIRE(is_served(host, "t.echo"));
  for (const char* subject : {"t.*", "t.>", "t. x", "t.x\r\nPUB t.y 0\r\n", "t..x", "t.", ""}) {
    INFO(subject);
    CHECK(host.request(subject, "x").error().code == Code::kInvalid);
  }
  CHECK(host.request("t.echo", "still there").ok());
}

TEST_CASE("more messages than a process takes: bounded, and it pulls again") {
  NatsServer server;
  std::binary_semaphore gate(0);
  std::atomic<bool> blocked = false;
  RunningHost slow({.url = server.url(),
                    .subscriptions = {{"t.>", ""}},
                    .reaction = [&](const runtime::Event& event) -> runtime::Effects {
                      const auto* got = std::get_if<runtime::Delivered>(&event);
                      if (got == nullptr || got->subject != "t.block") return echo(event);
                      blocked = true;
                      gate.acquire();
                      return {};
                    },
                    .mailbox = {.items = 100, .bytes = 1'000'000}});
  RunningHost flood({.url = server.url()});
  REQUIRE(is_served(flood, "t.ready"));
  flood.perform(runtime::Publish{.subject = "t.block", .body = ""});
  REQUIRE(eventually([&] { return blocked.load(); }));
  for (int i = 0; i < 1'000; ++i) {
    slow.host().post(runtime::Delivered{.subject = "t.flood", .body = "", .reply = {}});
  }
  gate.release();
  REQUIRE(slow.gets<runtime::Resync>(2));
  std::size_t floods = 0;
  for (const auto& got : slow.all<runtime::Delivered>()) floods += got.subject == "t.flood";
  CHECK(floods <= 100);
  CHECK(is_served(flood, "t.after"));
}
