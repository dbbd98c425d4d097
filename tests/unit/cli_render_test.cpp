#include <sstream>

#include "cli/render.h"
#include "cli/table.h"
#include "services/runtime/host/yaml.h"
#include "tests/catch_compat.h"

using namespace cara;
using namespace cara::cli;

TEST_CASE("yaml is what a person would write [S42]") {
  const Value value = Map{{"name", "shop"},
                          {"count", 3},
                          {"on", true},
                          {"none", Value()},
                          {"empty", Map{}},
                          {"list", Array{"a", Map{{"k", "v"}, {"l", Array{1, 2}}}, Array{}}},
                          {"word", "yes"},
                          {"number", "0777"},
                          {"time", "2025-06-01T12:00:05Z"},
                          {"log", "first\n  second\n\nlast"}};
  CHECK(to_yaml(value) ==
        "name: shop\n"
        "count: 3\n"
        "\"on\": true\n"
        "none: null\n"
        "empty: {}\n"
        "list:\n"
        "  - a\n"
        "  - k: v\n"
        "    l:\n"
        "      - 1\n"
        "      - 2\n"
        "  - []\n"
        "word: \"yes\"\n"
        "number: \"0777\"\n"
        "time: \"2025-06-01T12:00:05Z\"\n"
        "log: |-\n"
        "  first\n"
        "    second\n"
        "\n"
        "  last\n");
  CHECK(to_yaml(Value(Map{})) == "{}\n");
  CHECK(to_yaml(Value("x")) == "x\n");
}

TEST_CASE("text reads back from yaml as the same text") {
  for (const std::string& text : {std::string("a\nb"),
                                  std::string("a\nb\n"),
                                  std::string("a\nb\n\n"),
                                  std::string("\na"),
                                  std::string(" a\nb"),
                                  std::string("\n"),
                                  std::string("a\n \nb"),
                                  std::string("a \nb"),
                                  std::string("---"),
                                  std::string("a #b"),
                                  std::string("a: b"),
                                  std::string("&x"),
                                  std::string("\x7f"),
                                  std::string("\xc2\x9b"),
                                  std::string("\xE2\x80\xA8"),
                                  std::string("a\n\xEF\xBB\xBF"),
                                  std::string("y"),
                                  std::string("Null"),
                                  std::string("@a"),
                                  std::string("/a b"),
                                  std::string("a,b"),
                                  std::string("a\n---\nb"),
                                  std::string("a\n#b")}) {
    const std::string yaml = to_yaml(Value(Map{{"k", Value(Array{Value(text)})}}));
    INFO(yaml);
    const auto documents = host::read_yaml(yaml);
    REQUIRE(documents.ok());
    const Value& read = documents->at(0).value.find("k")->as_array()->at(0);
    const auto* plain = std::get_if<Plain>(&read.data());
    CHECK((plain != nullptr ? plain->text : *read.as_string()) == text);
  }
}

TEST_CASE("no output holds a raw control character [E51]") {
  const Value value = Map{{"k", "\x1b[2J\x07\x7f\xc2\x9b"}, {"l", "a\n\x1b"}};
  CHECK(to_json(value) ==
        "{\n  \"k\": \"\\u001b[2J\\u0007\\u007f\\u009b\",\n  \"l\": \"a\\n\\u001b\"\n}\n");
  CHECK(to_yaml(value) == "k: \"\\x1b[2J\\x07\\x7f\\x9b\"\nl: \"a\\n\\x1b\"\n");
  Table table({"A", "B"});
  table.add({"\x1b[2J", "x\ny"});
  std::ostringstream out;
  table.print(out);
  CHECK(out.str() == "A         B\n\\x1b[2J   x\\x0ay\n");
}
