// Requests that two programs could understand differently, and such as are too much.
#include <string>
#include <vector>

#include "tests/catch_compat.h"
#include "tests/integration/ingress_world.h"

using namespace cara;
using namespace cara::test;

namespace {

struct Case {
  std::string what;
  std::string bytes;
  int status;
};

const std::string kHost = "Host: shop.example\r\n";
const std::string kInner = "GET /smuggled HTTP/1.1\r\nHost: shop.example\r\n\r\n";

// One refused request after the other; each on a connection of its own.
const std::vector<Case> kRefused = {
    {"two lengths",
     "POST / HTTP/1.1\r\n" + kHost + "Content-Length: 0\r\nContent-Length: 48\r\n\r\n" + kInner,
     400},
    {"a list of lengths", "POST / HTTP/1.1\r\n" + kHost + "Content-Length: 0, 48\r\n\r\n" + kInner,
     400},
    {"a length with a sign", "POST / HTTP/1.1\r\n" + kHost + "Content-Length: +48\r\n\r\n" + kInner,
     400},
    {"an empty length", "POST / HTTP/1.1\r\n" + kHost + "Content-Length: \r\n\r\n" + kInner, 400},
    {"a hexadecimal length",
     "POST / HTTP/1.1\r\n" + kHost + "Content-Length: 0x30\r\n\r\n" + kInner, 400},
    {"a coding that is not known",
     "POST / HTTP/1.1\r\n" + kHost + "Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n" + kInner, 400},
    {"chunked is not the last",
     "POST / HTTP/1.1\r\n" + kHost + "Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n" +
         kInner,
     400},
    {"chunked twice",
     "POST / HTTP/1.1\r\n" + kHost +
         "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" + kInner,
     400},
    {"a blank before the colon",
     "POST / HTTP/1.1\r\n" + kHost + "Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n" + kInner, 400},
    {"a vertical tab in the coding",
     "POST / HTTP/1.1\r\n" + kHost +
         "Transfer-Encoding: \x0b"
         "chunked\r\n\r\n0\r\n\r\n" +
         kInner,
     400},
    {"a NUL in a value", "GET / HTTP/1.1\r\n" + kHost + std::string("X: a\0b\r\n\r\n", 10), 400},
    {"a bare CR in a value", "GET / HTTP/1.1\r\n" + kHost + "X: a\rb\r\n\r\n", 400},
    {"a bad chunk length",
     "POST / HTTP/1.1\r\n" + kHost + "Transfer-Encoding: chunked\r\n\r\nzz\r\n\r\n" + kInner, 400},
    {"a coding by HTTP/1.0",
     "POST / HTTP/1.0\r\n" + kHost + "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n" + kInner, 400},
    {"no host", "GET / HTTP/1.1\r\n\r\n", 400},
    {"no host by HTTP/1.0", "GET / HTTP/1.0\r\n\r\n", 400},
    {"an empty host", "GET / HTTP/1.1\r\nHost: \r\n\r\n", 400},
    {"two hosts", "GET / HTTP/1.1\r\n" + kHost + "Host: other.example\r\n\r\n", 400},
    {"the same host twice in a line", "GET / HTTP/1.1\r\nHost: shop.example, shop.example\r\n\r\n",
     400},
    {"another host in the line", "GET http://other.example/ HTTP/1.1\r\n" + kHost + "\r\n", 400},
    {"a host with a user", "GET / HTTP/1.1\r\nHost: other.example@shop.example\r\n\r\n", 400},
    {"a host with a path", "GET / HTTP/1.1\r\nHost: shop.example/x\r\n\r\n", 400},
    {"a tunnel", "CONNECT shop.example:80 HTTP/1.1\r\nHost: shop.example:80\r\n\r\n", 405},
    {"a header that is too long",
     "GET / HTTP/1.1\r\n" + kHost + "X: " + std::string(20'000, 'x') + "\r\n\r\n", 400},
    {"too many headers",
     "GET / HTTP/1.1\r\n" + kHost +
         [] {
           std::string lines;
           for (int i = 0; i < 200; ++i) lines += "X" + std::to_string(i) + ": 1\r\n";
           return lines;
         }() +
         "\r\n",
     400},
    {"a path that is too long",
     "GET /" + std::string(20'000, 'x') + " HTTP/1.1\r\n" + kHost + "\r\n", 400},
    {"no HTTP at all", "EHLO shop.example\r\n\r\n", 400},
};

}  // namespace

TEST_CASE("a request that could be understood in two ways reaches nobody [E20]") {
  const Origin origin("shop");
  IngressWorld world;
  world.start();
  world.route({to_container("shop.example", origin.address()),
               to_container("other.example", origin.address())});
  for (const Case& one : kRefused) {
    INFO(one.what);
    const auto answer = world.ask(one.bytes);
    CHECK(answer.status == one.status);
    CHECK(origin.received().find("smuggled") == std::string::npos);
  }
  CHECK(origin.requests() == 0);
}

TEST_CASE("what HAProxy puts right reaches the container in one way only [E20]") {
  const Origin origin("shop");
  IngressWorld world;
  world.start();
  world.route({to_container("shop.example", origin.address())});
  SECTION("of a length beside a coding, the coding") {
    const auto answer =
        world.ask("POST / HTTP/1.1\r\n" + kHost +
                  "Content-Length: 48\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n");
    CHECK(answer.status == 200);
    CHECK(answer.body.find("content-length") == std::string::npos);
    CHECK(answer.body.find("\r\ntransfer-encoding: chunked\r\n") != std::string::npos);
  }
  SECTION("of the same host twice, one") {
    const auto answer = world.ask("GET / HTTP/1.1\r\n" + kHost + kHost + "\r\n");
    CHECK(answer.status == 200);
    const auto first = answer.body.find("\r\nhost: ");
    CHECK(answer.body.find("\r\nhost: ", first + 1) == std::string::npos);
  }
  SECTION("of a folded line, one line") {
    const auto answer =
        world.ask("GET / HTTP/1.1\r\n" + kHost + "X: 1\r\n Transfer-Encoding: chunked\r\n\r\n");
    CHECK(answer.status == 200);
    CHECK(answer.body.find("\r\ntransfer-encoding:") == std::string::npos);
    CHECK(origin.requests() == 1);
  }
}

TEST_CASE("a body is never taken for a request [E20]") {
  const Origin origin("shop");
  IngressWorld world;
  world.start();
  world.route({to_container("shop.example", origin.address())});
  Client client(world.port());
  const auto first = client.ask("POST / HTTP/1.1\r\n" + kHost + "Content-Length: " +
                                std::to_string(kInner.size()) + "\r\n\r\n" + kInner);
  CHECK(first.status == 200);
  CHECK(client.ask(get("shop.example", "/next")).body.find("GET /next") != std::string::npos);
  CHECK(origin.requests() == 2);
}

TEST_CASE("an upgrade to HTTP/2 does not get around the rules [E20]") {
  const Origin origin("shop");
  IngressWorld world;
  world.start();
  world.route({to_container("shop.example", origin.address())});
  const auto answer = world.ask(get("shop.example", "/",
                                    "Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\n"
                                    "HTTP2-Settings: AAMAAABkAARAAAAAAAIAAAAA\r\n"));
  CHECK(answer.status == 200);
  CHECK(answer.body.find("h2c") == std::string::npos);
  CHECK(answer.body.find("http2-settings") == std::string::npos);
}
