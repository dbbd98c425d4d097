// YAML as users write it, and as they should not.
#include "services/runtime/host/yaml.h"
#include "tests/catch_compat.h"

using namespace cara;
using host::read_yaml;

namespace {

std::string fault(const std::string& text, const host::YamlLimits& limits = {}) {
  const auto documents = read_yaml(text, limits);
  return documents.ok() ? "" : documents.error().message;
}

Value only(const std::string& text) {
  const auto documents = read_yaml(text);
  INFO((documents.ok() ? "" : documents.error().message));
  REQUIRE(documents.ok());
  REQUIRE(documents->size() == 1);
  return documents->front().value;
}

Value plain(const char* text) { return Value(Plain{text}); }

}  // namespace

TEST_CASE("plain scalars stay as written, quoted ones are text [E14]") {
  const Value value = only("a: 0777\nb: no\nc: 1e3\nd: '123'\ne: \"x\\ny\"\nf: |\n  l1\n  l2\n");
  CHECK(*value.find("a") == plain("0777"));
  CHECK(*value.find("b") == plain("no"));
  CHECK(*value.find("c") == plain("1e3"));
  CHECK(*value.find("d") == Value("123"));
  CHECK(*value.find("e") == Value("x\ny"));
  CHECK(*value.find("f") == Value("l1\nl2\n"));
}

TEST_CASE("plain null is null, quoted null is text [E14]") {
  const Value value = only("a: ~\nb: null\nc:\nd: 'null'\ne: ''\nf: '~'\n");
  CHECK(value.find("a")->is_null());
  CHECK(value.find("b")->is_null());
  CHECK(value.find("c")->is_null());
  CHECK(*value.find("d") == Value("null"));
  CHECK(*value.find("e") == Value(""));
  CHECK(*value.find("f") == Value("~"));
}

TEST_CASE("several documents, a trailing ---, and comments only [E22]") {
  CHECK(read_yaml("")->empty());
  CHECK(read_yaml("# nothing\n\n# here\n")->empty());
  CHECK(read_yaml("---\n---\n")->empty());
  const auto documents = read_yaml("---\na: 1\n---\n# empty\n---\nb: 2\n---\n");
  REQUIRE(documents.ok());
  REQUIRE(documents->size() == 2);
  CHECK(*(*documents)[1].value.find("b") == plain("2"));
  CHECK((*documents)[1].line_of("b") == 6);
}

TEST_CASE("every value has a line; what has none takes that of the nearest around it") {
  const auto documents = read_yaml("spec:\n  services:\n    - name: db\n      image: x\n    - y\n");
  REQUIRE(documents.ok());
  const auto& document = documents->front();
  CHECK(document.line_of("spec.services") == 2);
  CHECK(document.line_of("spec.services[0].image") == 4);
  CHECK(document.line_of("spec.services[1]") == 5);
  CHECK(document.line_of("spec.services[0].imgae.deep") == 3);
  CHECK(document.line_of("nothing") == 1);
  CHECK(document.line_of("") == 1);
}

TEST_CASE("duplicate keys are refused with both lines [E22]") {
  CHECK(fault("a: 1\nb: 2\na: 3\n") == "line 3: duplicate key `a`, first on line 1");
  CHECK(fault("a: 1\n\"a\": 3\n") == "line 2: duplicate key `a`, first on line 1");
  CHECK(fault("x:\n  - {k: 1, k: 2}\n") == "line 2: duplicate key `k`, first on line 2");
  CHECK(fault("x: {k: 1}\ny: {k: 2}\n") == "");
}

TEST_CASE("keys have to be text") {
  CHECK(fault("? [a, b]\n: 1\n") == "line 1: a key has to be text, not a list or map");
  CHECK(fault("a: 1\n~: 2\n") == "line 2: a key is missing");
  CHECK(fault("a: &k x\n*k : 2\n") == "line 2: a key has to be text, not an alias");
}

TEST_CASE("aliases are copied; a bomb of them is refused before it unfolds [E22]") {
  CHECK(*only("a: &x {k: 1}\nb: *x\n").find("b")->find("k") == plain("1"));
  std::string bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n";
  for (int i = 1; i < 20; ++i) {
    const std::string inner = "*a" + std::to_string(i - 1);
    bomb += "a" + std::to_string(i) + ": &a" + std::to_string(i) + " [";
    for (int k = 0; k < 9; ++k) bomb += inner + ", ";
    bomb += inner + "]\n";
  }
  CHECK(fault(bomb).find("aliases counted as what they stand for") != std::string::npos);
  CHECK(fault("a: &a [*a]\n") == "line 1: an alias inside its own anchor");
  CHECK(fault("a: *nobody\n").find("line 1: ") == 0);
}

TEST_CASE("size, count and depth are limited [E22]") {
  CHECK(fault(std::string(11 * 1024 * 1024, ' ')).find("at most 10485760 are read") !=
        std::string::npos);
  CHECK(fault("[1, 2, 3]", {.nodes = 3}) ==
        "line 1: more than 3 values, aliases counted as what they stand for");
  CHECK(fault(std::string(64, '[') + std::string(64, ']')) == "");
  CHECK(fault("a:\n " + std::string(64, '[') + std::string(64, ']')) ==
        "line 2: nested deeper than 64 levels");
  CHECK(fault(std::string(100'000, '[')).find("line 1: ") == 0);
  std::string chain = "a0: &a0 [x]\n";
  for (int i = 1; i < 100; ++i) {
    chain += "a" + std::to_string(i) + ": &a" + std::to_string(i) + " [*a" + std::to_string(i - 1) +
             "]\n";
  }
  CHECK(fault(chain).find("nested deeper than 64 levels") != std::string::npos);
}

TEST_CASE("tabs, byte order marks, other encodings, control characters [E22]") {
  CHECK(fault("a:\n\tb: 1\n") == "line 2: indented with a tab; YAML takes spaces only");
  CHECK(fault("a:\n  b:\n  \tc: 1\n\td: 2\n").find("tab") != std::string::npos);
  CHECK(*only("\xef\xbb\xbf"
              "a: 1\n")
             .find("a") == plain("1"));
  CHECK(*only("a: 1\r\nb: 2\r\n").find("b") == plain("2"));
  CHECK(*only("a: |\n  x\n  \ty\n").find("a") == Value("x\n\ty\n"));
  CHECK(fault("a: 1\nb: \xff\xfe\n") == "line 2: text that is not UTF-8");
  CHECK(fault(std::string("a: 1\nb: \0\n", 10)) == "line 2: a control character");
  CHECK(fault("\xff\xfe"
              "a\0:\0")
            .find("line 1: ") == 0);
}

TEST_CASE("tags: the plain ones are taken, others refused") {
  CHECK(*only("a: !!str 12\n").find("a") == Value("12"));
  CHECK(*only("a: !!int \"12\"\n").find("a") == plain("12"));
  CHECK(fault("a: !secret x\n") == "line 1: the tag !secret is not supported");
}

TEST_CASE("a syntax error is told with its line [E22]") {
  CHECK(fault("a: 1\nb: [1, 2\n").find("line ") == 0);
  CHECK(fault("a: 1\n b: 2\n").find("line 2: ") == 0);
  CHECK(fault("a: \"x").find("line 1: ") == 0);
}

// A file cut off inside quotes used to be taken as complete.
TEST_CASE("a quote that is never closed is refused") {
  CHECK(fault("a: \"x\n") == "line 2: a quote is never closed");
  CHECK(fault("k: 1\na: 'x\nb: 1\n\n") == "line 5: a quote is never closed");
  CHECK(*only("a: |+\n  x\n\n").find("a") == Value("x\n\n"));
  CHECK(*only("a: |\n  x").find("a") == Value("x"));
}
