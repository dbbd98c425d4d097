// Requests, answers, timeouts, local calls and timers between two hosts on a real nats-server.
#include <atomic>
#include <memory>
#include <semaphore>

#include "tests/catch_compat.h"
#include "tests/integration/nats_server.h"
#include "tests/integration/running_host.h"

using namespace cara;
using namespace cara::test;
using namespace std::chrono_literals;

TEST_CASE("a request is answered by the actor of another process") {
  NatsServer server;
  RunningHost responder(
      {.url = server.url(), .subscriptions = {{"t.echo", "q"}}, .reaction = echo});
  RunningHost asker({.url = server.url()});
  REQUIRE(is_served(asker, "t.echo"));
  const std::string bytes("\0\x81\xff body", 8);
  const auto answer = asker.request("t.echo", bytes);
  REQUIRE(answer.ok());
  CHECK(*answer == bytes);
}

TEST_CASE("an actor gets Started first and a Resync once the bus is there") {
  NatsServer server;
  RunningHost host({.url = server.url()});
  REQUIRE(host.gets<runtime::Resync>(1));
  CHECK(host.all<runtime::Started>().size() == 1);
}

TEST_CASE("nobody listens: unavailable at once, not after the timeout") {
  NatsServer server;
  RunningHost asker({.url = server.url()});
  REQUIRE(asker.gets<runtime::Resync>(1));
  const auto start = std::chrono::steady_clock::now();
  const auto answer = asker.request("t.nobody", "x", 15s);
  REQUIRE_FALSE(answer.ok());
  CHECK(answer.error().code == Code::kUnavailable);
  CHECK(std::chrono::steady_clock::now() - start < 5s);
}

TEST_CASE("a silent peer: timeout, and its late answer is dropped") {
  NatsServer server;
  std::mutex mutex;
  std::vector<runtime::ReplyTo> kept;
  RunningHost responder({.url = server.url(),
                         .subscriptions = {{"t.slow", ""}, {"t.echo", ""}},
                         .reaction = [&](const runtime::Event& event) -> runtime::Effects {
                           const auto* got = std::get_if<runtime::Delivered>(&event);
                           if (got == nullptr || got->subject == "t.echo") return echo(event);
                           const std::lock_guard lock(mutex);
                           kept.push_back(*got->reply);
                           return {};
                         }});
  RunningHost asker({.url = server.url()});
  REQUIRE(is_served(asker, "t.echo"));
  const auto answer = asker.request("t.slow", "x", 100ms);
  REQUIRE_FALSE(answer.ok());
  CHECK(answer.error().code == Code::kTimeout);
  const std::size_t answers = asker.all<runtime::Answered>().size();
  {
    const std::lock_guard lock(mutex);
    REQUIRE(kept.size() == 1);
    responder.perform(runtime::Respond{.to = kept.front(), .body = "late"});
  }
  REQUIRE(asker.request("t.echo", "after").ok());
  CHECK(asker.all<runtime::Answered>().size() == answers + 1);
}

TEST_CASE("local calls run side by side and do not hold up the actor") {
  NatsServer server;
  std::counting_semaphore<8> gate(0);
  RunningHost host({.url = server.url(), .prepare = [&](host::NatsHost& h) {
                      h.serve_local(
                          "local.engine",
                          [&](std::string_view body) -> Result<std::string> {
                            if (body == "block") gate.acquire();
                            return std::string(body) + " done";
                          },
                          2);
                    }});
  host.perform(
      runtime::Request{.id = 1'000, .subject = "local.engine", .body = "block", .timeout = 10s});
  const auto quick = host.request("local.engine", "quick");
  REQUIRE(quick.ok());
  CHECK(*quick == "quick done");
  gate.release();
  CHECK(host.gets<runtime::Answered>(2));
}

TEST_CASE("a local call that takes too long times out; its late result is dropped") {
  std::binary_semaphore gate(0);
  std::atomic<bool> ended = false;
  RunningHost host(
      {.url = "nats://127.0.0.1:" + std::to_string(free_port()), .prepare = [&](host::NatsHost& h) {
         h.serve_local(
             "local.engine",
             [&](std::string_view body) -> Result<std::string> {
               if (body == "block") gate.acquire();
               ended = true;
               return std::string("late");
             },
             1);
       }});
  const auto answer = host.request("local.engine", "block", 50ms);
  REQUIRE_FALSE(answer.ok());
  CHECK(answer.error().code == Code::kTimeout);
  gate.release();
  REQUIRE(eventually([&] { return ended.load(); }));
  REQUIRE(host.request("local.engine", "next").ok());
  CHECK(host.all<runtime::Answered>().size() == 2);
}

TEST_CASE("a local subject that nobody serves is unavailable, a throwing handler internal") {
  RunningHost host(
      {.url = "nats://127.0.0.1:" + std::to_string(free_port()), .prepare = [](host::NatsHost& h) {
         h.serve_local(
             "local.bad",
             [](std::string_view) -> Result<std::string> {
               throw std::runtime_error("library failed");
             },
             1);
       }});
  CHECK(host.request("local.nobody", "x").error().code == Code::kUnavailable);
  CHECK(host.request("local.bad", "x").error() == internal("library failed"));
}

TEST_CASE("a timer fires once, and setting it again moves it") {
  RunningHost host({.url = "nats://127.0.0.1:" + std::to_string(free_port())});
  host.perform(runtime::SetTimer{.id = 7, .after = 1h});
  host.perform(runtime::SetTimer{.id = 7, .after = 10ms});
  REQUIRE(host.gets<runtime::TimerFired>(1));
  host.perform(runtime::SetTimer{.id = 8, .after = 10ms});
  REQUIRE(host.gets<runtime::TimerFired>(2));
  CHECK(host.all<runtime::TimerFired>()[0].id == 7);
  CHECK(host.all<runtime::TimerFired>()[1].id == 8);
}

TEST_CASE("Stop ends the run with its exit code; effects before it are sent, behind it not") {
  NatsServer server;
  RunningHost reader({.url = server.url(), .subscriptions = {{"t.*", ""}}, .reaction = echo});
  RunningHost host({.url = server.url()});
  REQUIRE(is_served(host, "t.ready"));
  const std::size_t before = reader.all<runtime::Delivered>().size();
  // One step performs all three: they are ordered before the event that asks for them.
  host.perform(runtime::Publish{.subject = "t.before", .body = ""});
  host.perform(runtime::Stop{.reason = "a rival", .exit_code = 3});
  CHECK(host.join() == 3);
  REQUIRE(reader.gets<runtime::Delivered>(before + 1));
  CHECK(reader.all<runtime::Delivered>().back().subject == "t.before");
}

TEST_CASE("before it runs, a host can ask whether another one answers") {
  NatsServer server;
  const schema::Identity self{schema::Role::kApiserver, "a1"};
  host::NatsHost probe({.url = server.url(), .identity = self, .client_name = "probe"});
  REQUIRE(probe.connect(5s).ok());
  CHECK(probe.ask("t.echo", "x", 5s).error().code == Code::kUnavailable);

  RunningHost rival({.url = server.url(), .subscriptions = {{"t.echo", ""}}, .reaction = echo});
  REQUIRE(eventually([&] { return probe.ask("t.echo", "x", 1s).ok(); }));
}

TEST_CASE("a stopping host answers every request that it received before") {
  NatsServer server;
  auto responder = std::make_unique<RunningHost>(
      HostSetup{.url = server.url(), .subscriptions = {{"t.echo", ""}}, .reaction = echo});
  RunningHost asker({.url = server.url()});
  REQUIRE(is_served(asker, "t.echo"));
  const std::size_t before = asker.all<runtime::Answered>().size();
  static constexpr std::size_t kRequests = 500;
  for (std::size_t i = 0; i < kRequests; ++i) {
    asker.perform(
        runtime::Request{.id = 10'000 + i, .subject = "t.echo", .body = "x", .timeout = 10s});
  }
  REQUIRE(responder->gets<runtime::Delivered>(before + 1));
  CHECK(responder->stop() == 0);
  responder.reset();
  REQUIRE(asker.gets<runtime::Answered>(before + kRequests));
  std::size_t lost = 0;
  for (const auto& answered : asker.all<runtime::Answered>()) {
    lost += !answered.body.ok() && answered.body.error().code == Code::kTimeout;
  }
  CHECK(lost == 0);
}
