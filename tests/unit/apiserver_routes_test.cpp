// What the ingresses of the cluster are told, and what is said of them.
#include "tests/unit/apiserver_world.h"

using namespace cara;
using namespace cara::apiserver;

namespace {

Value with_host(const std::string& name, const std::string& host, const std::string& path = "/") {
  return manifest(
      name, Map{{"services", Value(Array{service("web")})},
                {"ingress",
                 Value(Array{Map{{"name", "main"},
                                 {"host", host},
                                 {"path", path},
                                 {"target", Value(Map{{"service", "web"}, {"port", 80}})}}})}});
}

Result<schema::RegisterReply> add_node(World& world, const std::string& name,
                                       std::optional<schema::NodeIngress> ingress) {
  schema::RegisterRequest request{.node = name, .agent_id = "agent-" + name, .engine_ready = true};
  request.info.ingress = std::move(ingress);
  auto reply =
      world.call<schema::RegisterReply>(agent_of(name), "node.register", std::move(request));
  if (reply) world.registrations[name] = reply->registration;
  return reply;
}

Result<schema::RoutesReply> routes(World& world, std::int64_t since = 0, std::string after = "") {
  return world.call<schema::RoutesReply>(
      agent_of("n1"), "routes.get",
      schema::RoutesRequest{"n1", world.registrations["n1"], since, std::move(after)});
}

bool woke_ingresses(const World& world) {
  for (const std::string& body : world.published(schema::kNodeAllWake)) {
    if (schema::unpack_message<schema::Wake>(body)->routes) return true;
  }
  return false;
}

const schema::NodeIngress kIngress{.address = "100.64.0.7:8080", .port = 8080};

}  // namespace

TEST_CASE("an ingress is told which project has a host, and which node has the project [S16]") {
  World world({.hop_key = "secret"});
  REQUIRE(add_node(world, "n1", kIngress).ok());
  REQUIRE(add_node(world, "n2", std::nullopt).ok());
  REQUIRE(world.apply(with_host("shop", "Shop.Example", "/api")).ok());
  REQUIRE(world.apply(simple("quiet")).ok());
  auto all = routes(world);
  REQUIRE(all.ok());
  CHECK(all->hop_key == "secret");
  CHECK(all->nodes == std::vector<schema::NodeRoute>{{"n1", "100.64.0.7:8080"}});
  schema::ProjectRoutes expected{.name = "shop",
                                 .node = "",
                                 .reason = "shop is Pending (Accepted)",
                                 .rules = {{"main", "shop.example", "/api"}}};
  REQUIRE(all->projects.size() == 1);
  expected.reason = all->projects[0].reason;
  CHECK(expected.reason.starts_with("shop is Pending ("));
  CHECK(all->projects == std::vector<schema::ProjectRoutes>{expected});

  REQUIRE(world.bind("shop", "n2").ok());
  CHECK(woke_ingresses(world));
  auto news = routes(world, all->revision);
  REQUIRE(news.ok());
  REQUIRE(news->projects.size() == 1);
  CHECK(news->projects[0].node == "n2");

  SECTION("and not whenever a project changes") {
    REQUIRE(world.send(world.report("shop", Phase::kRunning)).ok());
    CHECK_FALSE(woke_ingresses(world));
    REQUIRE(world.apply(with_host("shop", "shop.example", "/api")).ok());
    CHECK_FALSE(woke_ingresses(world));
    REQUIRE(world.apply(simple("silent")).ok());
    CHECK_FALSE(woke_ingresses(world));
  }
  SECTION("and that it is gone") {
    REQUIRE(world.remove("shop").ok());
    REQUIRE(world.send(world.report("shop", Phase::kTerminated)).ok());
    CHECK(woke_ingresses(world));
    const auto gone = routes(world, news->revision);
    REQUIRE(gone->projects.size() == 1);
    CHECK(gone->projects[0].rules.empty());
  }
  SECTION("and after a restart of the apiserver as before it") {
    world.start();
    REQUIRE(world.apply(manifest("shop", Map{{"services", Value(Array{service("web")})}})).ok());
    CHECK(woke_ingresses(world));
  }
  SECTION("and that the node has one now") {
    REQUIRE(add_node(world, "n2", schema::NodeIngress{.address = "[fd00::2]:1", .port = 1}).ok());
    CHECK(woke_ingresses(world));
    const auto after = routes(world, news->revision);
    REQUIRE(after->nodes.size() == 1);
    CHECK(after->nodes[0] == schema::NodeRoute{"n2", "[fd00::2]:1"});
  }
}

TEST_CASE("an address that no router can use is refused where it is said") {
  World world;
  for (const char* wrong : {"n2:80", "10.0.0.2", "10.0.0.2:0", "10.0.0.2:80-81", "fd00::2:80",
                            "[10.0.0.2]:80", "10.0.0.2:80 evil"}) {
    INFO(wrong);
    CHECK(failed_with(add_node(world, "n2", schema::NodeIngress{.address = wrong, .port = 80}),
                      Code::kInvalid));
  }
  for (const char* good : {"10.0.0.2:80", "[fd00::2]:8080", ""}) {
    INFO(good);
    CHECK(add_node(world, "n2", schema::NodeIngress{.address = good, .port = 80}).ok());
  }
}

TEST_CASE("routes come in pages, and who is too far behind lists them again") {
  World world({.max_changes = 50});
  REQUIRE(add_node(world, "n1", kIngress).ok());
  const std::string host = std::string(60, 'h') + "." + std::string(60, 'i') + ".example";
  for (int i = 0; i < 400; ++i) {
    Array rules;
    for (int k = 0; k < 10; ++k) {
      rules.push_back(Map{{"name", "r" + std::to_string(k)},
                          {"host", std::to_string(i) + "-" + std::to_string(k) + "." + host},
                          {"target", Value(Map{{"service", "web"}, {"port", 80}})}});
    }
    REQUIRE(
        world
            .apply(manifest("p" + std::to_string(i), Map{{"services", Value(Array{service("web")})},
                                                         {"ingress", Value(std::move(rules))}}))
            .ok());
  }
  auto page = routes(world);
  REQUIRE(page.ok());
  REQUIRE_FALSE(page->next.empty());
  std::size_t found = page->projects.size();
  while (!page->next.empty()) {
    CHECK(page->nodes.empty());
    page = routes(world, 0, page->next);
    REQUIRE(page.ok());
    found += page->projects.size();
  }
  CHECK(found == 400);
  CHECK(page->nodes.size() == 1);
  CHECK(failed_with(routes(world, 1), Code::kGone));
}

TEST_CASE("a rule's status says what its node says of it, while that can be true [S13]") {
  World world;
  REQUIRE(add_node(world, "n1", kIngress).ok());
  REQUIRE(world.apply(with_host("shop", "shop", "/api")).ok());
  const auto rule = [&] { return world.project("shop").status.ingress.at(0); };
  CHECK(rule().host == "shop.default.cara.internal");
  CHECK(rule().url == "http://shop.default.cara.internal/api");
  CHECK_FALSE(rule().ready);
  CHECK(rule().reason.starts_with("shop is Pending"));
  REQUIRE(world.bind("shop", "n1").ok());
  auto report = world.report("shop", Phase::kRunning);
  report.ingress = {{"main", true, ""}, {"unknown", true, ""}};
  REQUIRE(world.send(report).ok());
  CHECK(rule().ready);
  CHECK(rule().reason.empty());
  CHECK(rule().url == "http://shop.default.cara.internal:8080/api");

  SECTION("a report that it does not believe changes nothing [I27]") {
    world.pass(20s);
    const std::int64_t revision = world.project("shop").metadata.revision;
    report.ingress = {{"main", false, "the route is being set"}};
    REQUIRE(world.send(report).ok());
    CHECK(world.project("shop").metadata.revision == revision);
  }
  SECTION("not when the node is lost") {
    world.pass(20s);
    CHECK_FALSE(rule().ready);
    CHECK(rule().reason == "node/n1 is not ready");
  }
  SECTION("nor when it is deleted") {
    REQUIRE(world.remove("shop").ok());
    CHECK_FALSE(rule().ready);
    CHECK(rule().reason.starts_with("shop is Terminating"));
  }
  SECTION("it survives an apply that changes something else") {
    REQUIRE(world
                .apply(manifest("shop", *with_host("shop", "shop", "/api").find("spec")->as_map(),
                                Map{{"labels", Value(Map{{"a", "b"}})}}))
                .ok());
    CHECK(rule().ready);
  }
}

TEST_CASE("one host may have several paths, in one project [E19]") {
  World world;
  const auto two = [](const std::string& path) {
    Value project = with_host("shop", "shop.example");
    Array rules = *project.find("spec")->find("ingress")->as_array();
    rules.push_back(Map{{"name", "api"},
                        {"host", "SHOP.example."},
                        {"path", path},
                        {"target", Value(Map{{"service", "web"}, {"port", 81}})}});
    return manifest("shop", Map{{"services", *project.find("spec")->find("services")},
                                {"ingress", Value(std::move(rules))}});
  };
  CHECK(world.apply(two("/api")).ok());
  const auto twice = world.apply(two("/"));
  REQUIRE(failed_with(twice, Code::kInvalid));
  CHECK(contains(twice.error().message, "which another rule of this project has"));
  const auto other = world.apply(with_host("thief", "shop.example", "/else"));
  REQUIRE(failed_with(other, Code::kConflict));
  CHECK(contains(other.error().message, "`shop.example` is taken by project/shop"));
  const auto script = world.apply(with_host("idn", "B\u00fccher.example"));
  REQUIRE(script.ok());
  CHECK(script->project.status.ingress[0].host == "xn--bcher-kva.example");
  CHECK(failed_with(world.apply(with_host("same", "XN--bcher-KVA.example")), Code::kConflict));
}
