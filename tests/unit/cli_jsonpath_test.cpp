#include "cli/jsonpath.h"
#include "tests/catch_compat.h"

using namespace cara;
using cara::cli::JsonPath;

namespace {

const Value kList = Map{
    {"kind", "List"},
    {"items",
     Array{Map{{"metadata", Map{{"name", "shop"}, {"labels", Map{{"app.io/tier", "web"}}}}},
               {"ready", true},
               {"count", 3},
               {"conditions", Array{Map{{"type", "Phase"}, {"status", "True"}},
                                    Map{{"type", "Ready"}, {"status", "False"}}}}},
           Map{{"metadata", Map{{"name", "blog"}}}, {"count", 10}, {"message", "a\x1b[2Jb\tc\nd"}},
           Map{{"metadata", Map{{"name", "wiki"}}}, {"count", 7}}}}};

std::string printed(std::string_view text) {
  const auto path = JsonPath::parse(text);
  return path ? path->print(kList) : path.error().message;
}

std::string fault(std::string_view text) {
  const auto path = JsonPath::parse(text);
  if (path) return "none";
  const std::string& all = path.error().message;
  return all.substr(all.find("character"));
}

}  // namespace

TEST_CASE("jsonpath: fields, lists, slices and quoted names, as in kubectl") {
  CHECK(printed("{.kind}") == "List");
  CHECK(printed(".kind") == "List");
  CHECK(printed("kind") == "List");
  CHECK(printed("{$.kind}") == "List");
  CHECK(printed("{.items[0].metadata.name}") == "shop");
  CHECK(printed("{.items[-1].metadata.name}") == "wiki");
  CHECK(printed("{.items[0,2].metadata.name}") == "shop wiki");
  CHECK(printed("{.items[1:].metadata.name}") == "blog wiki");
  CHECK(printed("{.items[:-1].metadata.name}") == "shop blog");
  CHECK(printed("{.items[::2].metadata.name}") == "shop wiki");
  CHECK(printed("{.items[*].metadata.name}") == "shop blog wiki");
  CHECK(printed("{..name}") == "shop blog wiki");
  CHECK(printed("{.items[0].metadata.labels['app.io/tier']}") == "web");
  CHECK(printed(R"({.items[0].metadata.labels.app\.io/tier})") == "web");
  CHECK(printed("{.items[0].metadata['name','labels']}") == "shop {\"app.io/tier\":\"web\"}");
  CHECK(printed("{.items[0].metadata.labels.*}") == "web");
  CHECK(printed("{.items[*]['count']}") == "3 10 7");
}

TEST_CASE("jsonpath: what is not there prints nothing") {
  CHECK(printed("a{.none}b{.items[9].x}c{.kind.x}d{.kind[0]}").empty() == false);
  CHECK(printed("a{.none}b{.items[9].x}c{.kind.x}d{.kind[0]}") == "abcd");
}

TEST_CASE("jsonpath: text, quoted text and ranges") {
  CHECK(printed("kind: {.kind}!") == "kind: List!");
  CHECK(printed(R"({range .items[*]}{.metadata.name}{"\t"}{.count}{"\n"}{end}.)") ==
        "shop\t3\nblog\t10\nwiki\t7\n.");
  CHECK(printed("{range .items[*]}[{.metadata.name}{range .conditions[*]} {.type}{end}]{end}") ==
        "[shop Phase Ready][blog][wiki]");
  CHECK(printed("{range .items[*]}{$.kind}/{@.metadata.name} {end}") ==
        "List/shop List/blog List/wiki ");
  CHECK(printed("{.kind}{'it\\'s'}{.kind}") == "Listit'sList");
  CHECK(printed("{.kind \"-\" .kind}") == "List-List");
}

TEST_CASE("jsonpath: filters compare texts, numbers and what is there") {
  CHECK(printed(R"({.items[0].conditions[?(@.type=="Ready")].status})") == "False");
  CHECK(printed(R"({.items[?(@.count>3)].metadata.name})") == "blog wiki");
  CHECK(printed(R"({.items[?(@.count <= 7)].metadata.name})") == "shop wiki");
  CHECK(printed(R"({.items[?(@.metadata.name!='shop')].count})") == "10 7");
  CHECK(printed(R"({.items[?(@.ready==true)].count})") == "3");
  CHECK(printed(R"({.items[?(@.conditions)].count})") == "3");
  CHECK(printed(R"({.items[?(@.kind==$.kind)].count})").empty());
  CHECK(printed(R"({range .items[?(@.count>=7)]}{.metadata.name};{end})") == "blog;wiki;");
}

TEST_CASE("jsonpath: nothing of an object can steer a terminal [E51]") {
  CHECK(printed("{.items[1].message}") == "a\\x1b[2Jb\tc\nd");
  CHECK(printed("{.items[1]['message','count']}") == "a\\x1b[2Jb\tc\nd 10");
  CHECK(printed("{.items[1]}").find('\x1b') == std::string::npos);
}

TEST_CASE("jsonpath: what is wrong is said with its place") {
  CHECK(fault("{.a") == "character 1: this `{` has no `}`");
  CHECK(fault("{}") == "character 1: nothing stands between `{` and `}`");
  CHECK(fault("x{.a[}") ==
        "character 6: expected a number, `*`, `?(...)` or a quoted name before `}`");
  CHECK(fault("{.a[0}") == "character 6: expected `]` before `}`");
  CHECK(fault("{.a['b}") == "character 5: this quote is not closed");
  CHECK(fault("{range .a[*]}x") == "character 15: `{end}` is missing");
  CHECK(fault("x{end}") == "character 2: `{end}` without a `{range ...}` before it");
  CHECK(fault("{.a[?(@.b=~1)]}") ==
        "character 10: expected ==, !=, <, <=, >, >= or `)` before `=~1)]}`");
  CHECK(fault("{.a[?(@.b==x)]}") ==
        "character 12: expected a number, true, false or quoted text before `x)]}`");
  CHECK(fault("{.a..}") == "character 6: expected a name before `}`");
  CHECK(fault("{|}") == "character 2: expected a name before `|}`");
  CHECK(fault("{.a[::0]}") == "character 8: a step must be 1 or more");
  std::string deep;
  for (int i = 0; i < 100; ++i) deep += "{range .a}";
  CHECK(fault(deep) == "character 161: too many ranges in ranges");
  std::string nested = "{.a";
  for (int i = 0; i < 100; ++i) nested += "[?(@";
  CHECK(fault(nested).find("too many filters") != std::string::npos);
}
