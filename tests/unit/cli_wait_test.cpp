// wait, and apply --wait.
#include "tests/catch_compat.h"
#include "tests/unit/cli_bench.h"

using namespace cara;
using namespace cara::cli;
using namespace cara::cli::test;

namespace {

void say_phase(schema::Project& project, schema::Phase phase, const std::string& reason,
               const std::string& message) {
  project.status.phase = phase;
  project.status.node_ref = "w1";
  project.status.observed_generation = project.metadata.generation;
  set_condition(project.status.conditions,
                {.type = schema::kConditionPhase, .reason = reason, .message = message});
}

schema::Event event_of(std::int64_t number, const std::string& reason, const std::string& message) {
  return {.number = number,
          .kind = "project",
          .name = "shop",
          .uid = "uid-shop",
          .reason = reason,
          .message = message};
}

}  // namespace

TEST_CASE("wait for a phase says when it is there, and how it goes meanwhile") {
  CliBench bench;
  bench.api.add("shop");
  bench.api.events = {event_of(5, "Created", "Generation 1 was applied")};
  int turn = 0;
  bench.api.while_waiting = [&](FakeApi& api) {
    schema::Project& shop = api.projects["shop"];
    switch (++turn) {
      case 1:
        say_phase(shop, schema::Phase::kScheduled, "Starting", "getting image busybox:1");
        break;
      case 2:
        api.events.push_back(event_of(6, "Pulling", "busybox:1: 4 MB of 9 MB"));
        break;
      case 3:
        api.events.push_back(event_of(7, "Started", "service `app` is started"));
        break;
      default:
        say_phase(shop, schema::Phase::kRunning, "AgentReady", "All containers are running");
    }
  };
  const Seen seen = bench.run({"wait", "project/shop", "--for=phase=Running"});
  CHECK(seen.out == "project/shop condition met\n");
  CHECK(seen.err ==
        "project/shop: Pending\n"
        "project/shop: Scheduled on node/w1: getting image busybox:1\n"
        "project/shop: busybox:1: 4 MB of 9 MB\n"
        "project/shop: service `app` is started\n");
  CHECK(seen.exit == kDone);
}

TEST_CASE("a phase that was said of an older spec does not count") {
  CliBench bench;
  say_phase(bench.api.add("shop"), schema::Phase::kRunning, "AgentReady", "");
  bench.api.projects["shop"].metadata.generation = 2;
  const Seen seen = bench.run({"wait", "project/shop", "--for=phase=Running", "--timeout", "5s"});
  CHECK(seen.exit == kTimedOut);
  CHECK(contains_text(seen.err,
                      "error: project/shop: timed out after 5s; it is Running on node/w1: "
                      "generation 2 is on its way\n"));
}

TEST_CASE("wait for a condition, of projects and of nodes") {
  CliBench bench;
  schema::Node& node = bench.api.add_node("w1");
  const auto wait = [&](const std::string& goal) {
    return bench.run({"wait", "node/w1", "--for=condition=" + goal, "--timeout", "2s"});
  };
  CHECK(wait("Ready").exit == kTimedOut);
  CHECK(wait("DiskPressure=False").out == "node/w1 condition met\n");
  set_condition(node.status.conditions, {.type = "Ready"});
  CHECK(wait("Ready").exit == kDone);
  CHECK(wait("Ready=True").exit == kDone);
  CHECK(wait("Ready=Unknown").exit == kTimedOut);
  CHECK(bench.run({"wait", "node/w2", "--for=condition=Ready"}).err ==
        "error: node \"w2\" not found\n");
}

TEST_CASE("wait for a deletion takes another incarnation of the name for it, if it knew one") {
  CliBench bench;
  bench.api.add("shop", schema::Phase::kTerminating);
  bench.api.while_waiting = [](FakeApi& api) { api.projects.clear(); };
  CHECK(bench.run({"wait", "project", "shop", "--for=delete"}).out == "project/shop deleted\n");
  CHECK(bench.run({"wait", "project", "shop", "--for=delete"}).exit == kDone);
}

TEST_CASE("wait that is asked for something odd says what there is") {
  CliBench bench;
  CHECK(contains_text(bench.run({"wait", "project/a", "--for=phase=Runing"}).err,
                      "error: `Runing` is no phase; did you mean `Running`?\n"));
  CHECK(contains_text(bench.run({"wait", "project/a", "--for=up"}).err,
                      "error: --for takes phase=PHASE, condition=TYPE[=STATUS] or delete, not "
                      "`up`\n"));
  CHECK(bench.run({"wait", "project/a"}).exit == kBadInput);
  CHECK(bench.run({"wait", "project", "--for=delete"}).exit == kBadInput);
  CHECK(contains_text(bench.run({"wait", "node/a", "--for=phase=Ready"}).err,
                      "nodes have no phase; wait --for=condition=Ready"));
}

TEST_CASE("Ctrl-C while waiting ends with 130") {
  CliBench bench;
  bench.api.add("shop");
  bench.api.while_waiting = [&](FakeApi&) { bench.interrupted = true; };
  const Seen seen = bench.run({"wait", "project/shop", "--for=phase=Running"});
  CHECK(seen.exit == kInterrupted);
  CHECK(contains_text(seen.err, "error: project/shop: interrupted; it is Pending\n"));
}

TEST_CASE("apply --wait ends when what was applied runs") {
  CliBench bench;
  bench.api.while_waiting = [](FakeApi& api) {
    say_phase(api.projects["shop"], schema::Phase::kRunning, "AgentReady", "");
  };
  const Seen seen = bench.run({"apply", "--wait", "-f", "-"}, manifest("shop"));
  CHECK(seen.out == "project/shop created\nproject/shop is running\n");
  CHECK(seen.exit == kDone);
}

TEST_CASE("apply --wait ends with 1 and the reason when the update is rolled back") {
  CliBench bench;
  bench.api.while_waiting = [](FakeApi& api) {
    schema::Project& shop = api.projects["shop"];
    ++shop.metadata.generation;
    set_condition(shop.status.conditions, {.type = schema::kConditionRolledBack,
                                           .reason = "UpdateFailed",
                                           .message = "generation 1 did not become Running"});
  };
  const Seen seen = bench.run({"apply", "--wait", "-f", "-"}, manifest("shop"));
  CHECK(contains_text(seen.err,
                      "error: project/shop: it was rolled back: generation 1 did not become "
                      "Running\n"));
  CHECK(seen.exit == kRefused);
}

TEST_CASE("apply --wait bears with Failed until healthyDeadline is over") {
  CliBench bench;
  int turns = 0;
  bench.api.while_waiting = [&](FakeApi& api) {
    ++turns;
    say_phase(api.projects["shop"], schema::Phase::kFailed, "CrashLoopBackOff", "exit code 7");
  };
  const Seen seen = bench.run({"apply", "--wait", "-f", "-"},
                              manifest("shop", "  updatePolicy: {healthyDeadline: 20s}\n"));
  CHECK(contains_text(seen.err, "error: project/shop: it is Failed: exit code 7\n"));
  CHECK(seen.exit == kRefused);
  CHECK(turns == 20);
  const Seen late = bench.run({"apply", "--wait", "--timeout", "5s", "-f", "-"}, manifest("late"));
  CHECK(late.exit == kTimedOut);
}

TEST_CASE("apply --wait does not wait for what somebody else applied since") {
  CliBench bench;
  bench.api.while_waiting = [](FakeApi& api) { ++api.projects["shop"].metadata.generation; };
  const Seen seen = bench.run({"apply", "--wait", "-f", "-"}, manifest("shop"));
  CHECK(contains_text(seen.err, "it was changed by somebody else: it is at generation 2, not 1"));
  CHECK(seen.exit == kRefused);
}

TEST_CASE("on a terminal the lines are drawn in place, and gone at the end") {
  CliBench bench;
  bench.terminals = {2};
  bench.environment["TERM"] = "xterm";
  schema::Project& shop = bench.api.add("shop");
  say_phase(shop, schema::Phase::kScheduled, "Starting", "\x1b[2J");
  shop.status.services = {{.name = "app", .state = "exited", .restarts = 2, .exit_code = 7}};
  int turn = 0;
  bench.api.while_waiting = [&](FakeApi& api) {
    if (++turn == 3) say_phase(api.projects["shop"], schema::Phase::kRunning, "AgentReady", "");
    api.mono = api.mono + std::chrono::seconds(1);
  };
  const Seen seen = bench.run({"wait", "project/shop", "--for=phase=Running"});
  CHECK(contains_text(seen.err, "project/shop: Scheduled on node/w1: \\x1b[2J"));
  CHECK(contains_text(seen.err, "\n    app  exited, exit code 7, 2 restarts\n"));
  CHECK(seen.err.ends_with("\x1b[2A\r\x1b[J"));
  CHECK(seen.out == "project/shop condition met\n");
  CHECK(!contains_text(seen.err, "\x1b[2J"));
}
