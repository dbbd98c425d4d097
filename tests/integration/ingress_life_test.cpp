// HAProxy killed, frozen, adopted, replaced, kept from starting.
#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <fstream>

#include "tests/catch_compat.h"
#include "tests/integration/ingress_world.h"
#include "tests/integration/nats_server.h"
#include "tests/integration/running_host.h"

using namespace cara;
using namespace cara::test;

namespace {

const std::string kUpgrade = "Upgrade: echo\r\nConnection: Upgrade\r\n";

bool has(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

std::vector<agent::Route> many(int count, const std::string& address) {
  std::vector<agent::Route> routes;
  for (int i = 0; i < count; ++i) {
    routes.push_back(to_container("host-" + std::to_string(i) + ".example", address));
  }
  return routes;
}

}  // namespace

TEST_CASE("HAProxy that is killed comes back with its routes [S16]") {
  const Origin origin("shop");
  IngressWorld world;
  world.start();
  world.route({to_container("shop.example", origin.address())}, "key");
  const pid_t before = world.pid();
  kill(before, SIGKILL);
  REQUIRE(eventually([&] {
    const pid_t now = world.pid();
    return now != 0 && now != before;
  }));
  CHECK(world.ask(get("shop.example", "/")).status == 200);
  CHECK(has(
      world.ask(get("shop.example", "/", "X-Cara-Hop: key\r\nX-Forwarded-For: 1.1.1.1\r\n")).body,
      "1.1.1.1"));
  REQUIRE(eventually([&] { return world.troubles().size() == 3; }));
  CHECK(world.troubles() == std::vector<std::string>{"", "HAProxy ended: signal 9", ""});
}

TEST_CASE("an agent that starts again finds its HAProxy, and nothing breaks [S16]") {
  Origin origin("shop");
  IngressWorld world;
  world.start();
  world.route({to_container("shop.example", origin.address()),
               to_container("other.example", origin.address())},
              "key");
  const pid_t before = world.pid();
  Client socket(world.port());
  REQUIRE(socket.ask(get("shop.example", "/", kUpgrade)).status == 101);
  Client held(world.port());
  held.send(get("shop.example", "/hold"));
  REQUIRE(eventually([&] { return origin.requests() == 2; }));

  world.stop();
  CHECK(world.ask(get("shop.example", "/")).status == 200);
  world.start();
  CHECK(world.pid() == before);
  CHECK(world.under_way(origin.address()) == 2);
  socket.send("still here");
  CHECK(socket.read_bytes(10) == "still here");
  origin.release();
  CHECK(held.read().status == 200);

  SECTION("what it does not know yet is kept, what it says is changed") {
    const agent::SetRoutes some{.routes = {to_nowhere("shop.example", "stopped"),
                                           to_container("new.example", origin.address())},
                                .complete = false};
    REQUIRE(world.execute(some).ok());
    CHECK(world.ask(get("shop.example", "/")).status == 503);
    CHECK(world.ask(get("new.example", "/")).status == 200);
    CHECK(world.ask(get("other.example", "/")).status == 200);
    world.route({to_container("new.example", origin.address())});
    CHECK(world.ask(get("shop.example", "/")).status == 404);
    CHECK(world.ask(get("other.example", "/")).status == 404);
  }
}

TEST_CASE("HAProxy has nothing of the agent's: no file, no variable, no blocked signal [S16]") {
  IngressWorld world;
  setenv("CARA_TEST_SECRET", "1", 1);
  const int secret = open(world.scratch().c_str(), O_RDONLY);  // without O_CLOEXEC
  sigset_t blocked;
  sigset_t before;
  sigemptyset(&blocked);
  sigaddset(&blocked, SIGUSR1);
  sigaddset(&blocked, SIGTERM);
  pthread_sigmask(SIG_BLOCK, &blocked, &before);
  world.start();
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
  const std::string process = "/proc/" + std::to_string(world.pid());
  for (const auto& file : std::filesystem::directory_iterator(process + "/fd")) {
    CHECK(std::filesystem::read_symlink(file.path()) != world.scratch());
  }
  close(secret);
  unsetenv("CARA_TEST_SECRET");
  std::ifstream environment(process + "/environ");
  std::string variables;
  std::getline(environment, variables);
  CHECK_FALSE(has(variables, "CARA_TEST_SECRET"));
  CHECK(getsid(world.pid()) == world.pid());
  std::ifstream status(process + "/status");
  std::string line;
  while (std::getline(status, line)) {
    if (line.starts_with("SigBlk:")) CHECK(line == "SigBlk:\t0000000000000000");
  }
}

TEST_CASE("HAProxy with other flags takes over without a lost connection [S17]") {
  Origin origin("shop");
  IngressWorld world;
  world.start();
  world.route({to_container("shop.example", origin.address())}, "key");
  const pid_t before = world.pid();
  Client socket(world.port());
  REQUIRE(socket.ask(get("shop.example", "/", kUpgrade)).status == 101);

  world.stop();
  const std::uint16_t more = free_port();
  world.config().listen.push_back({.ip = "127.0.0.2", .port = more});
  world.start();
  const pid_t after = world.pid();
  CHECK(after != before);
  CHECK(Client(more, "127.0.0.2").ask(get("shop.example", "/")).status == 200);
  CHECK(world.ask(get("shop.example", "/")).status == 200);
  socket.send("still here");
  CHECK(socket.read_bytes(10) == "still here");
  // What the old process still has counts; an answered request may count for a moment longer.
  CHECK(eventually([&] { return world.under_way(origin.address()) == 1; }));
  origin.close_idle_connections();
  CHECK(eventually([&] { return world.under_way(origin.address()) == 0; }));
  CHECK(eventually([&] { return kill(before, 0) != 0; }));
}

TEST_CASE("it listens where it was told to and nowhere else [S17]") {
  IngressWorld world;
  world.start();
  CHECK(world.ask(get("shop.example", "/")).status == 404);
  CHECK_THROWS(Client(world.port(), "127.0.0.2"));
}

TEST_CASE("a port that somebody else has is said, and taken when it is free [S17]") {
  IngressWorld world;
  const Origin backend("shop");
  {
    const Origin squatter("squatter", "127.0.0.1", world.port());
    world.start();
    REQUIRE(world.troubles().size() == 1);
    const std::string port = "127.0.0.1:" + std::to_string(world.port());
    INFO(world.troubles()[0]);
    CHECK(has(world.troubles()[0], "HAProxy does not start: "));
    CHECK(has(world.troubles()[0], "cannot bind socket (Address already in use)"));
    CHECK(has(world.troubles()[0], port));
    const auto refused =
        world.execute(agent::SetRoutes{{to_container("shop.example", backend.address())}});
    REQUIRE_FALSE(refused.ok());
    CHECK(refused.error().code == Code::kUnavailable);
    CHECK(has(refused.error().message, port));
  }
  REQUIRE(eventually([&] { return world.troubles().back().empty(); }));
  CHECK(world.ask(get("shop.example", "/")).status == 200);
}

TEST_CASE("other flags that cannot work leave the HAProxy of before [S17]") {
  const Origin origin("shop");
  IngressWorld world;
  world.start();
  world.route({to_container("shop.example", origin.address())});
  const pid_t before = world.pid();
  world.stop();
  world.config().listen.push_back({.ip = "127.0.0.1", .port = origin.port()});
  world.start();
  CHECK(has(world.troubles().back(), "Address already in use"));
  CHECK(world.pid() == before);
  CHECK(world.ask(get("shop.example", "/")).status == 200);
  world.route({to_nowhere("shop.example", "stopped")});
  CHECK(world.ask(get("shop.example", "/")).status == 503);
}

TEST_CASE("a missing HAProxy is said with what to do [S17]") {
  IngressWorld world;
  world.config().program = "haproxy-that-is-not-there";
  world.start();
  REQUIRE(world.troubles().size() == 1);
  CHECK(world.troubles()[0] ==
        "there is no program haproxy-that-is-not-there: install the package haproxy, or say where "
        "it is with --haproxy");
}

TEST_CASE("a frozen HAProxy is a timeout, and nothing else waits for it for long [S16]") {
  const Origin origin("shop");
  IngressWorld world;
  world.start();
  world.route({to_container("shop.example", origin.address())});
  const pid_t pid = world.pid();
  kill(pid, SIGSTOP);
  const auto start = std::chrono::steady_clock::now();
  const auto set = world.execute(agent::SetRoutes{{to_nowhere("shop.example", "stopped")}});
  REQUIRE_FALSE(set.ok());
  CHECK(set.error().code == Code::kTimeout);
  CHECK(std::chrono::steady_clock::now() - start < std::chrono::seconds(4));
  kill(pid, SIGCONT);
  world.route({to_nowhere("shop.example", "stopped")});
  CHECK(world.ask(get("shop.example", "/")).status == 503);
  CHECK(world.pid() == pid);
}

TEST_CASE("after a reboot no host goes where it went before until the agent has looked [S16]") {
  const Origin origin("shop");
  IngressWorld world;
  world.start();
  world.route({to_container("shop.example", origin.address())});
  world.stop();
  const pid_t pid = world.pid();
  kill(pid, SIGKILL);
  REQUIRE(eventually([&] { return world.pid() == 0; }));
  world.start();
  const auto answer = world.ask(get("shop.example", "/"));
  CHECK(answer.status == 503);
  CHECK(has(answer.body, "project shop, rule web: this node has just started"));
  REQUIRE(world.execute(agent::SetRoutes{.routes = {}, .complete = false}).ok());
  CHECK(world.ask(get("shop.example", "/")).status == 503);
  world.route({to_container("shop.example", origin.address())});
  CHECK(world.ask(get("shop.example", "/")).status == 200);
}

TEST_CASE("an agent without ingress lets the HAProxy of before end [S17]") {
  Origin origin("shop");
  IngressWorld world;
  world.start();
  world.route({to_container("shop.example", origin.address())});
  const pid_t pid = world.pid();
  Client held(world.port());
  held.send(get("shop.example", "/hold"));
  REQUIRE(eventually([&] { return origin.requests() == 1; }));
  world.stop();
  CHECK(haproxy::end_leftover(world.folder()));
  REQUIRE(eventually([&] { return world.pid() == 0; }));
  origin.release();
  CHECK(held.read().status == 200);
  CHECK_FALSE(haproxy::end_leftover(world.folder()));
  (void)pid;
}

TEST_CASE("a thousand hosts: set, changed and counted at once [S16]") {
  const Origin one("one");
  const Origin two("two");
  IngressWorld world;
  world.start();
  world.route(many(1000, one.address()));
  CHECK(world.ask(get("host-0.example", "/")).body.starts_with("one"));
  CHECK(world.ask(get("host-999.example", "/")).body.starts_with("one"));
  std::vector<agent::Route> routes = many(1000, one.address());
  for (int i = 0; i < 20; ++i) {
    routes[7].address = i % 2 == 0 ? two.address() : one.address();
    world.route(routes);
    REQUIRE(world.ask(get("host-7.example", "/")).body.starts_with(i % 2 == 0 ? "two" : "one"));
  }
  world.route(many(1000, two.address()));
  CHECK(world.ask(get("host-500.example", "/")).body.starts_with("two"));
  world.route(many(1, two.address()));
  CHECK(world.ask(get("host-500.example", "/")).status == 404);
  CHECK(world.ask(get("host-0.example", "/")).status == 200);
}

TEST_CASE("the access log is cut at its limit and goes on from the start [S16]") {
  const Origin origin("shop");
  IngressWorld world;
  world.max_access_log_bytes = 2'000;
  world.start();
  world.route({to_container("shop.example", origin.address())});
  const auto ask_until = [&](auto holds) {
    return eventually([&] {
      (void)world.ask(get("shop.example", "/"));
      return holds();
    });
  };
  REQUIRE(ask_until([&] { return !world.log("access.log.1").empty(); }));
  world.stop();
  world.start();  // adopts it
  const std::string before = world.log("access.log.1");
  REQUIRE(ask_until([&] { return world.log("access.log.1") != before; }));
  REQUIRE(ask_until([&] { return !world.log("access.log").empty(); }));
  CHECK(world.log("access.log").front() == '2');
  CHECK(world.log("access.log.1").front() == '2');
}

TEST_CASE("what changes is enough to say, and what is gone goes [S16]") {
  const Origin one("one");
  const Origin two("two");
  IngressWorld world;
  world.start();
  world.route({to_container("a.example", one.address()), to_container("b.example", one.address()),
               to_container("b.example", one.address(), "/api")});
  const agent::SetRoutes step{.routes = {to_container("a.example", two.address())},
                              .complete = false,
                              .gone = {{"b.example", "/"}}};
  REQUIRE(world.execute(step).ok());
  CHECK(world.ask(get("a.example", "/")).body.starts_with("two"));
  CHECK(has(world.ask(get("b.example", "/")).body, "none of its paths"));
  CHECK(world.ask(get("b.example", "/api")).body.starts_with("one"));
  REQUIRE(world
              .execute(agent::SetRoutes{
                  .routes = {}, .complete = false, .gone = {{"b.example", "/api"}}})
              .ok());
  CHECK(has(world.ask(get("b.example", "/")).body, "no project has the host"));
}

TEST_CASE("routes that no request can reach are refused [S16]") {
  IngressWorld world;
  world.start();
  const auto refusal = [&](agent::Route route) {
    const auto done = world.execute(agent::SetRoutes{{std::move(route)}});
    return done.ok() ? std::string() : done.error().message;
  };
  CHECK(has(refusal(to_container("Shop", "10.0.0.1:80")), "no request can ask for this host"));
  CHECK(has(refusal(to_container("a b", "10.0.0.1:80")), "no request can ask for this host"));
  CHECK(has(refusal(to_container("shop", "10.0.0.1:80", "x")), "for this path"));
  CHECK(has(refusal(to_container("shop", "10.0.0.1:80", "/a b")), "for this path"));
  CHECK(has(refusal(to_container("shop", "10.0.0.1")), "expected ADDRESS:PORT"));
  const auto twice = world.execute(
      agent::SetRoutes{{to_container("shop", "10.0.0.1:80"), to_container("shop", "10.0.0.2:80")}});
  REQUIRE_FALSE(twice.ok());
  CHECK(has(twice.error().message, "there are two of it"));
}
