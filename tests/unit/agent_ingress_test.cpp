// The node's ingress: what is routed where, and what is said of it.
#include "tests/unit/agent_ingress_world.h"

using namespace cara;
using namespace std::chrono_literals;
using agent::RouteKind;
using schema::Phase;
using namespace cara::test;

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

TEST_CASE("a host whose project is deleted is nobody's as soon as that is done") {
  IngressWorld world;
  world.start();
  world.want(shop());
  world.terminate("shop");
  world.advance(1s);
  REQUIRE(world.last_report("shop").phase == Phase::kTerminated);
  CHECK_FALSE(world.ingress.routes.contains(kShop));
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

TEST_CASE("an answer of a router that has ended since does not say that it runs") {
  IngressWorld world;
  world.start();
  world.ingress_is_late = true;
  world.want(shop());
  world.ingress.trouble = "signal 9";
  world.tell(runtime::Delivered{
      agent::kIngressEventSubject, agent::encode(agent::IngressEvent{"signal 9"}), {}});
  world.settle();
  world.let_routes_go();
  CHECK(world.beats.back().troubles ==
        std::vector<schema::NodeTrouble>{{schema::kConditionIngressDown, "signal 9"}});
  CHECK_FALSE(world.last_report("shop").ingress.at(0).ready);
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
  world.cluster_routes.hop_key = "secret";
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
  CHECK(world.ingress.hop_key == "secret");
  world.cluster_routes.projects.clear();
  world.api_answers = true;
  world.tell(runtime::Resync{});
  world.advance(10s);
  CHECK(world.ingress.routes.size() == 1);
  CHECK(world.route().kind == RouteKind::kContainer);
}

TEST_CASE("one host that changes is said alone, and what is gone goes") {
  IngressWorld world;
  world.start();
  world.want(shop());
  auto other = desired_project("other", {web("app")});
  other.spec.ingress = {
      {.name = "main", .host = "other.example", .target = {"app", 80}},
      {.name = "api", .host = "other.example", .path = "/api", .target = {"app", 81}}};
  other.hosts = {{"main", "other.example"}, {"api", "other.example"}};
  world.want(other);
  REQUIRE(world.ingress.routes.size() == 3);
  ++other.generation;
  other.spec.ingress.erase(other.spec.ingress.begin());
  world.want(other);
  CHECK(world.ingress.last_set.routes.empty());
  CHECK(world.ingress.last_set.gone == std::vector<agent::RouteKey>{{"other.example", "/"}});
  CHECK(world.ingress.routes.size() == 2);
  CHECK(world.route().kind == RouteKind::kContainer);
}

TEST_CASE("a host that comes to a node which does not know its containers yet stays known") {
  IngressWorld world;
  world.cluster_routes.projects = {elsewhere("shop", "", "shop is Pending (Accepted)")};
  auto other = shop();
  other.name = "other";
  other.hosts["main"] = "other.example";
  world.want(other, AgentWorld::Wake::kNo);
  world.engine.set_fault([](const agent::EngineOp&) { return unavailable("no engine"); });
  world.start();
  REQUIRE(world.route().reason == "shop is Pending (Accepted)");
  world.want(shop());
  CHECK(world.ingress.routes.contains(kShop));
  world.engine.set_fault({});
  world.advance(30s);
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
