// msgpack2json and json2msgpack: filters that other people's tools run once per message.
#include <nlohmann/json.hpp>

#include "schema/codec.h"
#include "tests/catch_compat.h"
#include "tests/unit/cli_bench.h"

using namespace cara;
using namespace cara::cli;
using namespace cara::cli::test;

namespace {

struct Filters : CliBench {
  std::string shown(const std::string& message) {
    const Seen seen = run({"msgpack2json"}, message);
    CHECK(seen.exit == kDone);
    CHECK(seen.err.empty());
    REQUIRE(seen.out.ends_with('\n'));
    return seen.out.substr(0, seen.out.size() - 1);
  }
  std::string shown(const Map& message) { return shown(schema::pack(Value(message))); }

  std::string packed(const std::string& json) {
    const Seen seen = run({"json2msgpack"}, json);
    INFO(json.substr(0, 200));
    CHECK(seen.err.empty());
    CHECK(seen.exit == kDone);
    return seen.out;
  }

  // Why it is refused.
  std::string refused(const std::string& json) {
    const Seen seen = run({"json2msgpack"}, json);
    CHECK(seen.exit == kBadInput);
    CHECK(seen.out.empty());
    return seen.err;
  }
};

// So many lists in a message, around what is in the innermost.
std::string nested(std::size_t lists, const std::string& inner) {
  return "{\"a\":" + std::string(lists, '[') + inner + std::string(lists, ']') + "}";
}

}  // namespace

TEST_CASE("a message that becomes msgpack comes back as the same JSON") {
  Filters filters;
  for (const char* json :
       {"{}", R"({"a":0,"b":1,"c":-1,"d":127,"e":128,"f":-32,"g":-33,"h":65536,"i":4294967296})",
        R"({"max":9223372036854775807,"min":-9223372036854775808})",
        R"({"half":0.5,"tenth":0.1,"negative":-2.5,"small":1e-07,"large":1e+18,"one":1.0})",
        R"({"yes":true,"no":false,"nothing":null,"text":"","list":[],"map":{}})",
        R"({"z":1,"a":[{"b":[[1,"x",null],[]]},-1.5,{"c":{"d":{}}}],"m":"order is kept"})",
        "{\"\xc3\xa4\xe2\x82\xac\":\"\xf0\x9f\x90\xab \xe4\xb8\xad\",\"\":\"no key\"}",
        R"({"quotes":"\"\\/\b\f\n\r\t","nul":"\u0000"})"}) {
    INFO(json);
    const std::string back = filters.shown(filters.packed(json));
    CHECK(nlohmann::ordered_json::parse(back) == nlohmann::ordered_json::parse(json));
    CHECK(filters.packed(back) == filters.packed(json));
  }
  CHECK(filters.packed(" {\"a\" : [ 1 ] }\n") == std::string("\x81\xa1\x61\x91\x01"));
  CHECK(filters.shown(filters.packed(R"({"b":1,"a":9223372036854775807,"c":0.1})")) ==
        R"({"b":1,"a":9223372036854775807,"c":0.1})");
}

TEST_CASE("what is in messages is shown: bytes as base64, no control character as it is [E51]") {
  Filters filters;
  CHECK(filters.shown(Map{{"data", Bytes{std::string("\0\xff", 2)}}, {"none", Bytes{}}}) ==
        R"({"data":"AP8=","none":""})");
  CHECK(filters.shown(Map{{"a", "\x1b[2J\x7f\xc2\x9b"}}) == R"({"a":"\u001b[2J\u007f\u009b"})");
  CHECK(filters.shown(std::string("\x81\xa1\x61\xca\x3f\x00\x00\x00", 8)) == R"({"a":0.5})");
}

TEST_CASE("JSON is passed through as it is, with the end of its line") {
  Filters filters;
  for (const char* json : {"{}", "{ \"b\": 1.50, \"a\":[1 , 2]}", "[1]", "7", "null", "\"text\""}) {
    CHECK(filters.shown(std::string(json)) == json);
    CHECK(filters.shown(std::string(json) + "\n") == json);
  }
  const std::string deep = std::string(100'000, '[') + std::string(100'000, ']');
  CHECK(filters.shown(deep) == deep);
}

TEST_CASE("what is neither is shown all the same, and is no failure [E51]") {
  Filters filters;
  CHECK(filters.shown(std::string()) == R"({"unreadable":"the message is empty","base64":""})");
  const auto why = [](const std::string& what, const std::string& base64) {
    return R"({"unreadable":"neither JSON nor a message of ours: )" + what + R"(","base64":")" +
           base64 + "\"}";
  };
  CHECK(filters.shown(std::string("\xc1\xff")) == why("the message is no msgpack", "wf8="));
  CHECK(filters.shown(std::string("\x81\xa1\x61")) == why("the message is cut short", "gaFh"));
  CHECK(filters.shown(std::string("\x80\x80")) ==
        why("the message has 1 bytes behind its end", "gIA="));
  CHECK(filters.shown(std::string("\x93\x01\x02\x03")) ==
        why("the message is no msgpack map", "kwECAw=="));
  CHECK(filters.shown(std::string("\x81\xa1\x61\xa1\xff")) ==
        why("a is not valid UTF-8", "gaFhof8="));
  CHECK(filters.shown("\x81\xa1\x61\xcf" + std::string(8, '\xff')) ==
        why("a is too large a number", "gaFhz///////////"));
  CHECK(filters.shown(std::string("\x82\xa1\x61\x01\xa1\x61\x02")) ==
        why("the message has the key `a` twice", "gqFhAaFhAg=="));
  // It claims four thousand million entries.
  CHECK(
      contains_text(filters.shown(std::string("\xdf\xff\xff\xff\xff")), "larger than is allowed"));
}

TEST_CASE("what is no message is refused with a sentence, and nothing is written") {
  Filters filters;
  for (const char* none : {"", " ", "{\"a\":", "{a: 1}", "{} {}", "{\"a\":01}", "{\"a\":1e999}",
                           "{\"a\":NaN}", "\x81\xa1\x61\x01", "{\"a\":\"\xff\"}"}) {
    INFO(none);
    CHECK(filters.refused(none) == "error: standard input is not JSON\n");
  }
  for (const auto& [json, kind] : {std::pair{"[1,2]", "array"},
                                   {"[]", "array"},
                                   {"7", "number"},
                                   {"\"x\"", "string"},
                                   {"null", "null"},
                                   {"true", "boolean"}}) {
    CHECK(filters.refused(json) ==
          "error: a message is one JSON object, such as {\"name\": \"shop\"}, not " +
              std::string(kind) + "\n");
  }
}

TEST_CASE("a number that a message cannot hold is refused, however large it is") {
  // Those beyond 64 bits became a floating point number that was only nearly the same.
  Filters filters;
  CHECK(filters.refused("{\"a\":[9223372036854775808]}") ==
        "error: it has too large a number: 9223372036854775808\n");
  for (const char* number : {"18446744073709551615", "18446744073709551616", "-9223372036854775809",
                             "100000000000000000000000", "1e300", "-1e19"}) {
    INFO(number);
    CHECK(contains_text(filters.refused("{\"a\":" + std::string(number) + "}"),
                        "it has too large a number: "));
  }
}

TEST_CASE("what is packed is nested so deeply at most that it can be read again") {
  // An empty list was allowed one level deeper than who reads it allows it.
  Filters filters;
  for (const std::string& deepest : {nested(31, "1"), nested(31, "")}) {
    CHECK(filters.shown(filters.packed(deepest)) == deepest);
  }
  CHECK(filters.refused(nested(32, "1")) == "error: it is nested too deeply\n");
  CHECK(filters.refused(nested(32, "")) == "error: it is nested too deeply\n");
  CHECK(filters.refused(nested(100'000, "")) == "error: it is nested too deeply\n");
}

TEST_CASE("the filters take no words, read no configuration and connect to nobody") {
  Filters filters;
  filters.environment = {{"CARA_CONFIG", "/nowhere.yaml"}, {"CARA_TIMEOUT", "nonsense"}};
  for (const char* filter : {"msgpack2json", "json2msgpack"}) {
    CHECK(filters.run({filter}, "{}").exit == kDone);
    for (const char* word : {"message.bin", "-", "--nats=x", "--timeout", ""}) {
      const Seen seen = filters.run({filter, word}, "{}");
      CHECK(seen.exit == kBadInput);
      CHECK(seen.out.empty());
      CHECK(seen.err == "error: `" + std::string(filter) +
                            "` takes nothing but standard input, not `" + word +
                            "`\nSee `caractrl " + filter + " --help`.\n");
    }
    const Seen help = filters.run({filter, "--help"});
    CHECK(help.exit == kDone);
    CHECK(contains_text(help.out, std::string(filter) + " < "));
  }
  CHECK(filters.api.calls.empty());
  CHECK_FALSE(filters.connection.has_value());
}
