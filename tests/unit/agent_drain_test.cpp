// Containers that end: their route goes first, then the requests that are under way.
#include "tests/unit/agent_ingress_world.h"

using namespace cara;
using namespace std::chrono_literals;
using agent::RouteKind;
using schema::Phase;
using namespace cara::test;

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

TEST_CASE("beside an apiserver that knows no routes nothing waits for requests [E52]") {
  IngressWorld world;
  world.knows_routes = false;
  world.start();
  auto project = shop();
  project.hosts.clear();
  world.want(project);
  CHECK(world.last_report("shop").phase == Phase::kRunning);
  world.terminate("shop");
  world.advance(100ms);
  CHECK(world.last_report("shop").phase == Phase::kTerminated);
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
