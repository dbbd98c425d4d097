// The node's ingress: what is routed where, and what waits for requests to end.
#include "tests/unit/agent_story.h"

using namespace cara;
using namespace std::chrono_literals;
using agent::RouteKind;
using schema::Phase;
using namespace cara::test;

namespace {

const sim::ModelIngress::Key kShop{"shop.example", "/"};

struct IngressWorld : AgentWorld {
  IngressWorld() {
    listens = schema::NodeIngress{.address = "100.64.0.7:80", .port = 80};
    engine.add_image("sick:1", {.health = agent::Health::kUnhealthy, .health_after_ms = 100});
    engine.add_image("crash:1", {.exits_after_ms = 10, .exit_code = 1});
    before_engine_op = [this](const agent::EngineOp& op) {
      if (const auto* stop = std::get_if<agent::StopContainer>(&op)) note_routes_to(stop->id);
    };
  }

  void note_routes_to(const std::string& id) {
    for (const auto& each : objects().containers) {
      if (each.id != id || each.state != agent::ContainerState::kRunning) continue;
      for (const auto& [key, to] : ingress.routes) {
        if (to.address.starts_with(each.address + ":")) stopped_with_routes.push_back(each.name);
      }
    }
  }

  const agent::Route& route(const sim::ModelIngress::Key& key = kShop) {
    const auto found = ingress.routes.find(key);
    if (found == ingress.routes.end()) FAIL("no route for " << key.first << key.second);
    return found->second;
  }
  std::string address(const std::string& name) { return container(*this, name).address + ":80"; }

  std::vector<std::string> stopped_with_routes;  // containers
};

schema::DesiredProject shop(std::vector<schema::ServiceDef> services = {web("app")}) {
  auto project = desired_project("shop", std::move(services));
  project.spec.ingress = {{.name = "main", .host = "shop.example", .target = {"app", 80}}};
  project.hosts = {{"main", "shop.example"}};
  return project;
}

schema::ProjectRoutes elsewhere(const std::string& name, const std::string& node,
                                const std::string& reason = "") {
  return {.name = name,
          .node = node,
          .reason = reason,
          .rules = {{.name = "main", .host = name + ".example", .path = "/"}}};
}

}  // namespace

TEST_CASE("whoever reads that a project runs finds its route [S16]") {
  IngressWorld world;
  world.start();
  world.want(shop());
  CHECK(world.route().kind == RouteKind::kContainer);
  CHECK(world.route().address == world.address("shop-app"));
  for (const auto& report : world.reports) {
    if (report.phase != Phase::kRunning) continue;
    CHECK(report.ingress == std::vector<schema::IngressReport>{{"main", true, ""}});
  }
  CHECK(world.last_report("shop").phase == Phase::kRunning);
  REQUIRE(world.registers.back().info.ingress);
  CHECK(world.registers.back().info.ingress->address == "100.64.0.7:80");
}

TEST_CASE("a target that is not well has no route, and it says why") {
  IngressWorld world;
  world.start();
  world.want(shop({web("app", "crash:1")}));
  world.advance(30s);
  CHECK(world.route().reason == "shop is Failed (CrashLoopBackOff)");
  CHECK(world.last_report("shop").ingress ==
        std::vector<schema::IngressReport>{{"main", false, "shop is Failed (CrashLoopBackOff)"}});
}

TEST_CASE("a health check that fails ends the route, and its recovery brings it back") {
  IngressWorld world;
  world.start();
  world.want(shop());
  REQUIRE(world.route().kind == RouteKind::kContainer);
  world.engine.set_health("shop-app", agent::Health::kUnhealthy);
  world.advance(1s);
  CHECK(world.route().kind == RouteKind::kNone);
  CHECK(world.route().reason == "shop is Failed (Unhealthy)");
  world.engine.set_health("shop-app", agent::Health::kHealthy);
  world.advance(1s);
  CHECK(world.route().kind == RouteKind::kContainer);
}

TEST_CASE("a project that fails by another service of it is not routed") {
  IngressWorld world;
  world.start();
  world.want(shop({web("app"), web("db")}));
  world.advance(1min);
  world.engine.kill("shop-db", 1);
  world.advance(100ms);
  CHECK(world.route().kind == RouteKind::kContainer);  // it is Running until it has failed
  for (int i = 0; i < 3; ++i) {
    world.advance(5s);
    world.engine.kill("shop-db", 1);
  }
  world.advance(100ms);
  REQUIRE(world.last_report("shop").phase == Phase::kFailed);
  CHECK(world.route().kind == RouteKind::kNone);
}

TEST_CASE("an update that fails before it touches anything leaves the route [E31]") {
  IngressWorld world;
  world.start();
  world.want(shop());
  const std::string address = world.address("shop-app");
  auto project = next_generation(world, "shop");
  project.spec.services[0].image = "nowhere:1";
  world.want(project);
  world.advance(5s);
  CHECK(world.last_report("shop").phase == Phase::kFailed);
  CHECK(world.route().address == address);
  CHECK(world.last_report("shop").ingress[0].ready);
}

TEST_CASE("an update routes to the new container, and the old one ends with its last request") {
  IngressWorld world;
  world.start();
  world.want(shop());
  const std::string old = world.address("shop-app");
  world.ingress.under_way[old] = 1;
  auto project = next_generation(world, "shop");
  project.spec.services[0].image = "web:2";
  world.want(project);
  world.advance(5s);
  CHECK(world.route().address == world.address("shop-app.next"));
  CHECK(world.route().address != old);
  CHECK(container(world, "shop-app").state == agent::ContainerState::kRunning);
  world.ingress.under_way.clear();
  world.advance(200ms);
  CHECK(names(world) == std::vector<std::string>{"shop-app"});
  CHECK(world.route().address == world.address("shop-app"));
  CHECK(world.last_report("shop").phase == Phase::kRunning);
}

TEST_CASE("while the agent works on a project its requests go on") {
  IngressWorld world;
  world.start();
  world.want(shop({web("app"), web("side")}));
  const std::string address = world.address("shop-app");
  auto project = next_generation(world, "shop");
  project.spec.services[1].image = "web:2";
  world.engine_holds = true;  // the time between an operation and the next look
  world.want(project);
  while (!world.held.empty()) {
    CHECK(world.route().address == address);
    world.release_one();
  }
  CHECK(world.route().address == address);
  CHECK(world.last_report("shop").generation == 2);
}

TEST_CASE("an update that overtakes another goes on from what that one had ready") {
  IngressWorld world;
  world.engine.add_image("slow:3", {.health = agent::Health::kHealthy, .health_after_ms = 3'000});
  world.start();
  world.want(shop());
  const std::string first = world.address("shop-app");
  world.ingress.under_way[first] = 1;  // it does not end for a while
  auto project = next_generation(world, "shop");
  project.spec.services[0].image = "web:2";
  world.want(project);
  world.advance(1s);
  const std::string second = world.address("shop-app.next");
  REQUIRE(world.route().address == second);
  project = next_generation(world, "shop");
  project.spec.services[0].image = "slow:3";
  world.want(project);
  world.advance(1s);
  CHECK(world.route().address == second);
  world.ingress.under_way.clear();
  world.advance(1s);
  CHECK(world.route().address == second);
  CHECK(names(world) == std::vector<std::string>{"shop-app", "shop-app.next"});
  world.advance(5s);
  CHECK(names(world) == std::vector<std::string>{"shop-app"});
  CHECK(world.route().address == world.address("shop-app"));
  CHECK(world.last_report("shop").phase == Phase::kRunning);
  CHECK(world.last_report("shop").generation == 3);
}

TEST_CASE("requests that do not end are waited for as long as the service may take to stop") {
  IngressWorld world;
  world.start();
  auto project = shop();
  project.spec.services[0].stop_grace_period = "20s";
  world.want(project);
  world.ingress.under_way[world.address("shop-app")] = 1;
  world.terminate("shop");
  CHECK(world.route().kind == RouteKind::kNone);
  CHECK(world.route().reason == "shop is being removed");
  world.advance(19s);
  CHECK(container(world, "shop-app").state == agent::ContainerState::kRunning);
  world.advance(2s);
  CHECK(world.last_report("shop").phase == Phase::kTerminated);
}

TEST_CASE("one container at a time: the route goes before the old one stops") {
  IngressWorld world;
  world.start();
  auto project = shop();
  project.spec.update_policy.order = schema::UpdateOrder::kStopFirst;
  world.want(project);
  const std::string old = world.address("shop-app");
  world.ingress.under_way[old] = 1;
  project = next_generation(world, "shop");
  project.spec.services[0].image = "web:2";
  world.want(project);
  world.advance(3s);
  CHECK(world.route().kind == RouteKind::kNone);
  CHECK(container(world, "shop-app").state == agent::ContainerState::kRunning);
  world.ingress.under_way.clear();
  world.advance(1s);
  CHECK(world.route().kind == RouteKind::kContainer);
  CHECK(container(world, "shop-app").labels.at(agent::kLabelSpec) != "");
}

TEST_CASE("what has moved away is neither routed nor waited for") {
  IngressWorld world;
  world.start();
  world.want(shop());
  world.ingress.under_way[world.address("shop-app")] = 1;
  world.cluster_routes.projects = {elsewhere("shop", "n2")};
  world.cluster_routes.nodes = {{"n2", "100.64.0.8:80"}};
  world.drop("shop");
  world.wake_routes();
  CHECK(world.objects().containers.empty());
  CHECK(world.route().kind == RouteKind::kNode);
  CHECK(world.route().address == "100.64.0.8:80");
}

TEST_CASE("a host whose project is deleted is nobody's as soon as that is done") {
  IngressWorld world;
  world.start();
  world.want(shop());
  world.terminate("shop");
  world.advance(1s);
  REQUIRE(world.last_report("shop").phase == Phase::kTerminated);
  CHECK_FALSE(world.ingress.routes.contains(kShop));
}

TEST_CASE("a lease that ends waits for no request [I16]") {
  IngressWorld world;
  world.start();
  auto project = shop();
  project.spec.on_node_loss = schema::OnNodeLoss::kMoveExclusive;
  world.want(project);
  world.ingress.under_way[world.address("shop-app")] = 1;
  REQUIRE(world.route().kind == RouteKind::kContainer);
  world.api_answers = false;
  world.advance(17s);
  CHECK(container(world, "shop-app").state == agent::ContainerState::kExited);
  CHECK(world.route().kind == RouteKind::kNone);
}

TEST_CASE("a router that does not run is told, and holds up nothing") {
  IngressWorld world;
  world.start();
  world.want(shop());
  world.ingress.under_way[world.address("shop-app")] = 1;
  world.ingress.trouble = "cannot bind 100.64.0.7:80";
  world.tell(runtime::Delivered{
      agent::kIngressEventSubject, agent::encode(agent::IngressEvent{world.ingress.trouble}), {}});
  world.settle();
  CHECK(world.beats.back().troubles ==
        std::vector<schema::NodeTrouble>{
            {schema::kConditionIngressDown, "cannot bind 100.64.0.7:80"}});
  CHECK(world.last_report("shop").phase == Phase::kRunning);
  CHECK_FALSE(world.last_report("shop").ingress[0].ready);
  world.terminate("shop");
  CHECK(world.last_report("shop").phase == Phase::kTerminated);
  world.want(shop());
  CHECK(world.last_report("shop").phase == Phase::kRunning);
  world.ingress.trouble.clear();
  world.tell(
      runtime::Delivered{agent::kIngressEventSubject, agent::encode(agent::IngressEvent{}), {}});
  world.advance(6s);
  CHECK(world.last_report("shop").ingress[0].ready);
  CHECK(world.beats.back().troubles.empty());
}

TEST_CASE("other nodes' projects go to their ingress, once more of the cluster is known") {
  IngressWorld world;
  world.cluster_routes.hop_key = "secret";
  world.cluster_routes.projects = {elsewhere("a", "n2"), elsewhere("b", "n3"),
                                   elsewhere("c", "", "c is Pending (Unschedulable)"),
                                   elsewhere("d", AgentWorld::kNode)};
  world.cluster_routes.nodes = {{"n2", "100.64.0.8:80"}};
  world.start();
  CHECK(world.ingress.hop_key == "secret");
  CHECK(world.route({"a.example", "/"}).address == "100.64.0.8:80");
  CHECK(world.route({"b.example", "/"}).reason == "node n3, which has b, has no ingress");
  CHECK(world.route({"c.example", "/"}).reason == "c is Pending (Unschedulable)");
  CHECK(world.route({"d.example", "/"}).reason == "d is starting");
  world.cluster_routes.projects = {elsewhere("a", "n3"), {.name = "b"}};
  world.cluster_routes.nodes = {{"n3", "100.64.0.9:80"}};
  world.wake_routes();
  CHECK(world.route({"a.example", "/"}).address == "100.64.0.9:80");
  CHECK_FALSE(world.ingress.routes.contains({"b.example", "/"}));
}

TEST_CASE("an agent that starts again takes no route away before it knows better") {
  IngressWorld world;
  world.cluster_routes.projects = {elsewhere("a", "n2")};
  world.cluster_routes.nodes = {{"n2", "100.64.0.8:80"}};
  world.start();
  world.want(shop());
  const auto before = world.ingress.routes;
  REQUIRE(before.size() == 2);
  world.api_answers = false;
  world.start();
  CHECK(world.ingress.routes == before);
  world.advance(15s);  // from the cached set
  CHECK(world.ingress.routes == before);
  world.cluster_routes.projects.clear();
  world.api_answers = true;
  world.tell(runtime::Resync{});
  world.advance(10s);
  CHECK(world.ingress.routes.size() == 1);
  CHECK(world.route().kind == RouteKind::kContainer);
}

TEST_CASE("a node without an ingress asks for no routes, and its projects say so") {
  IngressWorld world;
  world.listens.reset();
  world.start();
  world.want(shop());
  CHECK(world.last_report("shop").phase == Phase::kRunning);
  CHECK(world.last_report("shop").ingress ==
        std::vector<schema::IngressReport>{{"main", false, "node worker-01 has no ingress"}});
  world.wake_routes();
  CHECK(world.ingress.sets == 0);
  world.terminate("shop");
  CHECK(world.last_report("shop").phase == Phase::kTerminated);
}

TEST_CASE("a service in the node's network is reached on loopback, one that joins where it joins") {
  IngressWorld world;
  world.start();
  auto project = shop({web("app"), web("side"), web("raw")});
  project.spec.services[1].network_mode = "Service:app";
  project.spec.services[2].network_mode = "Host";
  project.spec.ingress.push_back({.name = "side", .host = "side.example", .target = {"side", 81}});
  project.spec.ingress.push_back({.name = "raw", .host = "raw.example", .target = {"raw", 82}});
  project.hosts["side"] = "side.example";
  project.hosts["raw"] = "raw.example";
  world.want(project);
  CHECK(world.route({"side.example", "/"}).address == container(world, "shop-app").address + ":81");
  CHECK(world.route({"raw.example", "/"}).address == "127.0.0.1:82");
}

TEST_CASE("what an earlier life of the agent has routed is let go in order, too") {
  IngressWorld world;
  world.start();
  world.want(shop());
  world.ingress.under_way[world.address("shop-app")] = 1;
  auto project = world.desired.at("shop");
  project.phase = Phase::kTerminating;
  world.want(project, AgentWorld::Wake::kNo);
  world.start();
  CHECK(world.route().kind == RouteKind::kNone);
  CHECK(container(world, "shop-app").state == agent::ContainerState::kRunning);
  world.ingress.under_way.clear();
  world.advance(200ms);
  CHECK(world.last_report("shop").phase == Phase::kTerminated);
  CHECK(world.stopped_with_routes.empty());
}

TEST_CASE("a router that confirms nothing is not waited for longer than the grace period") {
  IngressWorld world;
  world.start();
  auto project = shop();
  project.spec.services[0].stop_grace_period = "10s";
  world.want(project);
  project.phase = Phase::kTerminating;
  world.want(project, AgentWorld::Wake::kNo);
  world.ingress_forgets = true;
  world.start();
  world.advance(9s);
  CHECK(container(world, "shop-app").state == agent::ContainerState::kRunning);
  world.advance(3s);
  CHECK(world.last_report("shop").phase == Phase::kTerminated);
}

TEST_CASE("a route that may have been set counts as one") {
  IngressWorld world;
  world.start();
  SECTION("while it is being set") {
    world.ingress_is_late = true;
    world.want(shop());
    world.let_routes_go();  // that it is starting; now the container's is under way
    REQUIRE(world.route().kind == RouteKind::kContainer);
    world.terminate("shop");
    world.advance(1s);
    CHECK(container(world, "shop-app").state == agent::ContainerState::kRunning);
    world.ingress_is_late = false;
    world.let_routes_go();
  }
  SECTION("when nobody knows whether it was") {
    world.ingress_forgets = true;
    world.want(shop());
    world.advance(150ms);
    REQUIRE(world.route().kind == RouteKind::kContainer);
    world.terminate("shop");
    CHECK(container(world, "shop-app").state == agent::ContainerState::kRunning);
    world.ingress_forgets = false;
  }
  world.advance(5s);
  CHECK(world.last_report("shop").phase == Phase::kTerminated);
  CHECK(world.stopped_with_routes.empty());
}

TEST_CASE("a route to another port of a container is a route to it") {
  IngressWorld world;
  world.start();
  world.want(shop());
  world.ingress_is_late = true;
  auto project = next_generation(world, "shop");
  project.spec.ingress[0].target.port = 81;
  project.spec.services[0].image = "web:2";
  project.spec.update_policy.order = schema::UpdateOrder::kStopFirst;
  world.want(project);
  world.advance(1s);
  CHECK(container(world, "shop-app").state == agent::ContainerState::kRunning);
  world.ingress_is_late = false;
  world.let_routes_go();
  world.advance(1s);
  CHECK(world.route().address.ends_with(":81"));
  CHECK(world.stopped_with_routes.empty());
}

TEST_CASE("a report whose answer was lost counts for what is said after it [S13]") {
  IngressWorld world;
  world.start();
  world.want(shop());
  REQUIRE(world.last_report("shop").ingress[0].ready);
  const std::size_t before = world.reports.size();
  const auto tell_of_router = [&](const std::string& trouble) {
    world.ingress.trouble = trouble;
    world.tell(runtime::Delivered{
        agent::kIngressEventSubject, agent::encode(agent::IngressEvent{trouble}), {}});
    world.settle();
  };
  world.api_answers = false;
  tell_of_router("it was killed");
  tell_of_router("");
  world.api_answers = true;
  world.advance(3s);
  CHECK(world.reports.size() > before);
  CHECK(world.last_report("shop").ingress[0].ready);
}

TEST_CASE("a node that was silent for too long says again what it does [S13]") {
  IngressWorld world;
  world.start();
  world.want(shop());
  const std::size_t before = world.reports.size();
  world.api_answers = false;
  world.advance(20s);
  CHECK(world.reports.size() == before);
  world.api_answers = true;
  world.advance(6s);
  CHECK(world.reports.size() == before + 1);
  CHECK(world.last_report("shop").ingress[0].ready);
}
