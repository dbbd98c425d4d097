#include "cli/selector.h"
#include "tests/catch_compat.h"

using namespace cara;
using namespace cara::cli;

namespace {

using Labels = std::map<std::string, std::string>;

bool selects(std::string_view text, const Labels& labels) {
  const Result<Selector> selector = parse_selector(text);
  INFO(text << ": " << (selector ? "" : selector.error().message));
  REQUIRE(selector);
  return selector->matches(labels);
}

std::string complaint(std::string_view text) {
  const Result<Selector> selector = parse_selector(text);
  return selector ? "" : selector.error().message;
}

}  // namespace

TEST_CASE("a selector compares labels as kubectl does") {
  const Labels shop{{"app", "shop"}, {"tier", "web"}, {"example.com/zone", "a"}, {"odd", ""}};
  CHECK(selects("", shop));
  CHECK(selects("", {}));
  CHECK(selects("app=shop", shop));
  CHECK(selects("app==shop", shop));
  CHECK(selects(" app = shop , tier = web ", shop));
  CHECK_FALSE(selects("app=shop,tier=db", shop));
  CHECK_FALSE(selects("app=sho", shop));
  CHECK(selects("tier!=db", shop));
  CHECK_FALSE(selects("tier!=web", shop));
  CHECK(selects("none!=x", shop));
  CHECK(selects("odd=", shop));
  CHECK(selects("app", shop));
  CHECK_FALSE(selects("none", shop));
  CHECK(selects("!none", shop));
  CHECK(selects("! none", shop));
  CHECK_FALSE(selects("!app", shop));
  CHECK(selects("example.com/zone in (a, b),!none", shop));
  CHECK(selects("example.com/zone in(a)", shop));
  CHECK_FALSE(selects("tier in (db,cache)", shop));
  CHECK(selects("tier notin (db,cache)", shop));
  CHECK_FALSE(selects("tier notin (db,web)", shop));
  CHECK(selects("none notin (x)", shop));
  CHECK(selects("odd in ()", shop));
  CHECK(selects("in in (in)", {{"in", "in"}}));
  CHECK(selects("in", {{"in", "x"}}));
}

TEST_CASE("a selector that is wrong says where") {
  CHECK(complaint("app=shop,") == "selector `app=shop,`: expected a label's name at the end");
  CHECK(complaint(",app") == "selector `,app`: expected a label's name before `,app`");
  CHECK(complaint("app web") ==
        "selector `app web`: expected =, !=, in or notin behind `app`, not `web`");
  CHECK(complaint("app in web") == "selector `app in web`: expected `(` before `web`");
  CHECK(complaint("app in (web") == "selector `app in (web`: expected `,` or `)` at the end");
  CHECK(complaint("app=web tier=db") ==
        "selector `app=web tier=db`: expected `,` before `tier=db`");
  CHECK(complaint("app=(x") == "selector `app=(x`: expected `,` before `(x`");
  CHECK(complaint("!app=x") == "selector `!app=x`: expected `,` before `=x`");
  CHECK(complaint("/x=y").starts_with("selector `/x=y`: label `/x`: "));
  CHECK(complaint("a=b/c").starts_with("selector `a=b/c`: value `b/c`: "));
  CHECK(complaint("a=\x1b[2J").find('\x1b') == std::string::npos);
}
