// Services that depend on each other, replace each other, wait, or must not run.
#include "tests/unit/agent_world.h"

using namespace cara;
using namespace std::chrono_literals;
using schema::Phase;
using test::AgentWorld;
using test::desired_project;

namespace {

schema::ServiceDef web(const std::string& name, const std::string& image = "web:1") {
  return {.name = name, .image = image};
}

schema::ServiceDef after(schema::ServiceDef service, const std::string& other,
                         schema::DependencyCondition condition, bool optional = false) {
  service.depends_on.push_back({other, condition, optional});
  return service;
}

// What was done to containers, in order: `create shop-web`, `start shop-web`, ...
std::vector<std::string> story(AgentWorld& world) {
  std::map<std::string, std::string> names;
  for (const auto& container : world.objects().containers) names[container.id] = container.name;
  std::vector<std::string> lines;
  for (const agent::EngineOp& op : world.done) {
    if (const auto* create = std::get_if<agent::CreateContainer>(&op)) {
      lines.push_back("create " + create->spec.name);
    } else if (const auto* start = std::get_if<agent::StartContainer>(&op)) {
      lines.push_back("start " + names[start->id]);
    } else if (std::holds_alternative<agent::StopContainer>(op)) {
      lines.push_back("stop");
    } else if (std::holds_alternative<agent::RemoveContainer>(op)) {
      lines.push_back("remove");
    } else if (const auto* rename = std::get_if<agent::RenameContainer>(&op)) {
      lines.push_back("rename to " + rename->name);
    }
  }
  return lines;
}
using Story = std::vector<std::string>;

agent::ContainerInfo container(AgentWorld& world, const std::string& name) {
  for (const auto& each : world.objects().containers) {
    if (each.name == name) return each;
  }
  FAIL("no container " << name);
  return {};
}

std::vector<std::string> names(AgentWorld& world) {
  std::vector<std::string> all;
  for (const auto& each : world.objects().containers) all.push_back(each.name);
  return all;
}

schema::DesiredProject next_generation(AgentWorld& world, const std::string& name) {
  auto project = world.desired.at(name);
  ++project.generation;
  return project;
}

}  // namespace

TEST_CASE("a service starts when what it depends on is healthy, or complete") {
  AgentWorld world;
  world.engine.add_image("db:1", {.health = agent::Health::kHealthy, .health_after_ms = 4'000});
  world.engine.add_image("job:1", {.exits_after_ms = 2'000, .exit_code = 0});
  world.start();
  using enum schema::DependencyCondition;
  world.want(
      desired_project("shop", {after(after(web("app"), "db", kHealthy), "job", kCompleted),
                               web("db", "db:1"), after(web("job", "job:1"), "db", kStarted)}));
  world.advance(3s);
  CHECK(container(world, "shop-app").state == agent::ContainerState::kCreated);
  CHECK(world.last_report("shop").message.find("`app` waits for service `db` to be healthy") !=
        std::string::npos);
  world.advance(2s);
  CHECK(container(world, "shop-app").state == agent::ContainerState::kRunning);
  CHECK(world.last_report("shop").phase == Phase::kRunning);
  const auto app = container(world, "shop-app").started_at;
  CHECK(app >= Timestamp{container(world, "shop-db").started_at.ms + 4'000});
}

TEST_CASE("an optional dependency that fails holds nobody up") {
  AgentWorld world;
  world.engine.add_image("crash:1", {.exits_after_ms = 100, .exit_code = 3});
  world.start();
  using enum schema::DependencyCondition;
  world.want(desired_project(
      "shop", {after(web("app"), "side", kHealthy, true),
               after(web("other"), "absent", kStarted, true), web("side", "crash:1")}));
  world.advance(5s);
  CHECK(container(world, "shop-app").state == agent::ContainerState::kRunning);
  CHECK(container(world, "shop-other").state == agent::ContainerState::kRunning);
  CHECK(world.last_report("shop").phase == Phase::kFailed);
}

TEST_CASE("what depends on others stops before them [S25]") {
  AgentWorld world;
  world.start();
  using enum schema::DependencyCondition;
  world.want(desired_project("shop", {after(web("app"), "db", kStarted), web("db")}));
  const std::string app = container(world, "shop-app").id;
  const std::string db = container(world, "shop-db").id;
  world.done.clear();
  world.terminate("shop");
  std::vector<std::string> stopped;
  for (const auto& op : world.done) {
    if (const auto* stop = std::get_if<agent::StopContainer>(&op)) stopped.push_back(stop->id);
  }
  CHECK(stopped == std::vector<std::string>{app, db});
}

TEST_CASE("a service that can stand beside itself is updated without a gap [E31]") {
  AgentWorld world;
  world.engine.add_image("web:3", {.health = agent::Health::kHealthy, .health_after_ms = 3'000});
  world.start();
  world.want(desired_project("shop", {web("app")}));
  const std::string old = container(world, "shop-app").id;
  world.done.clear();
  auto project = next_generation(world, "shop");
  project.spec.services[0].image = "web:3";
  world.want(project);
  world.advance(2s);
  CHECK(names(world) == std::vector<std::string>{"shop-app", "shop-app.next"});
  CHECK(container(world, "shop-app").id == old);
  CHECK(container(world, "shop-app").state == agent::ContainerState::kRunning);
  world.advance(2s);
  CHECK(names(world) == std::vector<std::string>{"shop-app"});
  CHECK(container(world, "shop-app").id != old);
  CHECK(world.last_report("shop").phase == Phase::kRunning);
  CHECK(story(world) ==
        Story{"create shop-app.next", "start shop-app", "stop", "remove", "rename to shop-app"});
}

TEST_CASE("a service with a volume of its own is stopped before its successor starts") {
  AgentWorld world;
  world.start();
  auto project = desired_project("shop", {web("db")});
  project.spec.volumes = {{.name = "data"}};
  project.spec.services[0].volume_mounts = {{.name = "data", .mount_path = "/data"}};
  world.want(project);
  world.done.clear();
  project = next_generation(world, "shop");
  project.spec.services[0].image = "web:2";
  world.want(project);
  CHECK(story(world) == Story{"stop", "remove", "create shop-db", "start shop-db"});
}

TEST_CASE("an update touches only the services that differ [E30]") {
  AgentWorld world;
  world.start();
  world.want(desired_project("shop", {web("app"), web("db")}));
  const std::string db = container(world, "shop-db").id;
  world.done.clear();
  auto project = next_generation(world, "shop");
  project.spec.services[0].env = {{"A", "1"}};
  project.spec.services[1].restart_policy = schema::RestartPolicy::kOnFailure;
  project.spec.services[1].depends_on = {{"app", schema::DependencyCondition::kStarted, false}};
  project.spec.ingress = {{.name = "i", .host = "h", .target = {"app", 80}}};
  world.want(project);
  CHECK(container(world, "shop-db").id == db);
  CHECK(world.last_report("shop").generation == 2);
  CHECK(world.last_report("shop").phase == Phase::kRunning);
}

TEST_CASE("an update that does not come up in time is given up, once it was due") {
  AgentWorld world;
  world.engine.add_image("slow:1", {.health = agent::Health::kHealthy, .health_after_ms = 900'000});
  world.start();
  world.want(desired_project("shop", {web("app")}));
  world.advance(10min);
  CHECK(world.last_report("shop").phase == Phase::kRunning);
  auto project = next_generation(world, "shop");
  project.spec.services[0].image = "slow:1";
  project.spec.update_policy.healthy_deadline = "60s";
  world.want(project);
  world.advance(59s);
  CHECK(world.last_report("shop").phase == Phase::kRunning);
  world.advance(2s);
  const auto& report = world.last_report("shop");
  CHECK(report.phase == Phase::kFailed);
  CHECK(report.reason == "HealthyDeadlineExceeded");
  CHECK(report.message == "not Running within 60s: waiting for service `app`");
  CHECK(report.give_up);
  // What runs by the old spec goes on: the old one is healthy.
  CHECK(container(world, "shop-app").state == agent::ContainerState::kRunning);
}

TEST_CASE("a service that crashes long after its update is no failed update") {
  AgentWorld world;
  world.engine.add_image("later:1", {.exits_after_ms = 3'600'000, .exit_code = 1});
  world.start();
  world.want(desired_project("shop", {web("app", "later:1")}));
  world.advance(59min);
  world.engine.add_image("later:1", {.exits_after_ms = 100, .exit_code = 1});
  world.engine.kill("shop-app", 1);
  world.advance(30min);
  for (const auto& report : world.reports) CHECK_FALSE(report.give_up);
}

TEST_CASE("a paused project keeps its containers, stopped, and its data") {
  AgentWorld world;
  world.start();
  auto project = desired_project("shop", {web("app")});
  project.spec.volumes = {{.name = "data"}};
  world.want(project);
  const std::string id = container(world, "shop-app").id;
  project = next_generation(world, "shop");
  project.spec.paused = true;
  world.want(project);
  CHECK(container(world, "shop-app").id == id);
  CHECK(container(world, "shop-app").state == agent::ContainerState::kExited);
  CHECK(world.objects().volumes.size() == 1);
  CHECK(world.last_report("shop").reason == "Paused");
  world.advance(10min);
  CHECK(container(world, "shop-app").state == agent::ContainerState::kExited);
  project = next_generation(world, "shop");
  project.spec.paused = false;
  world.want(project);
  CHECK(container(world, "shop-app").id == id);
  CHECK(world.last_report("shop").phase == Phase::kRunning);
}

TEST_CASE("what a new agent pauses is started again, whatever it exited with") {
  AgentWorld world;
  world.engine.add_image("polite:1", {.stop_exit_code = 0});
  world.start();
  auto service = web("app", "polite:1");
  service.restart_policy = schema::RestartPolicy::kOnFailure;
  world.want(desired_project("shop", {service}));
  auto project = next_generation(world, "shop");
  project.spec.paused = true;
  world.want(project, AgentWorld::Wake::kNo);
  world.start();
  CHECK(container(world, "shop-app").state == agent::ContainerState::kExited);
  project = next_generation(world, "shop");
  project.spec.paused = false;
  world.want(project);
  CHECK(container(world, "shop-app").state == agent::ContainerState::kRunning);
}

TEST_CASE("restartPolicy says what an exit means [S23][E33]") {
  AgentWorld world;
  world.engine.add_image("job:0", {.exits_after_ms = 500, .exit_code = 0});
  world.engine.add_image("job:3", {.exits_after_ms = 500, .exit_code = 3});
  world.start();
  const auto job = [](const std::string& image, schema::RestartPolicy policy) {
    auto service = web("job", image);
    service.restart_policy = policy;
    return service;
  };
  using enum schema::RestartPolicy;
  world.want(desired_project("always", {job("job:0", kAlways)}));
  world.want(desired_project("done", {job("job:0", kOnFailure)}));
  world.want(desired_project("once", {job("job:0", kNever)}));
  world.want(desired_project("again", {job("job:3", kOnFailure)}));
  world.want(desired_project("never", {job("job:3", kNever)}));
  world.advance(30s);
  CHECK(world.last_report("always").reason == "CrashLoopBackOff");
  CHECK(world.last_report("always").message.find("restartPolicy is Always") != std::string::npos);
  CHECK(world.last_report("done").phase == Phase::kRunning);
  CHECK(world.last_report("once").phase == Phase::kRunning);
  CHECK(world.last_report("again").reason == "CrashLoopBackOff");
  CHECK(world.last_report("never").reason == "ContainerExited");
  const auto starts = [&](const std::string& id) {
    return std::count_if(world.done.begin(), world.done.end(), [&](const auto& op) {
      const auto* start = std::get_if<agent::StartContainer>(&op);
      return start != nullptr && start->id == id;
    });
  };
  CHECK(starts(container(world, "done-job").id) == 1);
  CHECK(starts(container(world, "never-job").id) == 1);
  CHECK(starts(container(world, "again-job").id) > 2);
}

TEST_CASE("an unhealthy service is restarted if its spec says so") {
  AgentWorld world;
  world.engine.add_image("sick:1", {.health = agent::Health::kUnhealthy, .health_after_ms = 2'000});
  world.start();
  auto sick = web("app", "sick:1");
  sick.healthcheck = schema::Healthcheck{.action = schema::HealthAction::kRestart};
  world.want(desired_project("shop", {sick}));
  world.want(desired_project("let", {web("app", "sick:1")}));
  world.advance(60s);
  CHECK(world.last_report("shop").services[0].restarts > 1);
  CHECK(world.last_report("let").services[0].restarts == 0);
  CHECK(world.last_report("let").reason == "Unhealthy");
}

TEST_CASE("a persistent volume outlives its project, and serves the next one") {
  AgentWorld world;
  world.start();
  auto project = desired_project("shop", {web("db")});
  project.spec.volumes = {{.name = "data", .type = schema::VolumeType::kPersistent},
                          {.name = "scratch"}};
  world.want(project);
  CHECK(world.objects().volumes.size() == 2);
  world.terminate("shop");
  REQUIRE(world.objects().volumes.size() == 1);
  CHECK(world.objects().volumes[0].name == "cara-shop-data");
  CHECK(world.objects().networks.empty());
  project.uid = "another";
  project.assignment = 7;
  world.done.clear();
  world.want(project);
  CHECK(world.count<agent::RemoveVolume>() == 0);
  CHECK(world.last_report("shop").phase == Phase::kRunning);
}

TEST_CASE("files of the manifest: their change reaches those who mount them only") {
  AgentWorld world;
  world.start();
  auto project = desired_project("shop", {web("app"), web("db")});
  project.spec.volumes = {{.name = "conf",
                           .type = schema::VolumeType::kConfig,
                           .files = {{"a.conf", {"one", "0444"}}}}};
  project.spec.services[0].volume_mounts = {{.name = "conf", .mount_path = "/etc/app"}};
  world.want(project);
  const std::string app = container(world, "shop-app").id;
  const std::string db = container(world, "shop-db").id;
  const std::string content = world.objects().volumes.at(0).content;
  CHECK_FALSE(content.empty());
  project = next_generation(world, "shop");
  project.spec.volumes[0].files["a.conf"].content = "two";
  world.want(project);
  CHECK(world.objects().volumes.at(0).content != content);
  CHECK(container(world, "shop-app").id != app);
  CHECK(container(world, "shop-db").id == db);
}

TEST_CASE("who shares a service's network follows when that one is restarted or replaced") {
  AgentWorld world;
  world.start();
  auto side = web("side");
  side.network_mode = "Service:app";
  auto project = desired_project("shop", {side, web("app")});
  world.want(project);
  const std::string app = container(world, "shop-app").id;
  CHECK(container(world, "shop-side").joined == std::vector<std::string>{app});
  const Timestamp before = container(world, "shop-side").started_at;
  world.advance(1min);
  world.engine.kill("shop-app", 1);
  world.advance(1min);
  CHECK(container(world, "shop-side").started_at > before);
  project = next_generation(world, "shop");
  project.spec.services[1].image = "web:2";
  world.want(project);
  world.advance(1min);
  CHECK(container(world, "shop-side").joined ==
        std::vector<std::string>{container(world, "shop-app").id});
  CHECK(world.last_report("shop").phase == Phase::kRunning);
}

TEST_CASE("a network that changes takes its containers with it") {
  AgentWorld world;
  world.start();
  auto back = web("db");
  back.networks = {{.name = "back", .aliases = {"store"}, .ipv4 = {}}};
  auto project = desired_project("shop", {web("app"), back});
  project.spec.networks = {{.name = "back"}};
  world.want(project);
  CHECK(world.objects().networks.size() == 2);
  const std::string app = container(world, "shop-app").id;
  const std::string db = container(world, "shop-db").id;
  project = next_generation(world, "shop");
  project.spec.networks[0].internal = true;
  world.want(project);
  world.advance(1s);
  CHECK(container(world, "shop-app").id == app);
  CHECK(container(world, "shop-db").id != db);
  CHECK(world.last_report("shop").phase == Phase::kRunning);
  project = next_generation(world, "shop");
  project.spec.networks.clear();
  project.spec.services[1].networks.clear();
  world.want(project);
  world.advance(1s);
  CHECK(world.objects().networks.size() == 1);
}

TEST_CASE("containers paused or renamed by hand are as they were again [E34]") {
  AgentWorld world;
  world.start();
  world.want(desired_project("shop", {web("app"), web("db")}));
  const std::string app = container(world, "shop-app").id;
  const std::string db = container(world, "shop-db").id;
  world.engine.pause("shop-app");
  world.engine.rename("shop-db", "mine");
  world.settle();
  world.advance(1s);
  CHECK(container(world, "shop-app").state == agent::ContainerState::kRunning);
  CHECK(container(world, "shop-app").id == app);
  CHECK(container(world, "shop-db").id == db);
}

TEST_CASE("a node does not run what its owner forbids") {
  AgentWorld world;
  world.rules.allow_privileged = false;
  world.rules.host_paths = {"/srv/*"};
  world.start();
  auto project = desired_project("shop", {web("app")});
  project.spec.services[0].privileged = true;
  project.spec.volumes = {
      {.name = "etc", .type = schema::VolumeType::kHostPath, .path = "/etc"},
      {.name = "ok", .type = schema::VolumeType::kHostPath, .path = "/srv/data"}};
  world.want(project);
  CHECK(names(world).empty());
  const auto& report = world.last_report("shop");
  CHECK(report.phase == Phase::kFailed);
  CHECK(report.reason == "NotAllowed");
  CHECK(report.message ==
        "service `app`: this node does not allow privileged (--allow-privileged=false); volume "
        "`etc`: this node does not allow the path /etc (--allow-host-path)");
}
