// cluster info: who is on the bus, by their own word, and who should be and is not.
#include <nlohmann/json.hpp>

#include "schema/codec.h"
#include "tests/catch_compat.h"
#include "tests/unit/cli_bench.h"

using namespace cara;
using namespace cara::cli;
using namespace cara::cli::test;
using namespace std::chrono_literals;
using Json = nlohmann::ordered_json;

namespace {

Json stats(const std::string& name, const std::string& id, const Json& metadata,
           std::int64_t revision = 42, std::int64_t waiting = 0) {
  return {{"name", name},
          {"id", id},
          {"version", "1.2.3"},
          {"metadata", metadata},
          {"endpoints",
           {{{"name", "metrics"}, {"data", {{"revision", revision}, {"queue_depth", waiting}}}}}}};
}

struct World : CliBench {
  std::vector<Api::Heard> heard;
  int questions = 0;

  World() {
    api.add_node("w1");
    api.add_node("w2").status.state = schema::NodeState::kNotReady;
    api.hear = [this](const std::string& subject, runtime::Duration patience,
                      const Api::IsDone&) -> Result<std::vector<Api::Heard>> {
      ++questions;
      CHECK(subject == "$SRV.STATS");
      CHECK(patience == 1s);
      return heard;
    };
  }
  void answer(const Json& told, runtime::Duration after = 1ms) {
    heard.push_back({told.dump(), after});
  }
  void answer_all() {
    answer(stats("cara-scheduler", "s", {{"instance", "s1"}}, 41, 3), 12'345us);
    answer(stats("cara-agent", "a", {{"node", "w1"}}), 2ms);
    answer(stats("cara-gc", "g", {{"instance", "g1"}}), 900us);
    answer(stats("cara-apiserver", "i", {{"instance", "api-1"}}), 49us);
  }
  // What is printed below the cluster's own lines.
  std::string rows() {
    const Seen seen = run({"cluster", "info"});
    CHECK(seen.exit == kDone);
    CHECK(seen.err.empty());
    const std::size_t end = seen.out.find("\n\n");
    return end == std::string::npos ? seen.out : seen.out.substr(end + 2);
  }
  Json processes() {
    const Seen seen = run({"cluster", "info", "-o", "json"});
    CHECK(seen.exit == kDone);
    return Json::parse(seen.out);
  }
};

const std::string kNobody =
    "no answer within a second: cara-apiserver\n"
    "no answer within a second: any cara-scheduler\n"
    "no answer within a second: any cara-gc\n"
    "no answer within a second: cara-agent of node w1\n";

}  // namespace

TEST_CASE("cluster info: version, instance, revision and latency of every process") {
  World world;
  world.answer_all();
  CHECK(world.rows() ==
        "PROCESS          INSTANCE   VERSION   REVISION   WAITING   LATENCY\n"
        "cara-agent       w1         1.2.3     42         0         2.0ms\n"
        "cara-apiserver   api-1      1.2.3     42         0         0.0ms\n"
        "cara-gc          g1         1.2.3     42         0         0.9ms\n"
        "cara-scheduler   s1         1.2.3     41         3         12.3ms\n");
  CHECK(world.questions == 1);
}

TEST_CASE("cluster info: who should be there and says nothing is named") {
  World world;
  CHECK(contains_text(world.rows(), kNobody));
  world.answer_all();
  world.heard.erase(world.heard.begin() + 1);
  world.answer(stats("cara-agent", "b", {{"node", "w2"}}));  // NotReady: not waited for, but shown
  const std::string rows = world.rows();
  CHECK(contains_text(rows, "cara-agent       w2 "));
  CHECK(rows.ends_with("\nno answer within a second: cara-agent of node w1\n"));
  CHECK_FALSE(contains_text(rows, "answer within a second: any"));
}

TEST_CASE("cluster info: several of a kind are all shown, also those of one name") {
  World world;
  world.answer_all();
  world.answer(stats("cara-scheduler", "r", {{"instance", "s1"}}, 40));
  world.answer(stats("cara-agent", "0", {{"node", "w1"}}, 7));  // two machines say they are w1
  const Json all = world.processes();
  std::vector<std::string> ids;
  for (const Json& process : all["processes"]) ids.push_back(process["id"]);
  CHECK(ids == std::vector<std::string>{"0", "a", "i", "g", "r", "s"});
  CHECK(all["silent"].empty());
}

TEST_CASE("cluster info -o json has the cluster's fields and one entry per process") {
  World world;
  world.answer(stats("cara-scheduler", "s", {{"instance", "s1"}}, 41, 3), 12'345us);
  const Json all = world.processes();
  CHECK(all["version"] == "9.9.9");
  CHECK(all["cluster"] == "c1");
  CHECK(all["processes"] == Json::array({{{"name", "cara-scheduler"},
                                          {"id", "s"},
                                          {"instance", "s1"},
                                          {"version", "1.2.3"},
                                          {"revision", 41},
                                          {"waiting", 3},
                                          {"latencyMs", 12.345}}}));
  CHECK(all["silent"] == Json::array({"cara-apiserver", "any cara-gc", "cara-agent of node w1"}));
  CHECK_FALSE(all.contains("processesError"));
}

TEST_CASE("cluster info: where nobody can be asked, the cluster is shown all the same") {
  World world;
  world.api.hear = [](const std::string&, runtime::Duration, const Api::IsDone&) {
    return Result<std::vector<Api::Heard>>(forbidden("not \x1b[2J permitted"));
  };
  const std::string text = world.run({"cluster", "info"}).out;
  CHECK(text.starts_with("Version:    9.9.9\n"));
  CHECK(text.ends_with("\nProcesses:  cannot be asked: not \\x1b[2J permitted\n"));
  const Json all = world.processes();
  CHECK(all["cluster"] == "c1");
  CHECK(all["processes"].empty());
  CHECK(all["silent"].empty());
  CHECK(all["processesError"] == "not \x1b[2J permitted");
}

TEST_CASE("cluster info: anybody may answer, and what is no answer of ours is nobody [E51]") {
  World world;
  for (const char* body : {"", "garbage", "[]", "7", "null", "{", "{}", R"({"name": 7})", "\xff",
                           R"({"name": "postgres", "id": "x", "version": "16"})",
                           R"({"name": "caravan", "id": "x"})"}) {
    world.heard.push_back({body, 1ms});
  }
  const Json all = world.processes();
  CHECK(all["processes"].empty());
  CHECK(all["silent"].size() == 4);
  CHECK(contains_text(world.rows(), kNobody));
}

TEST_CASE("cluster info: what is wrong in an answer is left out, the rest is shown [E51]") {
  World world;
  for (const char* more :
       {R"("id": 7, "metadata": 7, "version": {}, "endpoints": 7)", R"("endpoints": [])",
        R"("endpoints": [7])", R"("endpoints": [{"data": 7}])",
        R"("endpoints": [{"data": {"revision": "x", "queue_depth": null}}])",
        R"("endpoints": [{"data": {"revision": 1e300, "queue_depth": -1e300}}])",
        R"("endpoints": [{"data": {"revision": 18446744073709551615}}])"}) {
    world.heard = {{R"({"name": "cara-gc", )" + std::string(more) + "}", 1ms}};
    INFO(more);
    CHECK(world.processes()["processes"] == Json::array({{{"name", "cara-gc"},
                                                          {"id", ""},
                                                          {"instance", ""},
                                                          {"version", ""},
                                                          {"revision", 0},
                                                          {"waiting", 0},
                                                          {"latencyMs", 1.0}}}));
  }
  world.heard.clear();
  world.answer(stats("cara-\x1b[2J", "x", {{"node", "w1\n\x1b"}}));
  const std::string text = world.run({"cluster", "info"}).out;
  CHECK_FALSE(contains_text(text, "\x1b"));
  CHECK(contains_text(text, "cara-\\x1b[2J   w1\\x0a\\x1b "));
  // A node's name is in a subject, but not every agent's word.
  world.heard.clear();
  world.answer(stats("cara-agent", std::string(100'000, 'i'), {{"node", "w1"}}));
  CHECK(world.processes()["processes"][0]["id"].get<std::string>().size() < 300);
}

TEST_CASE("cluster info is done when all who are known have answered, but not at once") {
  World world;
  int asked = 0;
  world.api.hear = [&](const std::string&, runtime::Duration,
                       const Api::IsDone& done) -> Result<std::vector<Api::Heard>> {
    ++asked;
    const std::vector<Api::Heard> three(3);
    const std::vector<Api::Heard> four(4);  // apiserver, scheduler, gc, and the agent of w1
    CHECK_FALSE(done(four));
    world.api.mono = world.api.mono + 299ms;
    CHECK_FALSE(done(four));
    world.api.mono = world.api.mono + 1ms;
    CHECK(done(four));
    CHECK_FALSE(done(three));
    return four;
  };
  world.run({"cluster", "info"});
  CHECK(asked == 1);
}

TEST_CASE(
    "cluster info: without a list of nodes no agent is missed; without an apiserver, no more") {
  World world;
  world.api.more = [](std::string_view operation, const runtime::Payload&) {
    return operation == "node.list" ? std::optional(schema::pack_error(unavailable("busy")))
                                    : std::nullopt;
  };
  CHECK(world.processes()["silent"] ==
        Json::array({"cara-apiserver", "any cara-scheduler", "any cara-gc"}));
  world.questions = 0;
  world.api.fail = unavailable("no control plane answers");
  const Seen seen = world.run({"cluster", "info"});
  CHECK(seen.exit == kNoConnection);
  CHECK(seen.out.empty());
  CHECK(world.questions == 0);
}
