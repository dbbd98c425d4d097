// What the agent makes of projects, on a model of the engine.
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

schema::DesiredProject shop() {
  auto project = desired_project("shop", {web("app"), web("db")});
  project.spec.volumes = {{.name = "data"}};
  project.spec.services[1].volume_mounts = {{"data", "/data"}};
  return project;
}

std::map<std::string, std::string> ids(AgentWorld& world) {
  std::map<std::string, std::string> ids;
  for (const auto& container : world.objects().containers) ids[container.name] = container.id;
  return ids;
}

}  // namespace

TEST_CASE("a project runs under the promised names and labels [S23][S30][S47][S48][S49][S50]") {
  AgentWorld world;
  world.want(shop(), AgentWorld::Wake::kNo);
  world.start();

  const auto seen = world.objects({{agent::kLabelProject, "shop"}});
  REQUIRE(seen.containers.size() == 2);
  CHECK(seen.containers[0].name == "shop-app");
  CHECK(seen.containers[1].name == "shop-db");
  CHECK(agent::label(seen.containers[1].labels, "cara.service") == "db");
  REQUIRE(seen.networks.size() == 1);
  CHECK(seen.networks[0].name == "cara-shop");
  REQUIRE(seen.volumes.size() == 1);
  CHECK(seen.volumes[0].name == "cara-shop-data");
  const auto& report = world.last_report("shop");
  CHECK(report.phase == Phase::kRunning);
  CHECK(report.reason == "AgentReady");
  CHECK(report.message == "All containers are running");
  CHECK(report.services.size() == 2);
}

TEST_CASE("services that mount one volume get the same one [S10]") {
  AgentWorld world;
  auto project = shop();
  project.spec.services[0].volume_mounts = {{"data", "/other"}};
  world.start();
  world.want(project);
  std::vector<std::string> volumes;
  for (const auto& op : world.done) {
    if (const auto* create = std::get_if<agent::CreateContainer>(&op)) {
      REQUIRE(create->spec.mounts.size() == 1);
      volumes.push_back(create->spec.mounts[0].volume);
    }
  }
  CHECK(volumes == std::vector<std::string>{"cara-shop-data", "cara-shop-data"});
}

TEST_CASE("a deleted project is Terminated only when nothing of it is left [S11][S26]") {
  AgentWorld world;
  world.start();
  world.want(shop());
  world.engine_holds = true;
  world.terminate("shop");
  while (!world.held.empty()) {
    CHECK(world.last_report("shop").phase != Phase::kTerminated);
    world.release_one();
  }
  CHECK(world.last_report("shop").phase == Phase::kTerminated);
  CHECK(world.objects() == agent::Observation{});
}

TEST_CASE("what moved away or was dropped by force is removed without a report [S11]") {
  AgentWorld world;
  world.start();
  world.want(shop());
  const auto reports = world.reports.size();
  world.drop("shop");
  world.advance(1s);
  CHECK(world.objects() == agent::Observation{});
  CHECK(world.reports.size() == reports);
}

TEST_CASE("a restarted agent touches nothing that is well [S51][E37]") {
  AgentWorld world;
  world.start();
  world.want(shop());
  const auto before = world.objects();
  const auto operations = world.done.size();
  world.start();
  world.advance(60s);
  CHECK(world.objects() == before);
  CHECK(world.done.size() == operations);
}

TEST_CASE("a new generation that changes no service restarts nothing [E30]") {
  AgentWorld world;
  world.start();
  world.want(shop());
  const auto before = ids(world);
  auto project = world.desired.at("shop");
  project.generation = 2;
  project.spec.ingress = {{.name = "i", .host = "h", .target = {"app", 80}}};
  world.want(project);
  CHECK(ids(world) == before);
  CHECK(world.last_report("shop").generation == 2);
}

TEST_CASE("only the changed service is made anew, and surplus ones go") {
  AgentWorld world;
  world.start();
  world.want(shop());
  const auto before = ids(world);
  auto project = world.desired.at("shop");
  project.generation = 2;
  project.spec.services[0].image = "web:2";
  project.spec.services.push_back(web("extra"));
  world.want(project);
  auto after = ids(world);
  CHECK(after["shop-db"] == before.at("shop-db"));
  CHECK(after["shop-app"] != before.at("shop-app"));
  CHECK(after.contains("shop-extra"));
  project = world.desired.at("shop");
  project.generation = 3;
  project.spec.services.pop_back();
  world.want(project);
  after = ids(world);
  CHECK(after.size() == 2);
  CHECK(world.last_report("shop").phase == Phase::kRunning);
}

TEST_CASE("an update to an image that does not exist keeps the old containers running [E31]") {
  AgentWorld world;
  world.start();
  world.want(shop());
  const auto before = world.objects().containers;
  auto project = world.desired.at("shop");
  project.generation = 2;
  project.spec.services[0].image = "web:3";
  project.spec.services[1].image = "web:2";
  world.want(project);
  world.advance(30s);
  CHECK(world.objects().containers == before);
  CHECK(world.last_report("shop").phase == Phase::kFailed);
  CHECK(world.last_report("shop").reason == "ImagePullFailed");
  world.engine.add_image("web:3", {});
  world.advance(15s);
  CHECK(world.last_report("shop").phase == Phase::kRunning);
}

TEST_CASE("a first start that fails is Failed, with the exit explained [S24][E33]") {
  AgentWorld world;
  world.engine.add_image("bad:1",
                         {.exits_after_ms = 100, .exit_code = 127, .output = "sh: nope\x1b[2J\n"});
  world.start();
  world.want(desired_project("bad", {web("app", "bad:1"), web("db")}));
  world.advance(1s);
  const auto report = world.last_report("bad");
  CHECK(report.phase == Phase::kFailed);
  CHECK(report.reason == "ContainerExited");
  CHECK(report.message.find("`app`: exited with code 127 (command not found)") !=
        std::string::npos);
  CHECK(report.message.find("sh: nope") != std::string::npos);
  CHECK(report.message.find('\x1b') == std::string::npos);
  world.advance(60s);
  CHECK(world.phases("bad").back() == Phase::kFailed);
  CHECK(world.phases("bad").size() <= 2);
  CHECK(world.last_report("bad").services[0].restarts > 3);
  CHECK(world.last_report("bad").services[0].restarts < 12);
}

TEST_CASE("a service that crashes every 5 s does not make the phase flap [E32]") {
  AgentWorld world;
  world.engine.add_image("crash:1", {.exits_after_ms = 5'000, .exit_code = 1});
  world.start();
  world.want(desired_project("p", {web("app", "crash:1")}));
  world.advance(300s);
  CHECK(world.phases("p") == std::vector{Phase::kRunning, Phase::kFailed});
  CHECK(world.last_report("p").reason == "CrashLoopBackOff");
}

TEST_CASE("a service that recovers is Running again once it has stayed up") {
  AgentWorld world;
  world.engine.add_image("crash:1", {.exits_after_ms = 500, .exit_code = 1});
  world.start();
  world.want(desired_project("p", {web("app", "crash:1")}));
  world.advance(700ms);
  REQUIRE(world.last_report("p").phase == Phase::kFailed);
  auto fixed = world.desired.at("p");
  fixed.generation = 2;
  fixed.spec.services[0].image = "web:1";
  world.want(fixed);
  CHECK(world.last_report("p").phase == Phase::kRunning);
}

TEST_CASE("a one-shot service that ended well counts as done [S23]") {
  AgentWorld world;
  world.engine.add_image("job:1", {.exits_after_ms = 3'000, .exit_code = 0});
  world.start();
  auto job = web("job", "job:1");
  job.restart_policy = schema::RestartPolicy::kOnFailure;
  world.want(desired_project("p", {job, web("app")}));
  world.advance(60s);
  CHECK(world.phases("p") == std::vector{Phase::kRunning});
  CHECK(world.last_report("p").services[0].state == "exited");
  CHECK(world.count<agent::StartContainer>() == 2);
}

TEST_CASE("Running waits for health checks; unhealthy is Failed [S23][E17]") {
  AgentWorld world;
  world.engine.add_image("slow:1", {.health = agent::Health::kHealthy, .health_after_ms = 4'000});
  world.engine.add_image("sick:1", {.health = agent::Health::kUnhealthy, .health_after_ms = 4'000});
  world.start();
  world.want(desired_project("slow", {web("app", "slow:1")}));
  world.want(desired_project("sick", {web("app", "sick:1")}));
  world.advance(3s);
  CHECK(world.phases("slow") == std::vector{Phase::kScheduled});
  world.advance(2s);
  CHECK(world.last_report("slow").phase == Phase::kRunning);
  CHECK(world.last_report("sick").phase == Phase::kFailed);
  CHECK(world.last_report("sick").reason == "Unhealthy");
}

TEST_CASE("what a user stops, pauses, renames or removes by hand comes back [E34]") {
  AgentWorld world;
  world.start();
  world.want(shop());
  world.advance(20s);
  SECTION("stopped") { REQUIRE(world.engine.kill("shop-app", 143)); }
  SECTION("paused") { REQUIRE(world.engine.pause("shop-app")); }
  SECTION("renamed") { REQUIRE(world.engine.rename("shop-app", "mine")); }
  SECTION("removed") {
    REQUIRE(world.engine.execute(agent::RemoveContainer{ids(world)["shop-app"]}).ok());
  }
  SECTION("its network removed") {
    for (const auto& [name, id] : ids(world)) {
      REQUIRE(world.engine.execute(agent::StopContainer{id}).ok());
    }
    REQUIRE(world.engine.execute(agent::RemoveNetwork{world.objects().networks[0].id}).ok());
  }
  world.advance(5s);
  const auto seen = world.objects();
  REQUIRE(seen.containers.size() == 2);
  CHECK(seen.networks.size() == 1);
  for (const auto& container : seen.containers) {
    CHECK(container.state == agent::ContainerState::kRunning);
  }
  CHECK(ids(world).contains("shop-app"));
  CHECK(world.phases("shop") == std::vector{Phase::kRunning});
}

TEST_CASE("foreign objects with our names are an error and left untouched [E3][E4]") {
  AgentWorld world;
  const agent::Labels foreign{{"owner", "somebody"}};
  SECTION("container") {
    REQUIRE(world.engine.execute(agent::EnsureImage{"web:1"}).ok());
    REQUIRE(world.engine
                .execute(agent::CreateContainer{
                    {.name = "shop-app", .service = {.image = "web:1"}, .labels = foreign}})
                .ok());
  }
  SECTION("network") {
    REQUIRE(world.engine.execute(agent::CreateNetwork{"cara-shop", foreign}).ok());
  }
  SECTION("volume") {
    REQUIRE(world.engine.execute(agent::CreateVolume{"cara-shop-data", foreign}).ok());
  }
  const auto before = world.objects(foreign);
  world.start();
  world.want(shop());
  world.advance(30s);
  CHECK(world.last_report("shop").phase == Phase::kFailed);
  CHECK(world.last_report("shop").reason == "NameConflict");
  CHECK(world.last_report("shop").message.find("shop") != std::string::npos);
  CHECK(world.objects(foreign) == before);
  world.terminate("shop");
  world.advance(30s);
  CHECK(world.objects() == before);
}

TEST_CASE("a project deleted before the agent looked is Terminated at once [E25]") {
  AgentWorld world;
  world.start();
  auto project = shop();
  project.phase = Phase::kTerminating;
  world.want(project);
  CHECK(world.done.empty());
  CHECK(world.last_report("shop").phase == Phase::kTerminated);
}

TEST_CASE("a delete while an image is pulled does not wait for it [E26]") {
  AgentWorld world;
  world.start();
  world.engine_holds = true;
  world.want(desired_project("p", {web("app")}));
  const auto pull = world.take_held<agent::EnsureImage>();
  world.release();
  world.terminate("p");
  CHECK(world.last_report("p").phase == Phase::kTerminated);
  world.tell(pull);
  world.advance(40s);
  CHECK(world.objects() == agent::Observation{});
  CHECK(world.last_report("p").phase == Phase::kTerminated);
}

TEST_CASE("objects of an earlier assignment or uid go before new ones are made [E38]") {
  AgentWorld world;
  world.start();
  world.want(shop());
  const auto before = ids(world);
  auto project = world.desired.at("shop");
  SECTION("bound again") { project.assignment = 2; }
  SECTION("deleted and made again") { project.uid = "uid-2"; }
  project.phase = Phase::kScheduled;
  world.done.clear();
  world.want(project);
  world.advance(1s);
  CHECK(world.count<agent::RemoveVolume>() == 1);
  const auto after = ids(world);
  REQUIRE(after.size() == 2);
  for (const auto& [name, id] : after) CHECK(id != before.at(name));
  CHECK(world.last_report("shop").phase == Phase::kRunning);
}
