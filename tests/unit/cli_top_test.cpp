#include "schema/wire.h"
#include "tests/catch_compat.h"
#include "tests/unit/cli_bench.h"

using namespace cara;
using namespace cara::cli;
using namespace cara::cli::test;

namespace {

constexpr std::int64_t kMi = 1024 * 1024;

schema::NodeUsage usage_of(const std::string& node, std::int64_t cpu) {
  return {.node = node,
          .load = {cpu, 512 * kMi, 1'500, 99},
          .cpu_millis = 4000,
          .memory_bytes = 1024 * kMi,
          .containers = {{"shop", "web", {cpu / 2, 100 * kMi, 1'000, 50}, 400 * kMi, 3},
                         {"shop", "db", {10, 200 * kMi, 0, 0}, 0, 9},
                         {"blog-" + node, "app", {1, kMi, 12'345'678, 0}, 0, 1}}};
}

struct World : CliBench {
  std::map<std::string, schema::NodeUsage> usage;
  World() {
    for (const char* name : {"w1", "w2", "w3"}) api.add_node(name);
    api.nodes["w3"].status.state = schema::NodeState::kNotReady;
    usage["w1"] = usage_of("w1", 1000);
    api.agents.on_open = [this](std::int64_t number,
                                const FakeStreams::Opened& opened) -> Result<Ok> {
      const std::string& node = opened.request.node;
      if (!usage.contains(node)) return Ok{};
      const std::string bytes = schema::pack_message(usage[node]);
      api.agents.say(number, bytes.substr(0, 7));
      api.agents.say(number, bytes.substr(7));
      api.agents.end(number);
      return Ok{};
    };
  }
};

}  // namespace

TEST_CASE("top nodes: all at once; one that does not answer is a line with its reason") {
  World world;
  const Seen seen = world.run({"top", "nodes"});
  CHECK(seen.out ==
        "NAME   CPU(cores)   CPU%        MEMORY(bytes)   MEMORY%     NET-IN      NET-OUT     "
        "REASON\n"
        "w1     1000m        25%         512Mi           50%         1.5kB/s     99B/s       -\n"
        "w2     <unknown>    <unknown>   <unknown>       <unknown>   <unknown>   <unknown>   "
        "no answer in time\n"
        "w3     <unknown>    <unknown>   <unknown>       <unknown>   <unknown>   <unknown>   "
        "NotReady\n");
  CHECK(seen.exit == kDone);
  CHECK(world.api.agents.told == std::vector<std::string>{"close 2"});
  CHECK(world.run({"top", "node", "w1"}).out ==
        "NAME   CPU(cores)   CPU%   MEMORY(bytes)   MEMORY%   NET-IN    NET-OUT\n"
        "w1     1000m        25%    512Mi           50%       1.5kB/s   99B/s\n");
  CHECK(world.run({"top", "node", "nix"}).err == "error: node \"nix\" not found\n");
}

TEST_CASE("top projects: sums, services, and the order that is asked for") {
  World world;
  world.usage["w2"] = usage_of("w2", 3000);
  const Seen sums = world.run({"top", "projects", "--sort-by", "cpu"});
  CHECK(sums.out ==
        "NAME      CPU(cores)   MEMORY(bytes)   NET-IN   NET-OUT\n"
        "shop      2020m        600Mi           2kB/s    100B/s\n"
        "blog-w1   1m           1Mi             12MB/s   0B/s\n"
        "blog-w2   1m           1Mi             12MB/s   0B/s\n");
  CHECK(sums.err == "node w3: NotReady\n");
  world.api.add("blog-w1", schema::Phase::kRunning).status.node_ref = "w1";
  CHECK(world.run({"top", "project", "blog-w1"}).out ==
        "PROJECT   SERVICE   CPU(cores)   MEMORY(bytes)   MEMORY%   NET-IN   NET-OUT\n"
        "blog-w1   app       1m           1Mi             -         12MB/s   0B/s\n");
  const std::string all = world.run({"top", "projects", "--containers", "--sort-by", "memory"}).out;
  CHECK(all.find("db") < all.find("web"));
  CHECK(contains_text(all, "25%"));
}

TEST_CASE("top -w goes on until Ctrl-C, and clears a terminal only") {
  World world;
  world.api.nodes.erase("w2");
  world.api.nodes.erase("w3");
  int waits = 0;
  world.api.agents.on_idle = [&] { world.interrupted = ++waits >= 3; };
  const Seen seen = world.run({"top", "nodes", "-w"});
  CHECK(seen.exit == kInterrupted);
  std::size_t heads = 0;
  for (auto at = seen.out.find("NAME"); at != std::string::npos;
       at = seen.out.find("NAME", at + 1)) {
    ++heads;
  }
  CHECK(heads == 3);
  CHECK_FALSE(contains_text(seen.out, "\x1b"));
}

TEST_CASE("top: what a node sends is text of others, and may be garbage [E51]") {
  World world;
  world.usage["w1"].containers[0].service = "\x1b[2J";
  CHECK_FALSE(contains_text(world.run({"top", "projects", "--containers"}).out, "\x1b"));
  world.api.agents.on_open = [&](std::int64_t number, const FakeStreams::Opened&) -> Result<Ok> {
    world.api.agents.say(number, "garbage");
    world.api.agents.end(number);
    return Ok{};
  };
  CHECK(contains_text(world.run({"top", "nodes"}).out, "its answer cannot be read"));
}
