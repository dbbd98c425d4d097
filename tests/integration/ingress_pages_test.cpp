// What people and programs read when a request cannot be served, and what is written down.
#include <signal.h>

#include "tests/catch_compat.h"
#include "tests/integration/ingress_world.h"
#include "tests/integration/nats_server.h"
#include "tests/integration/running_host.h"

using namespace cara;
using namespace cara::test;

namespace {

constexpr const char* kJson = "Accept: application/json\r\n";

bool has(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

// The same request by a person and by a program.
void check_page(IngressWorld& world, const std::string& host, int status, const std::string& reason,
                const std::string& more = "") {
  INFO(host);
  const auto page = world.ask(get(host, "/", more));
  CHECK(page.status == status);
  CHECK(has(page.head, "\r\ncontent-type: text/html; charset=utf-8\r\n"));
  CHECK(page.body.starts_with("<!doctype html>"));
  CHECK(has(page.body, "<p>" + reason + "</p>"));
  CHECK_FALSE(has(page.head, "x-cara-"));
  CHECK(has(page.head, "\r\nretry-after: ") == (status == 503));

  const auto json = world.ask(get(host, "/", more + kJson));
  CHECK(json.status == status);
  CHECK(has(json.head, "\r\ncontent-type: application/json\r\n"));
  CHECK(json.body.starts_with("{\"error\":{\"status\":" + std::to_string(status) +
                              ",\"reason\":\"" + reason + "\",\"requestId\":\""));
  const auto id = json.head.find("x-request-id: ");
  REQUIRE(id != std::string::npos);
  CHECK(has(json.body, json.head.substr(id + 14, 36)));
}

}  // namespace

TEST_CASE("a request that cannot be served is told why [S16] [E20]") {
  const Origin blog("blog");
  const Origin odd("odd");
  const std::string closed_port = "127.0.0.1:" + std::to_string(free_port());
  IngressWorld world;
  world.start();
  world.route({to_container("blog.example", blog.address(), "/a"),
               to_nowhere("shop.example", "waits for its image"),
               to_container("down.example", closed_port), to_node("far.example", closed_port),
               to_container("odd.example", odd.address())});
  check_page(world, "nobody.example", 404, "no project has the host nobody.example");
  check_page(world, "blog.example", 404,
             "the host blog.example is known, and none of its paths matches");
  check_page(world, "shop.example", 503, "project shop, rule web: waits for its image");
  check_page(world, "down.example", 503,
             "project shop, rule web: nothing accepts connections there");
  check_page(world, "far.example", 503, "project shop, rule web: node worker-02 cannot be reached");
  check_page(world, "far.example", 503,
             "project shop, rule web: another node sent this request here, and the project is not "
             "here",
             "X-Cara-Hop: x\r\n");
  check_page(world, "", 400, "the request names no host");
  // What a client writes is shown only where it can be nothing but a name.
  for (const char* host : {"<script>alert(1)</script>", "shop.example/../x", "a&b", "\"a\""}) {
    const auto refused = world.ask(get(host, "/"));
    CHECK(refused.status == 400);
    CHECK_FALSE(has(refused.body, host));
  }
}

TEST_CASE("a reason cannot become markup, a command or another entry [S16]") {
  IngressWorld world;
  world.start();
  world.route({to_nowhere("first.example", "fine")});
  const std::string reason =
      "<script>alert(\"1\")</script>|;\\ \"\n} && del map routes.map; %[env(HOME)] 100% \xff";
  world.route({to_nowhere("shop.example", reason), to_nowhere("other.example", "fine")});
  const std::string shown =
      "project shop, rule web: \u2039script\u203aalert('1')\u2039/script\u203a|;/ '/x0a} ++ del "
      "map routes.map; %[env(HOME)] 100% /xff";
  check_page(world, "shop.example", 503, shown);
  check_page(world, "other.example", 503, "project shop, rule web: fine");
  CHECK(world.ask(get("first.example", "/")).status == 404);

  SECTION("nor when HAProxy starts with it") {
    kill(world.pid(), SIGKILL);
    REQUIRE(
        eventually([&] { return world.troubles().size() >= 3 && world.troubles().back() == ""; }));
    check_page(world, "shop.example", 503, shown);
  }
}

TEST_CASE("the answer of a container is its own [S16]") {
  const Origin origin("shop");
  IngressWorld world;
  world.start();
  world.route({to_container("shop.example", origin.address())});
  const auto answer = world.ask(get("shop.example", "/", kJson));
  CHECK(answer.status == 200);
  CHECK_FALSE(has(answer.head, "content-type"));  // it has sent X-Cara-Page
  CHECK_FALSE(has(answer.head, "x-cara"));
}

TEST_CASE("each request is a line of the access log, without its query [S16]") {
  const Origin origin("shop");
  IngressWorld world;
  world.start();
  world.route({to_container("shop.example", origin.address())});
  const auto answer = world.ask(get("shop.example", "/path?password=1"));
  const auto id = answer.head.substr(answer.head.find("x-request-id: ") + 14, 36);
  REQUIRE(eventually([&] { return has(world.log(haproxy::kAccessLog), id); }));
  const std::string log = world.log(haproxy::kAccessLog);
  CHECK(has(log, " 127.0.0.1 http host=shop.example to=shop/web at=" + origin.address() +
                     " GET /path 200 in="));
  CHECK_FALSE(has(log, "password"));
}

TEST_CASE("HAProxy's metrics are on a socket and, if wanted, an address [S16]") {
  IngressWorld world;
  world.config().metrics = haproxy::Address{.ip = "127.0.0.1", .port = free_port()};
  world.start();
  CHECK(std::filesystem::is_socket(world.folder() / haproxy::kMetricsSocket));
  Client client(world.config().metrics->port);
  client.send("GET /metrics HTTP/1.0\r\n\r\n");
  const auto answer = client.read();
  CHECK(answer.status == 200);
  CHECK(has(answer.body, "haproxy_frontend_http_requests_total"));
}
