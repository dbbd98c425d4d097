// Services that depend on each other, replace each other, wait, or must not run.
#include "tests/unit/agent_story.h"

using namespace cara;
using namespace std::chrono_literals;
using schema::Phase;
using namespace cara::test;

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
