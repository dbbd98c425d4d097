#include "schema/describe_types.h"
#include "tests/catch_compat.h"
#include "tests/unit/cli_bench.h"

using namespace cara;
using namespace cara::cli;
using namespace cara::cli::test;
using schema::Phase;

namespace {

schema::Project& shop(CliBench& bench) {
  schema::Project& project = bench.api.add("shop", Phase::kFailed);
  project.metadata.labels = {{"a", "1"}, {"team", "red"}};
  project.metadata.generation = 4;
  project.spec.on_node_loss = schema::OnNodeLoss::kStay;
  project.spec.node_selector = {{"disk", "ssd"}};
  project.spec.services[0].env = {{"DB_PASSWORD", "hunter2"}, {"apiKey", "k-123"}, {"MODE", "x"}};
  project.spec.services[0].restart_policy = schema::RestartPolicy::kOnFailure;
  project.spec.volumes = {{.name = "conf", .type = schema::VolumeType::kConfig}};
  project.spec.volumes[0].files["a.ini"] = {.content = "secret=1\n"};
  project.spec.ingress = {{.name = "in", .host = "shop", .target = {"app", 80}}};
  project.status.node_ref = "worker-01";
  project.status.observed_generation = 4;
  project.status.ingress = {{.name = "in",
                             .host = "shop.default.cara.internal",
                             .url = "http://shop.default.cara.internal/",
                             .ready = false,
                             .reason = "shop is Failed"}};
  project.status.services = {{.name = "app",
                              .state = "exited",
                              .health = "unhealthy",
                              .restarts = 3,
                              .exit_code = 137,
                              .address = "10.0.0.2",
                              .message = "killed: out of memory\nlast \x1b[2J line"}};
  project.status.conditions = {{.type = "Phase",
                                .reason = "CrashLoopBackOff",
                                .message = "app: exit code 137\nlog",
                                .last_transition_time = {kNow.ms - 600'000}}};
  return project;
}

constexpr const char* kShopText =
    "Name:           shop\n"
    "UID:            uid-shop\n"
    "Created:        2025-06-15T15:06:32Z (8s ago)\n"
    "Labels:         a=1\n"
    "                team=red\n"
    "Annotations:    <none>\n"
    "Generation:     4 (reported: 4)\n"
    "Phase:          Failed\n"
    "Node:           worker-01\n"
    "Node loss:      Stay\n"
    "Update policy:  order: Auto\n"
    "                onFailure: Rollback\n"
    "                healthyDeadline: \"5m\"\n"
    "Spec:\n"
    "  nodeSelector:\n"
    "    disk: ssd\n"
    "Services:\n"
    "  app\n"
    "    State:      exited, unhealthy, exit code 137\n"
    "    Restarts:   3\n"
    "    Address:    10.0.0.2\n"
    "    Message:    killed: out of memory\n"
    "                last \\x1b[2J line\n"
    "    Spec:\n"
    "      image: busybox:1\n"
    "      env:\n"
    "        DB_PASSWORD: \"<hidden>\"\n"
    "        apiKey: \"<hidden>\"\n"
    "        MODE: x\n"
    "      restartPolicy: OnFailure\n"
    "Volumes:\n"
    "  - name: conf\n"
    "    type: Config\n"
    "    files:\n"
    "      a.ini:\n"
    "        content: \"<9 bytes>\"\n"
    "        mode: \"0444\"\n"
    "Ingress:\n"
    "  in: http://shop.default.cara.internal/ -> app:80, not ready: shop is Failed\n"
    "Conditions:\n"
    "  Phase=True  CrashLoopBackOff  for 10m\n"
    "    app: exit code 137\n"
    "    log\n"
    "Events:\n"
    "  AGE   OBJECT         ACTOR         REASON    COUNT   MESSAGE\n"
    "  2s    project/shop   admin/alice   Created   1       Generation 1 was applied\n";

}  // namespace

TEST_CASE("describe shows a project whole, and no secret [E33][E51]") {
  CliBench bench;
  shop(bench);
  bench.api.events = {{.number = 1,
                       .kind = "project",
                       .name = "shop",
                       .uid = "uid-shop",
                       .last = {kNow.ms - 2'000},
                       .actor = "admin/alice",
                       .reason = "Created",
                       .message = "Generation 1 was applied"},
                      {.number = 2,
                       .kind = "project",
                       .name = "shop",
                       .uid = "another",
                       .last = {kNow.ms - 2'000},
                       .actor = "gc",
                       .reason = "Expired",
                       .message = "of the one before"}};
  const Seen seen = bench.run({"describe", "project", "shop"});
  CHECK(seen.err.empty());
  CHECK(seen.out == kShopText);
  CHECK(contains_text(bench.run({"describe", "project", "shop", "--show-env"}).out,
                      "DB_PASSWORD: hunter2\n"));
}

namespace {

// Sets every field that describe() names to something that is not its default.
struct Filler {
  std::vector<std::string> keys;
  template <class T>
  void field(schema::Presence, std::string_view key, T& out, const schema::Rules&) {
    keys.emplace_back(key);
    fill(out);
  }
  void fill(std::string& out) { out += "zz"; }
  void fill(std::int64_t& out) { out = 77; }
  void fill(bool& out) { out = true; }
  void fill(Timestamp& out) { out = kNow; }
  void fill(std::map<std::string, std::string>& out) { out["k"] = "zz"; }
  template <class T>
  void fill(std::map<std::string, T>& out) {
    fill(out["k"]);
  }
  template <class T>
  void fill(std::vector<T>& out) {
    fill(out.emplace_back());
  }
  template <class T>
  void fill(std::optional<T>& out) {
    fill(out.emplace());
  }
  template <class T>
  void fill(T& out) {
    if constexpr (std::is_enum_v<T>) {
      out = static_cast<T>(1);
    } else {
      describe(*this, out);
    }
  }
};

}  // namespace

TEST_CASE("every field of a service that is set is shown, also those of the future") {
  CliBench bench;
  Filler filler;
  describe(filler, bench.api.add("shop").spec.services[0]);
  CHECK(filler.keys.size() > 60);
  const std::string out = bench.run({"describe", "project", "shop"}).out;
  INFO(out);
  for (const std::string& key : filler.keys) {
    // `name` heads the block, and a variable's name is its key there.
    if (key == "name" || key == "value") continue;
    INFO(key);
    CHECK(contains_text(out, " " + key + ":"));
  }
}

TEST_CASE("describe shows a node with its projects") {
  CliBench bench;
  schema::Node& node = bench.api.nodes["w1"];
  node.metadata = {.name = "w1", .uid = "u"};
  node.status.state = schema::NodeState::kReady;
  node.status.info.address = "10.0.0.1";
  node.status.info.cpus = 4;
  node.status.info.memory_bytes = 8LL << 30;
  node.status.info.allocatable = {.cpu_millis = 3000, .memory_bytes = 6LL << 30, .pids = 4096};
  node.spec.taints = {{"app", "db", schema::TaintEffect::kNoSchedule},
                      {"slow", "", schema::TaintEffect::kPreferNoSchedule}};
  schema::Project& here = bench.api.add("here", Phase::kRunning);
  here.status.node_ref = "w1";
  here.spec.services[0].resources =
      schema::Resources{.requests = {.cpu = "1.5", .memory = "1200Mi"}};
  bench.api.add("there", Phase::kRunning).status.node_ref = "w2";
  const Seen seen = bench.run({"describe", "node", "w1", "w2"});
  CHECK(contains_text(seen.out, "State:          Ready\n"));
  CHECK(contains_text(seen.out, "Info:\n  address: \"10.0.0.1\"\n"));
  CHECK(contains_text(
      seen.out, "Taints:         app=db:NoSchedule\n                slow:PreferNoSchedule\n"));
  CHECK(contains_text(seen.out,
                      "Resources:\n"
                      "  NAME     CAPACITY   ALLOCATABLE   REQUESTED\n"
                      "  cpu      4          3             1.5 (50%)\n"
                      "  memory   8Gi        6Gi           1.1Gi (19%)\n"
                      "  pids     -          4096          0 (0%)\n"
                      "Projects:\n"
                      "  NAME   PHASE     CPU         MEMORY        AGE\n"
                      "  here   Running   1.5 (50%)   1.1Gi (19%)   8s\n"
                      "Conditions:     <none>\n"));
  CHECK(contains_text(seen.out, "Events:         <none>\n"));
  CHECK(seen.err == "error: node \"w2\" not found\n");
  CHECK(seen.exit == kRefused);
  CHECK(bench.run({"describe", "project"}).err.starts_with("error: which one? Give its name\n"));
}

TEST_CASE("describe node says what is wrong with it, first of all") {
  CliBench bench;
  schema::Node& node = bench.api.add_node("w1");
  node.status.agent_id = "a1";
  node.status.boot_id = "b1";
  node.status.registration = 3;
  node.status.conditions = {
      {.type = schema::kConditionReady, .reason = "HeartbeatReceived"},
      {.type = schema::kConditionEngine, .status = "False", .reason = "EngineUnavailable"},
      {.type = schema::kConditionDiskPressure, .reason = "Low", .message = "1Gi\x1b[2J is left"}};
  const std::string out = bench.run({"describe", "node", "w1"}).out;
  CHECK(contains_text(out,
                      "Troubles:       Engine=False: EngineUnavailable\n"
                      "                DiskPressure: 1Gi\\x1b[2J is left\n"));
  CHECK(contains_text(out, "Agent:          id a1, boot b1, registration 3\n"));
  CHECK(out.find('\x1b') == std::string::npos);
}

TEST_CASE("describe hides secrets in what containers said, and says when a project ends") {
  CliBench bench;
  schema::Project& project = shop(bench);
  project.spec.expire_at = Timestamp{kNow.ms + 3 * 3'600'000};
  project.status.services[0].state = "exited";
  project.status.services[0].exit_code = 0;
  project.status.services[0].message = "login with hunter2 failed";
  project.status.node_ref.clear();
  project.status.home = "worker-01";
  const std::string out = bench.run({"describe", "project", "shop"}).out;
  CHECK(out.find("hunter2") == std::string::npos);
  CHECK(contains_text(out, "State:      exited, unhealthy, exit code 0\n"));
  CHECK(contains_text(out, "Last node:      worker-01\n"));
  CHECK(contains_text(out, "Expires:        2025-06-15T18:06:40Z (in 3h)\n"));
  CHECK(
      contains_text(bench.run({"describe", "project", "shop", "--show-env"}).out, "with hunter2"));
}
