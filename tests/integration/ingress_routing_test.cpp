// Which container gets a request, and what it learns of who asked.
#include "tests/catch_compat.h"
#include "tests/integration/ingress_world.h"
#include "tests/integration/running_host.h"

using namespace cara;
using namespace cara::test;

namespace {

bool has(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

}  // namespace

TEST_CASE("a request reaches the container of its host and longest path [S16]") {
  const Origin shop("shop");
  const Origin api("api");
  const Origin blog("blog", "127.0.0.2");
  IngressWorld world;
  world.start();
  world.route({to_container("shop.example", shop.address()),
               to_container("shop.example", api.address(), "/api"),
               to_container("blog.example", blog.address(), "/a")});
  const auto who = [&](const std::string& host, const std::string& path) {
    const auto answer = world.ask(get(host, path));
    return answer.status == 200 ? answer.body.substr(0, answer.body.find('\n'))
                                : std::to_string(answer.status);
  };
  CHECK(who("shop.example", "/") == "shop");
  CHECK(who("shop.example", "/api") == "api");
  CHECK(who("shop.example", "/api/") == "api");
  CHECK(who("shop.example", "/api/v1?x=/") == "api");
  CHECK(who("shop.example", "/api?x=1") == "api");
  CHECK(who("shop.example", "/apix") == "shop");
  CHECK(who("shop.example", "/API") == "shop");
  CHECK(who("shop.example", "/x/api") == "shop");
  CHECK(who("shop.example", "/?/api/") == "shop");
  CHECK(who("SHOP.Example", "/") == "shop");
  CHECK(who("shop.example:8080", "/") == "shop");
  CHECK(who("shop.example.", "/") == "shop");
  CHECK(who("Shop.Example.:80", "/") == "shop");
  CHECK(who("blog.example", "/a/b") == "blog");
  CHECK(who("blog.example", "/b") == "404");
  CHECK(who("shop.example.evil.example", "/") == "404");
  CHECK(who("xshop.example", "/") == "404");
  CHECK(who("example", "/") == "404");
}

TEST_CASE("another container is asked at once, and nothing that is open breaks [S16] [E20]") {
  Origin old_one("old");
  const Origin new_one("new");
  IngressWorld world;
  world.start();
  world.route({to_container("shop.example", old_one.address())});
  Client held(world.port());
  held.send(get("shop.example", "/hold"));
  Client socket(world.port());
  REQUIRE(
      socket.ask(get("shop.example", "/ws", "Upgrade: echo\r\nConnection: Upgrade\r\n")).status ==
      101);
  Client kept(world.port());
  REQUIRE(kept.ask(get("shop.example", "/")).body.starts_with("old"));
  REQUIRE(eventually([&] { return world.under_way(old_one.address()) == 2; }));

  world.route({to_container("shop.example", new_one.address())});
  CHECK(kept.ask(get("shop.example", "/")).body.starts_with("new"));
  CHECK(world.under_way(old_one.address()) == 2);
  socket.send("still here");
  CHECK(socket.read_bytes(10) == "still here");
  old_one.release();
  CHECK(held.read().body.starts_with("old"));
  CHECK(eventually([&] { return world.under_way(old_one.address()) == 1; }));
  CHECK(socket.is_open());
}

TEST_CASE("requests under way are counted until they end, however they end [E20]") {
  Origin origin("shop");
  IngressWorld world;
  world.start();
  world.route({to_container("shop.example", origin.address())});
  CHECK(world.under_way(origin.address()) == 0);
  {
    Client gone(world.port());
    gone.send(get("shop.example", "/hold"));
    Client second(world.port());
    second.send(get("shop.example", "/hold"));
    REQUIRE(eventually([&] { return world.under_way(origin.address()) == 2; }));
  }
  CHECK(eventually([&] { return world.under_way(origin.address()) == 0; }));
  CHECK(world.under_way("10.1.2.3:80") == 0);
}

TEST_CASE("an idle connection that the container has closed costs no request [E20]") {
  Origin origin("shop");
  IngressWorld world;
  world.start();
  world.route({to_container("shop.example", origin.address())});
  Client client(world.port());
  for (int i = 0; i < 20; ++i) {
    REQUIRE(client.ask(get("shop.example", "/")).status == 200);
    origin.close_idle_connections();
  }
  // At the same moment: the request was sent, and nobody has read it.
  for (int i = 0; i < 20; ++i) {
    REQUIRE(client.ask(get("shop.example", "/")).status == 200);
    REQUIRE(client.ask(get("shop.example", "/drop")).status == 200);
  }
}

TEST_CASE("what the container sends arrives at once, not when it has sent all [E20]") {
  Origin origin("shop");
  IngressWorld world;
  world.start();
  world.route({to_container("shop.example", origin.address())});
  Client client(world.port());
  client.send(get("shop.example", "/stream"));
  CHECK(client.read_bytes(17) == "HTTP/1.1 200 OK\r\n");
  std::string seen;
  while (!has(seen, "event ")) seen += client.read_bytes(1);
  origin.release();
  CHECK(client.read_bytes(6) == "event ");
}

TEST_CASE("a large upload arrives, and one that breaks off ends at the container, too [E20]") {
  const Origin origin("shop");
  IngressWorld world;
  world.start();
  world.route({to_container("shop.example", origin.address())});
  constexpr std::size_t kBytes = std::size_t{32} * 1024 * 1024;
  const std::string head =
      "POST / HTTP/1.1\r\nHost: shop.example\r\nContent-Length: " + std::to_string(kBytes) +
      "\r\n\r\n";
  CHECK(world.ask(head + std::string(kBytes, 'x')).status == 200);
  {
    const Client gone(world.port());
    gone.send(head + std::string(kBytes / 2, 'x'));
    REQUIRE(eventually([&] { return world.under_way(origin.address()) == 1; }));
  }
  CHECK(eventually([&] { return world.under_way(origin.address()) == 0; }));
  CHECK(eventually([&] { return origin.open_connections() <= 1; }));
  CHECK(origin.requests() == 1);
}

TEST_CASE("containers may have IPv6 addresses [S16]") {
  const Origin origin("six", "::1");
  IngressWorld world;
  world.start();
  world.route({to_container("shop.example", origin.address())});
  CHECK(world.ask(get("shop.example", "/")).body.starts_with("six"));
  CHECK(world.ask(get("shop.example", "/")).status == 200);
  Client socket(world.port());
  REQUIRE(socket.ask(get("shop.example", "/", "Upgrade: echo\r\nConnection: Upgrade\r\n")).status ==
          101);
  CHECK(world.under_way(origin.address()) == 1);
}

TEST_CASE("the container learns who asked, and not from the client [S16]") {
  const Origin origin("shop");
  IngressWorld world;
  world.start();
  world.route({to_container("shop.example", origin.address())}, "the-key");
  const std::string lies =
      "X-Forwarded-For: 6.6.6.6\r\nX-Forwarded-Proto: gopher\r\nX-Forwarded-Host: evil\r\n"
      "X-Forwarded-Port: 1\r\nX_Forwarded_For: 6.6.6.6\r\nForwarded: for=6.6.6.6\r\n"
      "X-Real-IP: 6.6.6.6\r\nX-Request-Id: lie\r\nX-Cara-Anything: 1\r\nProxy: evil\r\n";
  const auto check = [](const std::string& body) {
    CHECK(has(body, "\r\nx-forwarded-for: 127.0.0.1\r\n"));
    CHECK(has(body, "\r\nx-forwarded-proto: http\r\n"));
    CHECK(has(body, "\r\nx-forwarded-host: shop.example:99\r\n"));
    for (const char* lie : {"6.6.6.6", "gopher", "evil", "lie", "x-cara", "x-forwarded-port"}) {
      CHECK_FALSE(has(body, lie));
    }
  };
  check(world.ask(get("shop.example:99", "/", lies)).body);
  check(world.ask(get("shop.example:99", "/", lies + "X-Cara-Hop: wrong\r\n")).body);
  check(
      world
          .ask(get("shop.example:99", "/", lies + "X-Cara-Hop: the-key\r\nX-Cara-Hop: the-key\r\n"))
          .body);
  // The headers that are ours cannot be declared to be for this connection only.
  const auto named = world.ask(get("shop.example", "/", "Connection: X-Forwarded-For\r\n"));
  CHECK(has(named.body, "\r\nx-forwarded-for: "));
  CHECK_FALSE(has(named.body, "\r\nconnection: "));

  Client upgraded(world.port());
  REQUIRE(upgraded
              .ask(get("shop.example", "/ws",
                       "Upgrade: echo\r\nConnection: Upgrade, X-Forwarded-For\r\n"))
              .status == 101);
  const std::string received = origin.received();
  const std::string last = received.substr(received.rfind("GET /ws"));
  CHECK(has(last, "\r\nconnection: upgrade\r\n"));
  CHECK(has(last, "\r\nx-forwarded-for: 127.0.0.1\r\n"));

  SECTION("the id of a request is the container's and the client's") {
    const auto answer = world.ask(get("shop.example", "/"));
    const auto at = answer.head.find("x-request-id: ");
    REQUIRE(at != std::string::npos);
    CHECK(has(answer.body, answer.head.substr(at, 50)));
  }
}

TEST_CASE("a router that shows the key is believed, and asks nobody else [S16]") {
  const Origin origin("shop");
  const Origin other_router("router");
  IngressWorld world;
  world.start();
  const std::vector<agent::Route> routes{to_container("shop.example", origin.address()),
                                         to_node("far.example", other_router.address())};
  world.route(routes, "the-key");
  const std::string hop =
      "X-Cara-Hop: the-key\r\nX-Forwarded-For: 100.64.0.9\r\nX-Forwarded-Proto: https\r\n"
      "X-Forwarded-Host: shop.example\r\nX-Request-Id: 0f-1\r\n";

  const auto near = world.ask(get("shop.example", "/", hop));
  CHECK(has(near.body, "\r\nx-forwarded-for: 100.64.0.9\r\n"));
  CHECK(has(near.body, "\r\nx-forwarded-proto: https\r\n"));
  CHECK(has(near.body, "\r\nx-request-id: 0f-1\r\n"));
  CHECK(has(near.head, "\r\nx-request-id: 0f-1\r\n"));
  CHECK_FALSE(has(near.body, "the-key"));

  const auto far = world.ask(get("far.example", "/x"));
  CHECK(has(far.body, "\r\nx-cara-hop: the-key\r\n"));
  CHECK(has(far.body, "\r\nx-forwarded-for: 127.0.0.1\r\n"));
  CHECK(has(far.body, "\r\nhost: far.example\r\n"));

  for (const char* value : {"the-key", "wrong", ""}) {
    const auto refused =
        world.ask(get("far.example", "/", std::string("X-Cara-Hop: ") + value + "\r\n"));
    CHECK(refused.status == 503);
  }
  CHECK(other_router.requests() == 1);

  SECTION("another key is believed from then on") {
    world.route(routes, "next");
    CHECK_FALSE(has(world.ask(get("shop.example", "/", hop)).body, "100.64.0.9"));
    CHECK(has(world.ask(get("far.example", "/")).body, "\r\nx-cara-hop: next\r\n"));
  }
  SECTION("without a key nobody is believed, and there are no loops either") {
    world.route(routes);
    CHECK_FALSE(has(world.ask(get("shop.example", "/", hop)).body, "100.64.0.9"));
    CHECK(has(world.ask(get("far.example", "/")).body, "\r\nx-cara-hop: -\r\n"));
  }
}
