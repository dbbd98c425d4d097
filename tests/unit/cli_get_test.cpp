#include <algorithm>

#include "schema/defaults.h"
#include "tests/catch_compat.h"
#include "tests/unit/cli_bench.h"

using namespace cara;
using namespace cara::cli;
using namespace cara::cli::test;
using schema::Phase;

namespace {

schema::Project& running(CliBench& bench, const std::string& name) {
  schema::Project& project = bench.api.add(name, Phase::kRunning);
  project.status.node_ref = "worker-01";
  set_condition(project.status.conditions, {.type = schema::kConditionPhase,
                                            .reason = "AgentReady",
                                            .message = "All containers are running"});
  return project;
}

}  // namespace

TEST_CASE("get projects NAME prints the seed's table [S38][S39][S40][S46]") {
  CliBench bench;
  running(bench, "wordpress");
  const Seen seen = bench.run({"get", "projects", "wordpress"});
  CHECK(seen.out ==
        "NAME        PHASE     NODE        CONDITIONS          AGE\n"
        "wordpress   Running   worker-01   ContainersRunning   8s\n");
  CHECK(seen.exit == kDone);
}

TEST_CASE("get projects lists all by name; nothing is - or <none> [S39][S40][S41]") {
  CliBench bench;
  bench.api.add("zebra");
  auto& failed = bench.api.add("apple", Phase::kFailed);
  failed.status.conditions.push_back({.type = schema::kConditionPhase, .reason = "ImageNotFound"});
  failed.status.node_ref = "n1";
  failed.metadata.created_at = {kNow.ms - 2 * 86'400'000LL};
  running(bench, "mango").metadata.created_at = {kNow.ms - 300'000};
  CHECK(bench.run({"get", "po"}).out ==
        "NAME    PHASE     NODE        CONDITIONS          AGE\n"
        "apple   Failed    n1          ImageNotFound       2d\n"
        "mango   Running   worker-01   ContainersRunning   5m\n"
        "zebra   Pending   <none>      -                   8s\n");
}

TEST_CASE("a Running project on a lost node does not look healthy [S31][S40]") {
  CliBench bench;
  running(bench, "shop")
      .status.conditions.push_back(
          {.type = schema::kConditionNotReadyAt, .reason = "NodeNotReady"});
  CHECK(bench.run({"get", "project", "shop"}).out ==
        "NAME   PHASE     NODE        CONDITIONS     AGE\n"
        "shop   Running   worker-01   NodeNotReady   8s\n");
}

TEST_CASE("a paused project says so [S40]") {
  CliBench bench;
  schema::Project& shop = running(bench, "shop");
  shop.spec.paused = true;
  shop.status.phase = Phase::kScheduled;
  shop.status.conditions[0].reason = "Paused";
  CHECK(bench.run({"get", "project", "shop"}).out ==
        "NAME   PHASE       NODE        CONDITIONS   AGE\n"
        "shop   Scheduled   worker-01   Paused       8s\n");
}

TEST_CASE("no projects is no error, an unknown name is") {
  CliBench bench;
  const Seen none = bench.run({"get", "projects"});
  CHECK(none.out.empty());
  CHECK(none.err == "No projects found\n");
  CHECK(none.exit == kDone);
  bench.api.add("a");
  const Seen some = bench.run({"get", "projects", "x", "a", "a"});
  CHECK(some.out ==
        "NAME   PHASE     NODE     CONDITIONS   AGE\na      Pending   <none>   -            8s\n");
  CHECK(some.err == "error: project \"x\" not found\n");
  CHECK(some.exit == kRefused);
  CHECK(bench.run({"get", "project/x"}).err == "error: project \"x\" not found\n");
}

TEST_CASE("10,000 projects come in pages and are all shown [E47]") {
  CliBench bench;
  bench.api.page = 700;
  for (int i = 0; i < 10'000; ++i) bench.api.add("p" + std::to_string(100'000 + i));
  const Seen seen = bench.run({"get", "projects"});
  CHECK(std::count(seen.out.begin(), seen.out.end(), '\n') == 10'001);
  CHECK(seen.out.find("\np109999 ") != std::string::npos);
  CHECK(bench.api.calls.size() == 15);
}

TEST_CASE("nodes show what is wrong with them") {
  CliBench bench;
  const auto add = [&](const std::string& name, schema::NodeState state) -> schema::Node& {
    schema::Node& node = bench.api.nodes[name];
    node.metadata = {.name = name, .uid = "u"};
    node.metadata.created_at = {kNow.ms - 3 * 3'600'000};
    node.status.state = state;
    return node;
  };
  auto& good = add("a.example", schema::NodeState::kReady);
  good.status.info = {.address = "10.0.0.1", .agent_version = "0.1.0"};
  good.spec.unschedulable = true;
  add("b", schema::NodeState::kNotReady).status.info.addresses = {"192.0.2.7", "fd00::7"};
  add("c", schema::NodeState::kReady)
      .status.conditions.push_back(
          {.type = schema::kConditionEngine, .status = "False", .reason = "EngineUnavailable"});
  CHECK(bench.run({"get", "no"}).out ==
        "NAME        STATUS                     ADDRESS     VERSION   AGE\n"
        "a.example   Ready,SchedulingDisabled   10.0.0.1    0.1.0     3h\n"
        "b           NotReady                   192.0.2.7   -         3h\n"
        "c           Ready,EngineUnavailable    <none>      -         3h\n");
  CHECK(bench.run({"get", "nodes", "zz"}).err == "error: node \"zz\" not found\n");
}

TEST_CASE("get nodes shows the pressure that a node is under") {
  CliBench bench;
  schema::Node& node = bench.api.add_node("a");
  node.metadata.created_at = {kNow.ms - 3 * 3'600'000};
  for (const char* type : {schema::kConditionDiskPressure, schema::kConditionMemoryPressure}) {
    set_condition(node.status.conditions, {.type = type, .reason = "Low"});
  }
  CHECK(bench.run({"get", "nodes"}).out ==
        "NAME   STATUS                              ADDRESS   VERSION   AGE\n"
        "a      Ready,DiskPressure,MemoryPressure   <none>    -         3h\n");
}

TEST_CASE("get nodes -o wide shows what is asked of each node, and what it is [E5]") {
  CliBench bench;
  const Timestamp then{kNow.ms - 3 * 3'600'000};
  schema::Node& a = bench.api.add_node("a.example");
  a.metadata.created_at = then;
  a.spec.taints = {{.key = "app"}};
  a.status.info = {.address = "10.0.0.1",
                   .os = "Debian 12",
                   .kernel = "6.1.0",
                   .architecture = "x86_64",
                   .engine_version = "27.1",
                   .agent_version = "0.1.0",
                   .allocatable = schema::Amounts{.cpu_millis = 4000, .memory_bytes = 8LL << 30}};
  bench.api.add_node("b").metadata.created_at = then;
  const auto ask = [&](const std::string& name, const std::string& node, Phase phase) {
    bench.api.add(name).spec.services[0].resources =
        schema::Resources{.requests = {.cpu = "750m", .memory = "1Gi"}};
    bench.api.place(name, node, phase);
  };
  ask("one", "a.example", Phase::kRunning);
  ask("two", "a.example", Phase::kTerminating);
  ask("gone", "a.example", Phase::kTerminated);
  ask("three", "b", Phase::kFailed);
  ask("waiting", "", Phase::kPending);
  CHECK(bench.run({"get", "nodes", "-o", "wide"}).out ==
        "NAME        STATUS   ADDRESS    VERSION   AGE   PROJECTS   CPU      MEMORY    TAINTS   "
        "OS-IMAGE    ARCH     KERNEL   DOCKER\n"
        "a.example   Ready    10.0.0.1   0.1.0     3h    2          1.5/4    2Gi/8Gi   1        "
        "Debian 12   x86_64   6.1.0    27.1\n"
        "b           Ready    <none>     -         3h    1          750m/-   1Gi/-     0        "
        "-           -        -        -\n");
  CHECK(contains_text(bench.run({"get", "node", "b", "-o", "wide"}).out, " 750m/- "));
}

TEST_CASE("get projects -o wide shows how many services are ready") {
  CliBench bench;
  schema::Project& shop = running(bench, "shop");
  shop.spec.services.resize(3, shop.spec.services[0]);
  shop.metadata.generation = 4;
  shop.status.assignment = 2;
  shop.status.services = {{.name = "a", .state = "running"},
                          {.name = "b", .state = "running", .health = "starting"},
                          {.name = "c", .state = "running", .health = "healthy"}};
  CHECK(bench.run({"get", "projects", "-o", "wide"}).out ==
        "NAME   PHASE     NODE        CONDITIONS          AGE   GENERATION   ASSIGNMENT   "
        "SERVICES\n"
        "shop   Running   worker-01   ContainersRunning   8s    4            2            2/3\n");
}

TEST_CASE("--output json is taken before and after the verb [S42]") {
  CliBench bench;
  bench.api.add("my-project");
  const Seen before = bench.run({"--output", "json", "get", "projects", "my-project"});
  CHECK(before.out ==
        "{\n  \"apiVersion\": \"caravanserai/v1\",\n  \"kind\": \"Project\",\n  \"metadata\": {\n"
        "    \"name\": \"my-project\",\n    \"uid\": \"uid-my-project\",\n    \"revision\": 1,\n"
        "    \"generation\": 1,\n    \"createdAt\": \"2025-06-15T15:06:32Z\"\n  },\n"
        "  \"spec\": {\n    \"services\": [\n      {\n        \"name\": \"app\",\n"
        "        \"image\": \"busybox:1\",\n        \"imagePullPolicy\": \"IfNotPresent\",\n"
        "        \"stopGracePeriod\": \"10s\",\n        \"restartPolicy\": \"Always\",\n"
        "        \"networkMode\": \"Bridge\"\n      }\n    ],\n    \"onNodeLoss\": \"Move\",\n"
        "    \"updatePolicy\": {\n      \"order\": \"Auto\",\n      \"onFailure\": \"Rollback\",\n"
        "      \"healthyDeadline\": \"5m\"\n    }\n  },\n  \"status\": {\n"
        "    \"phase\": \"Pending\",\n    \"assignment\": 0,\n    \"observedGeneration\": 0\n"
        "  }\n}\n");
  CHECK(bench.run({"get", "projects", "my-project", "-o", "json"}).out == before.out);
  CHECK(bench.run({"get", "--output=json", "projects", "my-project"}).out == before.out);
}

TEST_CASE("several names, or none, are a List [S42]") {
  CliBench bench;
  CHECK(bench.run({"get", "projects", "-o", "json"}).out ==
        "{\n  \"apiVersion\": \"caravanserai/v1\",\n  \"kind\": \"List\",\n  \"items\": []\n}\n");
  bench.api.add("a");
  bench.api.add("b");
  const std::string yaml = bench.run({"get", "projects", "b", "a", "-o", "yaml"}).out;
  CHECK(
      yaml.starts_with("apiVersion: caravanserai/v1\nkind: List\nitems:\n"
                       "  - apiVersion: caravanserai/v1\n    kind: Project\n"
                       "    metadata:\n      name: a\n"));
  CHECK(yaml.find("      name: b\n") != std::string::npos);
}

TEST_CASE("what get -o yaml prints can be applied again [S37][S42][E14][E23]") {
  CliBench bench;
  schema::Project& project = running(bench, "shop");
  project.metadata.labels = {{"caravanserai.io/environment", "yes"}, {"n", "0777"}};
  for (const std::string& value : {std::string(),
                                   std::string("no"),
                                   std::string("1e3"),
                                   std::string("a\nb\n"),
                                   std::string("a\n\n b"),
                                   std::string(" x"),
                                   std::string("x: y #z"),
                                   std::string("\t'\"\\"),
                                   std::string("- a"),
                                   std::string("\x1b[0m"),
                                   std::string("gr\xc3\xbc\xc3\x9f"),
                                   std::string("2025-01-01"),
                                   std::string("~"),
                                   std::string("a:"),
                                   std::string("\n"),
                                   std::string("{}"),
                                   std::string("%a"),
                                   std::string("a\nb\n\n"),
                                   std::string("null"),
                                   std::string("\xc2\x85"),
                                   std::string("a\r\nb")}) {
    auto& env = project.spec.services[0].env;
    env.push_back({"E" + std::to_string(env.size()), value});
  }
  project.spec.expire_at = Timestamp{4'000'000'000'000};
  schema::fill_defaults(project.spec);  // as the apiserver has it
  for (const char* output : {"yaml", "json"}) {
    const std::string text = bench.run({"get", "project", "shop", "-o", output}).out;
    INFO(text);
    const Seen seen = bench.run({"apply", "-f", "-"}, text);
    CHECK(seen.err.empty());
    CHECK(seen.out == "project/shop unchanged\n");
  }
}

TEST_CASE("get ingress shows which host leads where, and why not [S13][S16]") {
  CliBench bench;
  schema::Project& shop = running(bench, "shop");
  shop.spec.ingress = {{.name = "main", .host = "shop", .target = {"web", 80}},
                       {.name = "api", .host = "shop", .path = "/api", .target = {"api", 8080}}};
  shop.status.ingress = {{.name = "main",
                          .host = "shop.example",
                          .url = "http://shop.example/",
                          .ready = true,
                          .reason = ""},
                         {.name = "api",
                          .host = "shop.example",
                          .url = "http://shop.example/api",
                          .ready = false,
                          .reason = "service `api` of shop is not ready"}};
  running(bench, "quiet");
  const Seen seen = bench.run({"get", "ingress"});
  CHECK(seen.out ==
        "NAME   HOST               PROJECT   TARGET     NODE        READY\n"
        "main   shop.example       shop      web:80     worker-01   true\n"
        "api    shop.example/api   shop      api:8080   worker-01   false\n");
  CHECK(seen.exit == kDone);
  CHECK(bench.run({"get", "ing", "quiet"}).err == "No ingress rules found\n");
  CHECK(bench.run({"get", "ingress", "nobody"}).exit == kRefused);
  CHECK(
      bench.run({"get", "ingress", "-o", "wide"}).out.find("service `api` of shop is not ready") !=
      std::string::npos);
  CHECK(bench.run({"get", "ingress", "shop", "-o", "yaml"})
            .out.find("url: http://shop.example/api") != std::string::npos);
}
