#include "tests/catch_compat.h"
#include "tests/unit/cli_bench.h"

using namespace cara;
using namespace cara::cli;
using namespace cara::cli::test;
using schema::Phase;

namespace {

// A node w1 with Running projects.
void fill(CliBench& bench, const std::vector<std::string>& names) {
  bench.api.add_node("w1");
  for (const std::string& name : names) {
    bench.api.add(name);
    bench.api.place(name, "w1", Phase::kRunning);
  }
}

// Whatever is Pending runs on w2 a while later.
void settle(FakeApi& api) {
  for (auto& [name, project] : api.projects) {
    if (project.status.phase == Phase::kScheduled) api.place(name, "w2", Phase::kRunning);
    if (project.status.phase == Phase::kPending) api.place(name, "w2", Phase::kScheduled);
  }
}

void explain(schema::Project& project, const std::string& message) {
  set_condition(project.status.conditions,
                {.type = schema::kConditionPhase, .reason = "X", .message = message});
}

}  // namespace

TEST_CASE("drain cordons, then moves projects one after another [E50]") {
  CliBench bench;
  fill(bench, {"a", "b"});
  bench.api.add("elsewhere");
  bench.api.place("elsewhere", "w3", Phase::kRunning);
  bench.api.while_waiting = [](FakeApi& api) {
    const bool both = api.projects["a"].status.phase == Phase::kPending &&
                      api.projects["b"].status.phase == Phase::kPending;
    CHECK(!both);
    settle(api);
  };
  const Seen seen = bench.run({"drain", "w1"});
  CHECK(seen.out ==
        "node/w1 cordoned\nproject/a moved to w2 (2.0s)\nproject/b moved to w2 (2.0s)\n"
        "node/w1 drained\n");
  CHECK(seen.err.empty());
  CHECK(seen.exit == kDone);
  CHECK(bench.api.nodes["w1"].spec.unschedulable);
  CHECK(bench.api.projects["elsewhere"].status.node_ref == "w3");
  CHECK(bench.run({"drain", "w1"}).out == "node/w1 already cordoned\nnode/w1 drained\n");
}

TEST_CASE("what cannot move is named with the reason, the others move [E50]") {
  CliBench bench;
  fill(bench, {"a", "db", "z"});
  bench.api.immovable["db"] = "its volumes are on node/w1 (spec.onNodeLoss: Stay)";
  bench.api.while_waiting = settle;
  const Seen seen = bench.run({"drain", "w1"});
  CHECK(seen.out ==
        "node/w1 cordoned\nproject/a moved to w2 (2.0s)\nproject/z moved to w2 (2.0s)\n");
  CHECK(seen.err ==
        "project/db stays: its volumes are on node/w1 (spec.onNodeLoss: Stay)\n"
        "error: node/w1 is not drained: 1 project stays\n");
  CHECK(seen.exit == kRefused);
  CHECK(bench.api.projects["db"].status.phase == Phase::kRunning);
}

TEST_CASE("drain --dry-run says what would happen and changes nothing [E50]") {
  CliBench bench;
  fill(bench, {"a", "b", "db"});
  bench.api.place("b", "w1", Phase::kTerminating);
  const auto projects = bench.api.projects;
  const Seen all = bench.run({"drain", "w1", "--dry-run"});
  CHECK(all.out ==
        "project/a would move, for example to w2 (dry run)\n"
        "project/db would move, for example to w2 (dry run)\n"
        "project/b is being deleted (dry run)\n"
        "node/w1 would be drained (dry run)\n");
  CHECK(all.exit == kDone);
  bench.api.immovable["db"] = "project/db has nowhere to go: 0/3 nodes fit: 3 NotReady";
  const Seen some = bench.run({"drain", "w1", "--dry-run"});
  CHECK(some.err ==
        "project/db has nowhere to go: 0/3 nodes fit: 3 NotReady\n"
        "error: node/w1 cannot be drained: 1 project stays (dry run)\n");
  CHECK(some.exit == kRefused);
  CHECK(bench.api.projects == projects);
  CHECK(bench.api.changes.empty());
  CHECK(bench.run({"drain", "w9", "--dry-run"}).err == "error: node \"w9\" not found\n");
}

TEST_CASE("drain waits for projects that are being deleted, and moves paused ones [E50]") {
  CliBench bench;
  fill(bench, {"a", "b"});
  bench.api.place("a", "w1", Phase::kTerminating);
  bench.api.projects["b"].spec.paused = true;
  bench.api.place("b", "w1", Phase::kScheduled);
  int waits = 0;
  bench.api.while_waiting = [&](FakeApi& api) {
    if (api.projects["b"].status.phase == Phase::kPending) {
      api.place("b", "w2", Phase::kScheduled);
    } else if (++waits == 3) {
      api.projects.erase("a");
    }
  };
  const Seen seen = bench.run({"drain", "w1"});
  CHECK(seen.out ==
        "node/w1 cordoned\nproject/b moved to w2 (1.0s)\nproject/a deleted\nnode/w1 drained\n");
  CHECK(seen.err == "project/a: waiting until it is deleted\n");
  CHECK(seen.exit == kDone);
  CHECK(bench.api.moves.size() == 1);
}

TEST_CASE("a project that fails on its new node is reported, the others move [E50]") {
  CliBench bench;
  fill(bench, {"a", "b", "c"});
  bench.api.while_waiting = [](FakeApi& api) {
    schema::Project& a = api.projects["a"];
    schema::Project& b = api.projects["b"];
    if (a.status.phase == Phase::kPending) {
      api.place("a", "w2", Phase::kFailed);
      explain(a, "image nowhere:1 is not there\nlog");
    } else if (b.status.phase == Phase::kPending) {
      explain(b, "0/2 nodes fit: 1 cordoned, 1 NotReady");
    } else {
      settle(api);
    }
    // b waits for ever.
    if (api.projects["c"].status.phase == Phase::kPending) {
      api.place("c", "w2", Phase::kRunning);
    }
  };
  const Seen seen = bench.run({"drain", "w1"});
  CHECK(seen.out == "node/w1 cordoned\nproject/c moved to w2 (1.0s)\nnode/w1 drained\n");
  CHECK(seen.err ==
        "project/a left, but is Failed on node/w2: image nowhere:1 is not there | log\n"
        "project/b left, but waits for a node: 0/2 nodes fit: 1 cordoned, 1 NotReady\n");
  CHECK(seen.exit == kRefused);
}

TEST_CASE("a project that fails for a moment only is no trouble") {
  CliBench bench;
  fill(bench, {"a"});
  int waits = 0;
  bench.api.while_waiting = [&](FakeApi& api) {
    ++waits;
    const Phase phase = waits < 40   ? Phase::kScheduled
                        : waits < 60 ? Phase::kFailed
                        : waits < 80 ? Phase::kScheduled
                                     : Phase::kRunning;
    api.place("a", "w2", phase);
  };
  CHECK(bench.run({"drain", "w1"}).out ==
        "node/w1 cordoned\nproject/a moved to w2 (80.0s)\nnode/w1 drained\n");
}

TEST_CASE("drain --timeout and Ctrl-C say which project is on its way [E50]") {
  CliBench bench;
  fill(bench, {"a", "b", "db"});
  bench.api.immovable["a"] = "it must stay";
  const Seen late = bench.run({"drain", "w1", "--timeout", "30500ms"});
  CHECK(late.out == "node/w1 cordoned\n");
  CHECK(late.err ==
        "project/a stays: it must stay\nproject/b left, but waits for a node\n"
        "error: project/db is still on its way after 30s500ms; node/w1 stays cordoned\n");
  CHECK(late.exit == kTimedOut);
  fill(bench, {"b", "db"});
  bench.api.while_waiting = [&](FakeApi&) { bench.interrupted = true; };
  const Seen stopped = bench.run({"drain", "w1"});
  CHECK(stopped.err ==
        "project/a stays: it must stay\n"
        "error: project/b is still on its way; node/w1 stays cordoned\n");
  CHECK(stopped.exit == kInterrupted);
  CHECK(bench.api.nodes["w1"].spec.unschedulable);
  CHECK(bench.api.projects["db"].status.node_ref == "w1");
}

TEST_CASE("nothing is moved after --timeout") {
  CliBench bench;
  fill(bench, {"a", "b"});
  bench.api.while_waiting = [](FakeApi& api) { api.place("a", "w2", Phase::kRunning); };
  const Seen seen = bench.run({"drain", "w1", "--timeout", "1s"});
  CHECK(seen.out == "node/w1 cordoned\nproject/a moved to w2 (1.0s)\n");
  CHECK(seen.err == "error: project/b has not moved yet after 1s; node/w1 stays cordoned\n");
  CHECK(seen.exit == kTimedOut);
  CHECK(bench.api.projects["b"].status.node_ref == "w1");
}

TEST_CASE("drain goes on when the control plane restarts meanwhile [E44][E50]") {
  CliBench bench;
  fill(bench, {"a", "b"});
  int waits = 0;
  bench.api.while_waiting = [&](FakeApi& api) {
    ++waits;
    api.fail = waits < 20 ? std::optional(unavailable("no control plane")) : std::nullopt;
    if (waits >= 20) settle(api);
  };
  CHECK(bench.run({"drain", "w1"}).exit == kDone);
  bench.api.broken_lists = 5;
  CHECK(bench.run({"drain", "w1"}).out == "node/w1 already cordoned\nnode/w1 drained\n");
  bench.api.broken_lists = 5;
  CHECK(bench.run({"drain", "w1", "--timeout", "2s"}).err ==
        "error: node/w1 may still hold projects after 2s; node/w1 stays cordoned\n");
  bench.api.broken_lists = 0;
  fill(bench, {"a"});
  bench.api.while_waiting = [](FakeApi& api) { api.fail = unavailable("no control plane"); };
  const Seen seen = bench.run({"drain", "w1"});
  CHECK(seen.err == "error: no control plane\n");
  CHECK(seen.exit == kNoConnection);
}

TEST_CASE("what left or was deleted meanwhile does not stay [E50]") {
  CliBench bench;
  fill(bench, {"a", "b", "c"});
  // Refused because they are not there any more.
  bench.api.immovable = {{"b", "project/b is not on node w1"},
                         {"c", "project/c is not on node w1"}};
  bench.api.while_waiting = [](FakeApi& api) {
    api.place("a", "w2", Phase::kTerminating);
    api.place("b", "w3", Phase::kRunning);
    api.projects.erase("c");
  };
  const Seen seen = bench.run({"drain", "w1"});
  CHECK(seen.out ==
        "node/w1 cordoned\nproject/a deleted by somebody else\nproject/b moved to w3 (0.0s)\n"
        "project/c deleted by somebody else\nnode/w1 drained\n");
  CHECK(seen.err.empty());
  CHECK(seen.exit == kDone);
}

TEST_CASE("a project that is deleted while it is to be moved is waited for [E50]") {
  CliBench bench;
  fill(bench, {"a", "b"});
  bench.api.immovable["b"] = "project/b is being deleted";
  int waits = 0;
  bench.api.while_waiting = [&](FakeApi& api) {
    settle(api);
    if (++waits == 1) api.place("b", "w1", Phase::kTerminating);
    if (waits == 10) api.projects.erase("b");
  };
  const Seen seen = bench.run({"drain", "w1"});
  CHECK(seen.out ==
        "node/w1 cordoned\nproject/a moved to w2 (2.0s)\nproject/b deleted\nnode/w1 drained\n");
  CHECK(seen.err == "project/b: waiting until it is deleted\n");
  CHECK(seen.exit == kDone);
}

TEST_CASE("drain takes one node, which must exist [E5]") {
  CliBench bench;
  CHECK(bench.run({"drain"}).err.starts_with("error: which node? Give its name\n"));
  const Seen two = bench.run({"drain", "w1", "w2"});
  CHECK(two.err.starts_with("error: one node at a time: cordon the others first\n"));
  CHECK(two.exit == kBadInput);
  const Seen unknown = bench.run({"drain", "w1.example"});
  CHECK(unknown.err == "error: node \"w1.example\" not found\n");
  CHECK(unknown.exit == kRefused);
  bench.api.add_node("w1.example");
  CHECK(bench.run({"drain", "w1.example"}).out ==
        "node/w1.example cordoned\nnode/w1.example drained\n");
}
