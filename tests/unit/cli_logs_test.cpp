#include "tests/catch_compat.h"
#include "tests/unit/cli_bench.h"

using namespace cara;
using namespace cara::cli;
using namespace cara::cli::test;

namespace {

std::string at(int n, const std::string& text) {
  return "2026-11-28T10:00:0" + std::to_string(n) + ".000000000Z " + text + "\n";
}
constexpr std::int64_t kTen = 1'795'860'000'000'000'000;  // 10:00:00 of that day

struct World : CliBench {
  World() {
    schema::Project& shop = api.add("shop", schema::Phase::kRunning);
    shop.spec.services[0].name = "web";
    shop.spec.services.push_back({.name = "mysql", .image = "x"});
  }
  // Each stream has all that is said of its service, and ends.
  void says(const std::map<std::string, std::string>& texts) {
    api.agents.on_open = [this, texts](std::int64_t number,
                                       const FakeStreams::Opened& opened) -> Result<Ok> {
      api.agents.answer(number, "c-" + opened.request.service);
      const auto text = texts.find(opened.request.service);
      if (text != texts.end()) api.agents.say(number, text->second);
      api.agents.end(number);
      return Ok{};
    };
  }
};

}  // namespace

TEST_CASE("logs of a project: every line behind its service's name; of a service: as they are") {
  World world;
  world.says({{"web", at(1, "one") + at(2, "")}, {"mysql", at(3, "three")}});
  const Seen all = world.run({"logs", "shop"});
  CHECK(all.out == "web    | one\nweb    | \nmysql  | three\n");
  CHECK(all.exit == kDone);
  CHECK(world.run({"logs", "shop", "--no-prefix"}).out == "one\n\nthree\n");
  CHECK(world.run({"logs", "shop/web"}).out == "one\n\n");
  CHECK(world.run({"logs", "shop/web", "-t"}).out ==
        "2026-11-28T10:00:01.000000000Z one\n2026-11-28T10:00:02.000000000Z \n");
  CHECK(world.api.agents.opened.back().verb == "logs");
}

TEST_CASE("logs: lines of two services and two outputs are never torn or mixed [E48]") {
  World world;
  world.api.agents.on_open = [&](std::int64_t number, const FakeStreams::Opened&) -> Result<Ok> {
    if (number != 2) return Ok{};
    FakeStreams& agents = world.api.agents;
    agents.say(1, "2026-11-28T10:00:01Z he");
    agents.say(2, "2026-11-28T10:00:01Z other\n2026-");
    agents.say(1, "2026-11-28T10:00:01Z err\n", schema::Channel::kStderr);
    agents.say(1, "llo\n2026-11-28T10:00:01Z no newline");
    agents.say(2, "11-28T10:00:01Z more\n");
    agents.end(1);
    agents.end(2);
    return Ok{};
  };
  CHECK(world.run({"logs", "shop"}).out ==
        "mysql  | other\nweb    | err\nweb    | hello\nmysql  | more\nweb    | no newline\n");
}

TEST_CASE(
    "logs on a terminal: colours for names, none for what drives it; not with NO_COLOR [E51]") {
  World world;
  world.says({{"web", at(1, "\x1b[2Jboo")}});
  world.terminals = {1};
  CHECK(world.run({"logs", "shop/web"}).out == "\\x1b[2Jboo\n");
  CHECK(world.run({"logs", "shop"}).out == "\x1b[36mweb    | \x1b[0m\\x1b[2Jboo\n");
  world.environment["NO_COLOR"] = "1";
  CHECK(world.run({"logs", "shop"}).out == "web    | \\x1b[2Jboo\n");
  world.terminals = {};
  CHECK(world.run({"logs", "shop"}).out == "web    | \x1b[2Jboo\n");
}

TEST_CASE("logs: what is asked for") {
  World world;
  world.says({});
  world.run({"logs", "shop/web", "--tail", "7", "--since", "2026-11-28T10:00:00Z", "--previous"});
  const schema::LogsOptions asked = *world.api.agents.opened.back().request.logs;
  CHECK(asked.tail == 7);
  CHECK(asked.since_ns == kTen);
  CHECK(asked.previous);
  CHECK_FALSE(asked.follow);
  world.run({"logs", "shop/web", "--tail", "all", "--since", "10m"});
  const schema::LogsOptions later = *world.api.agents.opened.back().request.logs;
  CHECK_FALSE(later.tail.has_value());
  CHECK(later.since_ns == (kNow.ms - 600'000) * 1'000'000);
}

TEST_CASE("logs: mistakes are said in one sentence, with the way out [E6]") {
  World world;
  CHECK(world.run({"logs"}).err.starts_with("error: of what? Write PROJECT or PROJECT/SERVICE\n"));
  CHECK(world.run({"logs", "a b"}).exit == kBadInput);
  CHECK(world.run({"logs", "shop", "--tail", "-1"}).exit == kBadInput);
  CHECK(world.run({"logs", "shop", "--since", "soon"}).exit == kBadInput);
  CHECK(world.run({"logs", "shop", "-f", "--previous"}).exit == kBadInput);
  CHECK(world.run({"logs", "shop/wep"}).err ==
        "error: project \"shop\" has no service `wep`; did you mean `web`?\n");
  CHECK(world.run({"logs", "nix"}).err == "error: project \"nix\" not found\n");
  CHECK(world.api.agents.opened.empty());
}

TEST_CASE("logs of a project without a node: the reason, once, and exit 1; -f waits [E48]") {
  World world;
  bool placed = false;
  world.api.agents.on_open = [&](std::int64_t number, const FakeStreams::Opened&) -> Result<Ok> {
    if (!placed) return conflict("project \"shop\" is Pending: 0/2 nodes fit");
    world.api.agents.answer(number, "c");
    world.api.agents.say(number, at(1, "up"));
    return Ok{};
  };
  const Seen seen = world.run({"logs", "shop"});
  CHECK(seen.err == "error: project \"shop\" is Pending: 0/2 nodes fit\n");
  CHECK(seen.exit == kRefused);
  int idle = 0;
  world.api.agents.on_idle = [&] {
    placed = ++idle > 3;
    world.interrupted = idle > 20;
  };
  const Seen followed = world.run({"logs", "-f", "shop/web"});
  CHECK(followed.err == "waiting: project \"shop\" is Pending: 0/2 nodes fit\n");
  CHECK(followed.out == "up\n");
  CHECK(followed.exit == kInterrupted);
}

TEST_CASE("logs -f goes on where it was, however the stream ended [E48]") {
  World world;
  FakeStreams& agents = world.api.agents;
  std::vector<schema::LogsOptions> asked;
  agents.on_open = [&](std::int64_t number, const FakeStreams::Opened& opened) -> Result<Ok> {
    asked.push_back(*opened.request.logs);
    switch (asked.size()) {
      case 1:
        agents.answer(number, "A");
        agents.say(number, at(1, "1") + at(2, "2") + "2026-11-28T10:00:03Z hal");
        agents.fail(number, unavailable("the connection was lost"));
        return Ok{};
      case 2:
        return unavailable("no control plane");
      case 3:  // the same container
        agents.answer(number, "A");
        agents.say(number, at(2, "2") + "2026-11-28T10:00:03Z half\n2026-11-28T10:00:04Z last");
        agents.end(number);
        return Ok{};
      case 4:  // another one, of another clock
        agents.answer(number, "B");
        agents.say(number, at(1, "1") + at(2, "2"));
        agents.fail(number, gone("the agent was started anew"));
        return Ok{};
      case 5:
        agents.answer(number, "B");
        agents.say(number, at(2, "2") + at(3, "3"));
        return Ok{};
      default:
        return Ok{};
    }
  };
  agents.on_idle = [&] { world.interrupted = asked.size() >= 5; };
  const Seen seen = world.run({"logs", "-f", "--tail", "5", "shop/web"});
  CHECK(seen.out == "1\n2\nhalf\nlast\n1\n2\n3\n");
  REQUIRE(asked.size() == 5);
  CHECK(asked[0].tail == 5);
  for (std::size_t i : {1u, 2u}) {
    CHECK_FALSE(asked[i].tail.has_value());
    CHECK(asked[i].container == "A");
    CHECK(asked[i].since_ns == kTen + 2'000'000'000 - 50'000'000);
  }
  CHECK(asked[3].container == "A");
  CHECK(asked[4].container == "B");
}

TEST_CASE("logs -f: services that come are followed, and the end of the project is the end") {
  World world;
  FakeStreams& agents = world.api.agents;
  world.api.projects["shop"].spec.services.pop_back();
  agents.on_open = [&](std::int64_t number, const FakeStreams::Opened& opened) -> Result<Ok> {
    agents.answer(number, "c-" + opened.request.service);
    agents.say(number, at(1, "hi"));
    return Ok{};
  };
  int idle = 0;
  agents.on_idle = [&] {
    ++idle;
    if (idle == 3) world.api.projects["shop"].spec.services.push_back({.name = "worker"});
    if (idle == 9) world.api.projects.clear();
  };
  const Seen seen = world.run({"logs", "-f", "shop"});
  CHECK(seen.out == "web  | hi\nworker  | hi\n");
  CHECK(seen.err == "project \"shop\" was deleted\n");
  CHECK(seen.exit == kDone);
}

TEST_CASE("logs of much go on after a break, too, but not for ever") {
  World world;
  FakeStreams& agents = world.api.agents;
  agents.on_open = [&](std::int64_t number, const FakeStreams::Opened&) -> Result<Ok> {
    if (number > 2) return unavailable("no control plane");
    agents.answer(number, "A");
    agents.say(number, number == 1 ? at(1, "1") : at(1, "1") + at(2, "2"));
    agents.fail(number, unavailable("lost"));
    return Ok{};
  };
  const Seen seen = world.run({"logs", "shop/web"});
  CHECK(seen.out == "1\n2\n");
  CHECK(seen.err == "error: no control plane\n");
  CHECK(seen.exit == kNoConnection);
}

TEST_CASE("logs: what is not permitted is not waited for") {
  World world;
  world.api.agents.on_open = [](std::int64_t, const FakeStreams::Opened&) -> Result<Ok> {
    return forbidden("not permitted: ask an admin");
  };
  const Seen seen = world.run({"logs", "-f", "shop"});
  CHECK(seen.err == "error: not permitted: ask an admin\n");
  CHECK(seen.exit == kNotPermitted);
}
