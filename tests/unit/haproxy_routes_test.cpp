// Routes as entries of HAProxy's map, and the commands that change them.
#include <string>
#include <vector>

#include "services/agent/ingress/route_map.h"
#include "tests/catch_compat.h"

using namespace cara;
using namespace cara::haproxy;
using agent::Route;
using agent::RouteKind;

namespace {

Route container(const std::string& host, const std::string& path = "/") {
  return {.host = host,
          .path = path,
          .project = "shop",
          .rule = "web",
          .kind = RouteKind::kContainer,
          .address = "10.200.0.2:80"};
}

}  // namespace

TEST_CASE("a route is an entry: prefix of whole segments, fields by bars [S16]") {
  const auto map =
      to_map({container("a.example"),
              container("a.example", "/api"),
              container("a.example", "/v1/"),
              {.host = "b.example",
               .project = "p",
               .rule = "r",
               .kind = RouteKind::kNode,
               .address = "[fd00::2]:80",
               .node = "w|2"},
              {.host = "c.example", .project = "p", .rule = "r", .reason = "not 100% ready"}});
  REQUIRE(map.ok());
  CHECK(*map == RouteMap{{"a.example/", "c|10.200.0.2|80|10.200.0.2:80|shop|web|"},
                         {"a.example/api/", "c|10.200.0.2|80|10.200.0.2:80|shop|web|"},
                         {"a.example/v1/", "c|10.200.0.2|80|10.200.0.2:80|shop|web|"},
                         {"b.example/", "n|fd00::2|80|[fd00::2]:80|p|r|w%7C2"},
                         {"c.example/", "x||||p|r|not%20100%25%20ready"}});
  CHECK(parse_file(file_text(*map)) == *map);
  CHECK_FALSE(to_map({container("a", "/x"), container("a", "/x/")}).ok());
}

TEST_CASE("a host without a route for all of it says so [S16]") {
  RouteMap map = with_misses({{"a/x/", "c|"}, {"b/", "c|"}});
  CHECK(map == RouteMap{{"a/x/", "c|"}, {"a/", "m"}, {"b/", "c|"}});
  map.erase("a/x/");
  CHECK(with_misses(map) == RouteMap{{"b/", "c|"}});
  CHECK(closed({{"a/", "m"}, {"b/", "c|1.2.3.4|80|1.2.3.4:80|p|r|"}}, "wait") ==
        RouteMap{{"a/", "m"}, {"b/", "x||||p|r|wait"}});
}

TEST_CASE("texts lose what markup, JSON and terminals would understand [S16]") {
  CHECK(harmless("<a href=\"x\">&\\") == "\u2039a href='x'\u203a+/");
  CHECK(harmless("a\nb\x1b[1m") == "a/x0ab/x1b[1m");
  CHECK(harmless(std::string(1000, 'x')).size() <= kMaxReasonBytes + 3);
}

TEST_CASE("what differs becomes commands, each within HAProxy's buffer [S16]") {
  CHECK(changes({{"a/", "1"}, {"b/", "2"}, {"c/", "3"}}, {{"a/", "1"}, {"b/", "9"}, {"d/", "4"}},
                "m") ==
        std::vector<std::string>{"set map m b/ 9", "add map m d/ 4", "del map m c/"});
  CHECK(changes({}, {{"a/;x\\/", "1"}}, "m") ==
        std::vector<std::string>{"add map m a/\\;x\\\\/ 1"});
  CHECK(to_lines({"one", "two"}) == std::vector<std::string>{"one;two\n"});
  CHECK(to_lines({}).empty());

  RouteMap large;
  for (int i = 0; i < 1000; ++i) large["host-" + std::to_string(i) + "/"] = std::string(300, 'x');
  std::size_t lines = 0;
  for (const std::string& command : filling(large, "7", "m")) {
    CHECK(command.size() <= kMaxCommandBytes + 2);
    CHECK(command.starts_with("add map @7 m <<\n"));
    CHECK(command.ends_with("\n\n"));
    for (const char c : command) lines += c == '\n';
    lines -= 2;
  }
  CHECK(lines == 1000);
  for (const std::string& line : to_lines(changes({}, large, "m"))) {
    CHECK(line.size() <= kMaxCommandBytes + 1);
  }
  CHECK(parse_shown("0x55d0 a/ c|1\n0x55d1 b/ x||y\n\n") ==
        RouteMap{{"a/", "c|1"}, {"b/", "x||y"}});
}
