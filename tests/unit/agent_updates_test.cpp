// A changed spec: what is replaced, in which order, and when it is given up.
#include "tests/unit/agent_story.h"

using namespace cara;
using namespace std::chrono_literals;
using schema::Phase;
using namespace cara::test;

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

TEST_CASE("an update given up while its service is up between two crashes says what it died of") {
  AgentWorld world;
  world.engine.add_image("crash:1", {.exits_after_ms = 3'000,
                                     .exit_code = 7,
                                     .health = agent::Health::kHealthy,
                                     .health_after_ms = 900'000});
  world.start();
  world.want(desired_project("shop", {web("app")}));
  world.advance(10min);
  auto project = next_generation(world, "shop");
  project.spec.services[0].image = "crash:1";
  project.spec.update_policy.healthy_deadline = "5s";
  world.want(project);
  world.advance(6s);
  const auto& report = world.last_report("shop");
  CHECK(report.give_up);
  CHECK(report.message ==
        "not Running within 5s: waiting for service `app`; last failure: exited with code 7");
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
