#include "tests/catch_compat.h"
#include "tests/unit/cli_bench.h"

using namespace cara;
using namespace cara::cli;
using namespace cara::cli::test;

namespace {

schema::Event& add(CliBench& bench, const std::string& kind, const std::string& name,
                   const std::string& message) {
  const auto number = static_cast<std::int64_t>(bench.api.events.size()) + 1;
  bench.api.events.push_back({.number = number,
                              .kind = kind,
                              .name = name,
                              .uid = "uid-" + name,
                              .first = {kNow.ms - 60'000},
                              .last = {kNow.ms - 5'000},
                              .actor = "agent/w1",
                              .reason = "Pulled",
                              .message = message,
                              .count = number});
  return bench.api.events.back();
}

}  // namespace

TEST_CASE("events are a table of one line each, whatever is in a message [E51]") {
  CliBench bench;
  add(bench, "project", "shop", "exit code 1:\nlog \x1b[2J line\n");
  add(bench, "node", "w1", "");
  CHECK(bench.run({"events"}).out ==
        "AGE   OBJECT         ACTOR      REASON   COUNT   MESSAGE\n"
        "5s    project/shop   agent/w1   Pulled   1       exit code 1: | log \\x1b[2J line\n"
        "5s    node/w1        agent/w1   Pulled   2       -\n");
  CHECK(bench.run({"events", "node", "w1"}).out ==
        "AGE   OBJECT    ACTOR      REASON   COUNT   MESSAGE\n"
        "5s    node/w1   agent/w1   Pulled   2       -\n");
  CHECK(bench.run({"events", "projects"}).out.find("node/") == std::string::npos);
  const Seen none = bench.run({"events", "project", "gone"});
  CHECK(none.err == "No events found\n");
  CHECK(none.exit == kDone);
  CHECK(bench.run({"events", "project/shop", "-o", "json"})
            .out.starts_with("{\n  \"apiVersion\": \"caravanserai/v1\",\n  \"kind\": \"List\",\n"
                             "  \"items\": [\n    {\n      \"number\": 1,\n"));
}

TEST_CASE("events come in pages and are all shown [E47]") {
  CliBench bench;
  bench.api.page = 7;
  for (int i = 0; i < 100; ++i) add(bench, "project", "p" + std::to_string(i), "x");
  const std::string out = bench.run({"events"}).out;
  CHECK(std::count(out.begin(), out.end(), '\n') == 101);
}

TEST_CASE("events -w goes on until Ctrl-C, each event once, in the same columns") {
  CliBench bench;
  add(bench, "project", "shop", "first");
  int waits = 0;
  bench.api.while_waiting = [&](FakeApi& api) {
    ++waits;
    if (waits == 2) add(bench, "project", "shop", "second");
    api.fail = waits == 3 ? std::optional(unavailable("no control plane")) : std::nullopt;
    if (waits == 5) add(bench, "project", "x", "third");
    bench.interrupted = waits == 7;
  };
  const Seen seen = bench.run({"events", "-w"});
  CHECK(seen.out ==
        "AGE   OBJECT         ACTOR      REASON   COUNT   MESSAGE\n"
        "5s    project/shop   agent/w1   Pulled   1       first\n"
        "5s    project/shop   agent/w1   Pulled   2       second\n"
        "5s    project/x      agent/w1   Pulled   3       third\n");
  CHECK(seen.exit == kInterrupted);
  CHECK(bench.api.watched == std::vector<std::string>{"cara.v1.evt.>"});
  bench.interrupted = false;
  waits = 6;
  bench.run({"events", "project", "shop", "-w"});
  CHECK(bench.api.watched.back() == "cara.v1.evt.project.shop");
}

TEST_CASE("events -w gives up when nobody answers for long, and names are checked first [E6]") {
  CliBench bench;
  bench.api.fail = unavailable("no control plane");
  const Seen seen = bench.run({"events", "-w"});
  CHECK(seen.err == "error: no control plane\n");
  CHECK(seen.exit == kNoConnection);
  CHECK(bench.run({"events", "project", "a>b", "-w"}).exit == kBadInput);
  CHECK(bench.run({"events", "project", "a", "b"})
            .err.starts_with("error: of one object at a time, or of all\n"));
}
