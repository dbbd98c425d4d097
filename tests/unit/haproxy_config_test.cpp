// HAProxy's configuration as text, and the addresses in it.
#include <string>

#include "services/agent/ingress/config_text.h"
#include "services/agent/ingress/error_pages.h"
#include "services/agent/ingress/haproxy_words.h"
#include "services/agent/ingress/request_count.h"
#include "tests/catch_compat.h"

using namespace cara;
using namespace cara::haproxy;

namespace {

IngressConfig plain() {
  return {.listen = {{.ip = "100.64.0.7", .port = 80}}, .program = "haproxy"};
}

bool has(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

}  // namespace

TEST_CASE("addresses are numbers, and all of them are spelled out [S17]") {
  const auto good = [](const std::string& text) {
    const auto address = schema::parse_address(text);
    return address.ok() && to_string(*address) == text;
  };
  CHECK(good("10.0.0.7:80"));
  CHECK(good("0.0.0.0:65535"));
  CHECK(good("[::]:80"));
  CHECK(good("[fd00::7]:8080"));
  for (const char* bad :
       {"", ":80", "*:80", "80", "10.0.0.7", "10.0.0.7:", "10.0.0.7:0", "10.0.0.7:65536",
        "10.0.0.7:80x", "10.0.0.7:-1", "fd00::7:80", "[10.0.0.7]:80", "[]:80", "[fd00::7]",
        "example.com:80", "10.0.0.7 :80", "10.0.0.256:80", "10.0.0.7\n:80"}) {
    INFO(bad);
    CHECK_FALSE(schema::parse_address(bad).ok());
  }
}

TEST_CASE("the configuration binds what it was told to and nothing else [S17]") {
  IngressConfig config = plain();
  CHECK(has(config_text(config, {}), "\n  bind 100.64.0.7:80\n"));
  CHECK_FALSE(has(config_text(config, {}), " ssl "));
  CHECK_FALSE(has(config_text(config, {}), "\n  user "));

  config.listen.push_back({.ip = "::", .port = 80, .is_ipv6 = true});
  config.tls_listen = {{.ip = "100.64.0.7", .port = 443}};
  config.metrics = Address{.ip = "127.0.0.1", .port = 9101};
  const std::string text = config_text(config, {.run_as = "haproxy"});
  CHECK(has(text, "\n  bind [::]:80 v6only\n"));
  CHECK(
      has(text, "\n  bind 100.64.0.7:443 ssl strict-sni crt-list certificates alpn h2,http/1.1 "));
  CHECK(has(text, "\n  bind 127.0.0.1:9101\n"));
  CHECK(has(text, "\n  user haproxy\n"));
  CHECK(config_text(config, {.program = "a"}) != config_text(config, {.program = "b"}));
}

TEST_CASE("a WebSocket that says nothing for an hour stays [E20]") {
  CHECK(has(config_text(plain(), {}), "\n  timeout tunnel 90000s\n"));
}

TEST_CASE("pages are quoted so that the configuration reads them as one word [S16]") {
  const std::string page =
      page_argument({503, "Service Unavailable", "project %[var(txn.x)]: nothing is there"});
  CHECK(page.front() == '\'');
  CHECK(page.back() == '\'');
  CHECK(page.find('\'', 1) == page.size() - 1);
  CHECK(has(page, R"({\"error\":{\"status\":503,\"reason\":\")"));
}

TEST_CASE("HAProxy's own words are found in what it writes [S17]") {
  CHECK(first_alert("[NOTICE]   (1) : haproxy version is 2.6.12\n"
                    "[ALERT]    (1) : Binding [config.next:38] for frontend http: cannot bind "
                    "socket (Address already in use) for [127.0.0.1:80]\n"
                    "[ALERT]    (1) : [haproxy.main()] Some protocols failed to start\n") ==
        "Binding [config.next:38] for frontend http: cannot bind socket (Address already in use) "
        "for [127.0.0.1:80]");
  CHECK(first_alert("[ALERT]    (1) : config : unknown keyword\n") == "unknown keyword");
  CHECK(first_alert("Segmentation fault\n").empty());
}

TEST_CASE("requests under way are read from HAProxy's table [S16]") {
  const RequestCount count = parse_count(
      "# table: requests, type: string, size:16384, used:2\n"
      "0x7f2c9c0: key=10.200.0.2:80 use=1 exp=59000 shard=0 conn_cur=3\n"
      "0x7f2c9d0: key=[fd00::2]:80 use=1 exp=0 conn_cur=1\n\n");
  CHECK(count == RequestCount{{"10.200.0.2:80", 3}, {"[fd00::2]:80", 1}});
  CHECK(parse_count("").empty());
}
