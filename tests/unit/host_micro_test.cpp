// What a process says about itself on `$SRV.>` (NATS micro v1, ADR-32) and to Prometheus.
#include <cmath>
#include <limits>
#include <nlohmann/json.hpp>
#include <set>
#include <sstream>

#include "schema/formats.h"
#include "services/runtime/host/micro.h"
#include "tests/catch_compat.h"

using namespace cara;
using namespace std::chrono_literals;
using host::Micro;
using host::SubjectPattern;
using Json = nlohmann::json;

namespace {

constexpr Timestamp kStarted{1'750'000'000'123};
constexpr const char* kMetrics = "cara.v1.metrics.cara-gc.g1";

host::MicroOptions options(std::vector<host::MicroEndpoint> endpoints = {}) {
  return {.name = "cara-gc",
          .id = "g1",
          .description = "Removes what is over",
          .metadata = {{"cluster", "c1"}, {"zone", "a"}},
          .endpoints = std::move(endpoints)};
}

host::MicroEndpoint api(const std::string& verb) {
  return {.name = "project-" + verb, .subject = "api.*.*.project." + verb, .queue_group = "q"};
}

Json ask(Micro& micro, const std::string& subject, const host::MicroSnapshot& now = {}) {
  const auto answer = micro.answer(subject, now);
  REQUIRE(answer.has_value());
  return Json::parse(*answer);
}

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream in(text);
  for (std::string line; std::getline(in, line);) lines.push_back(line);
  return lines;
}

std::vector<std::string> lines_with(const std::string& text, const std::string& start) {
  std::vector<std::string> lines = lines_of(text);
  std::erase_if(lines, [&](const std::string& line) { return !line.starts_with(start); });
  return lines;
}

// `name` or `name{labels}`, from a line of a sample.
std::string family_of(const std::string& sample) {
  std::string name = sample.substr(0, sample.find_first_of("{ "));
  for (const std::string suffix : {"_bucket", "_sum", "_count"}) {
    if (name.starts_with("cara_request_duration_seconds") && name.ends_with(suffix)) {
      name.resize(name.size() - suffix.size());
    }
  }
  return name;
}

double value_of(const std::string& sample) {
  return std::stod(sample.substr(sample.rfind(' ') + 1));
}

}  // namespace

TEST_CASE("a pattern's star is one token, its > one or more") {
  const SubjectPattern literal("cara.v1.wake");
  CHECK(literal.matches("cara.v1.wake"));
  CHECK_FALSE(literal.matches("cara.v1.wake.w1"));
  CHECK_FALSE(literal.matches("cara.v1"));

  const SubjectPattern stars("cara.v1.api.*.*.project.get");
  CHECK(stars.matches("cara.v1.api.admin.jane.project.get"));
  CHECK_FALSE(stars.matches("cara.v1.api.admin.project.get"));
  CHECK_FALSE(stars.matches("cara.v1.api.admin.jane.x.project.get"));
  CHECK_FALSE(stars.matches("cara.v1.api.admin.jane.project.list"));
  CHECK_FALSE(stars.matches("cara.v2.api.admin.jane.project.get"));

  const SubjectPattern last("cara.v1.hb.*");
  CHECK(last.matches("cara.v1.hb.w1"));
  CHECK_FALSE(last.matches("cara.v1.hb.w1.x"));
  CHECK_FALSE(last.matches("cara.v1.hb"));

  const SubjectPattern rest("cara.v1.evt.*.>");
  CHECK(rest.matches("cara.v1.evt.project.shop"));
  CHECK(rest.matches("cara.v1.evt.project.shop.more"));
  CHECK_FALSE(rest.matches("cara.v1.evt.project"));
  CHECK(SubjectPattern("*.get").matches("project.get"));
  CHECK_FALSE(SubjectPattern("*.get").matches("a.project.get"));
  CHECK(SubjectPattern(">").matches("anything.at.all"));
}

TEST_CASE("each question is answered to all, to the name and to the one process; no other is") {
  Micro micro(options(), kStarted);
  for (const auto& [word, type] :
       {std::pair{"PING", "ping"}, {"INFO", "info"}, {"STATS", "stats"}}) {
    for (const std::string suffix : {"", ".cara-gc", ".cara-gc.g1"}) {
      const std::string subject = std::string("$SRV.") + word + suffix;
      INFO(subject);
      CHECK(micro.is_asked_on(subject));
      const Json told = ask(micro, subject);
      CHECK(told["type"] == std::string("io.nats.micro.v1.") + type + "_response");
      CHECK(told["name"] == "cara-gc");
      CHECK(told["id"] == "g1");
      CHECK(told["version"] == CARA_VERSION);
      CHECK(told["metadata"] == Json{{"cluster", "c1"}, {"zone", "a"}});
    }
  }
  for (const char* none : {"$SRV.PING.cara-agent", "$SRV.PING.cara-gc.g2", "$SRV.PING.cara-gc.g1.x",
                           "$SRV.SCHEMA", "$SRV.ping", "$SRV.", "$SRV.PING."}) {
    INFO(none);
    CHECK(micro.is_asked_on(none));  // the actor is not bothered with it
    CHECK_FALSE(micro.answer(none, {}).has_value());
  }
  CHECK_FALSE(micro.is_asked_on("$SRVX.PING"));
  CHECK_FALSE(micro.is_asked_on("cara.v1.metrics.cara-gc.g2"));
  CHECK(micro.is_asked_on(kMetrics));

  const std::vector<std::string> subjects = micro.subjects();
  CHECK(subjects.size() == 10);
  for (const std::string& subject : subjects) CHECK(micro.answer(subject, {}).has_value());
}

TEST_CASE("a process without a name answers nothing and hears nothing") {
  Micro micro({}, kStarted);
  CHECK_FALSE(micro.is_enabled());
  CHECK(micro.subjects().empty());
  CHECK_FALSE(micro.is_asked_on("$SRV.PING"));
  CHECK_FALSE(micro.answer("$SRV.PING", {}).has_value());
  CHECK(micro.endpoint_of("anything") == Micro::kNone);
}

TEST_CASE("PING is short, INFO has the description and endpoints, STATS their figures") {
  Micro micro(options({api("get")}), kStarted);
  const Json ping = ask(micro, "$SRV.PING");
  CHECK_FALSE(ping.contains("endpoints"));
  CHECK_FALSE(ping.contains("description"));

  const Json info = ask(micro, "$SRV.INFO");
  CHECK(info["description"] == "Removes what is over");
  CHECK_FALSE(info.contains("started"));
  CHECK(info["endpoints"] ==
        Json::array(
            {{{"name", "metrics"}, {"subject", kMetrics}},
             {{"name", "project-get"}, {"subject", "api.*.*.project.get"}, {"queue_group", "q"}}}));

  const Json stats = ask(micro, "$SRV.STATS");
  CHECK(stats["started"] == to_string(kStarted));
  CHECK_FALSE(stats.contains("description"));
  REQUIRE(stats["endpoints"].size() == 2);
  const Json& get = stats["endpoints"][1];
  CHECK(get["num_requests"] == 0);
  CHECK(get["num_errors"] == 0);
  CHECK(get["last_error"] == "");
  CHECK(get["processing_time"] == 0);
  CHECK(get["average_processing_time"] == 0);
  CHECK(get["data"] == Json{{"p50", 0}, {"p99", 0}, {"queue_depth", 0}});
}

TEST_CASE("what was served is counted where it belongs, its times in nanoseconds") {
  Micro micro(options({api("get"), api("list")}), kStarted);
  const std::size_t get = micro.endpoint_of("api.admin.jane.project.get");
  const std::size_t list = micro.endpoint_of("api.admin.jane.project.list");
  CHECK(micro.endpoint_of(kMetrics) == 0);
  CHECK(micro.endpoint_of("api.admin.jane.project.apply") == Micro::kNone);
  REQUIRE(get != list);
  micro.served(get, 10us, 100us);
  micro.served(get, 20us, 100us);
  micro.served(get, 40us, 5ms);
  micro.failed(list, "the disk is full");
  micro.failed(list, "no such project");
  micro.served(list, 1us, 1us);
  micro.served(Micro::kNone, 1h, 1h);
  micro.failed(Micro::kNone, "nowhere");

  const Json stats =
      ask(micro, "$SRV.STATS.cara-gc", {.queue_depth = 7, .gauges = {{"revision", 42}}});
  const Json& first = stats["endpoints"][get];
  CHECK(first["num_requests"] == 3);
  CHECK(first["num_errors"] == 0);
  CHECK(first["processing_time"] == 70'000);
  CHECK(first["average_processing_time"] == 23'333);
  CHECK(first["data"]["p50"] == 104'000);  // the end of the bucket of 96 to 103 us
  CHECK(first["data"]["p99"].get<std::int64_t>() >= 5'000'000);
  CHECK(first["data"]["p99"].get<std::int64_t>() <= 5'000'000 * 9 / 8);
  CHECK(first["data"]["queue_depth"] == 7);
  CHECK(first["data"]["revision"] == 42);
  const Json& second = stats["endpoints"][list];
  CHECK(second["num_requests"] == 1);
  CHECK(second["num_errors"] == 2);
  CHECK(second["last_error"] == "no such project");
  CHECK(stats["endpoints"][0]["num_requests"] == 0);
}

TEST_CASE("an error that is remembered is short, printable and valid UTF-8 [E51]") {
  Micro micro(options({api("get")}), kStarted);
  const auto last_error = [&](const std::string& why) {
    micro.failed(1, why);
    return ask(micro, "$SRV.STATS")["endpoints"][1]["last_error"].get<std::string>();
  };
  CHECK(last_error(std::string(10'000, 'x')) == std::string(Micro::kMaxErrorBytes, 'x') + "...");
  CHECK(last_error("\x1b[2J\n\xff") == "\\x1b[2J\\x0a\\xff");
  std::string umlauts;  // no character is cut in half
  for (int i = 0; i < 1000; ++i) umlauts += "\xc3\xa4";
  CHECK(schema::is_valid_utf8(last_error("x" + umlauts)));
}

TEST_CASE("text that is not UTF-8 in what is told leaves the answer JSON") {
  host::MicroOptions odd = options();
  odd.description = "\xff";
  odd.metadata["node"] = "\xc3";
  Micro micro(odd, kStarted);
  CHECK(ask(micro, "$SRV.INFO")["description"] == "\xef\xbf\xbd");
}

TEST_CASE("an actor's subscriptions become endpoints with different names") {
  Micro micro(options(), kStarted);
  CHECK_FALSE(micro.has_endpoints());
  micro.serve({{"cara.v1.wake", ""},
               {"cara.v1.node.w1.wake", ""},
               {"cara.v1.evt.>", "cara-gc"},
               {"_INBOX.x.>", ""}});
  CHECK(micro.has_endpoints());
  std::vector<std::string> names;
  const Json info = ask(micro, "$SRV.INFO");
  for (const Json& endpoint : info["endpoints"]) names.push_back(endpoint["name"]);
  CHECK(names == std::vector<std::string>{"metrics", "wake", "w1-wake", "all", "x-"});
  CHECK(info["endpoints"][3]["queue_group"] == "cara-gc");
  CHECK_FALSE(info["endpoints"][1].contains("queue_group"));
  CHECK(micro.endpoint_of("cara.v1.node.w1.wake") == 2);
  CHECK(micro.endpoint_of("cara.v1.evt.project.shop") == 3);
}

TEST_CASE("metrics: each family has one HELP and one TYPE, before its samples, all in one place") {
  Micro micro(options({api("get"), api("list")}), kStarted);
  micro.served(1, 1ms, 2ms);
  micro.served(2, 1ms, 2ms);
  const std::string text =
      *micro.answer(kMetrics, {.queue_depth = 3, .gauges = {{"revision", 42}, {"projects", -1}}});
  REQUIRE(text.ends_with('\n'));
  std::string family;
  std::set<std::string> seen;
  int heads = 0;  // of the family
  for (const std::string& line : lines_of(text)) {
    INFO(line);
    std::istringstream words(line);
    std::string hash, what, name;
    words >> hash >> what >> name;
    if (hash == "#" && what == "HELP") {
      CHECK(seen.insert(name).second);
      family = name;
      heads = 1;
    } else if (hash == "#") {
      CHECK(what == "TYPE");
      CHECK(name == family);
      CHECK(++heads == 2);
    } else {
      CHECK(heads == 2);
      CHECK(family_of(line) == family);
    }
  }
  for (const char* sample :
       {"cara_requests_total{endpoint=\"project-get\"} 1", "cara_queue_depth 3", "cara_revision 42",
        "cara_projects -1", "process_start_time_seconds 1750000000.123",
        "cara_request_errors_total{endpoint=\"project-list\"} 0",
        "# TYPE cara_requests_total counter", "# TYPE cara_request_duration_seconds histogram",
        "# TYPE cara_revision gauge"}) {
    INFO(sample << "\n" << text);
    CHECK(lines_with(text, sample).size() == 1);
  }
}

TEST_CASE("metrics: a histogram's buckets only grow, and the last one is the count") {
  Micro micro(options({api("get"), api("list")}), kStarted);
  for (const runtime::Duration took : {10us, 63us, 300us, 300us}) micro.served(1, took, took);
  micro.served(1, 1s, 2s);
  micro.served(1, 1s, 10min);
  const std::string text = micro.metrics({});
  const std::string prefix = "cara_request_duration_seconds";
  const auto buckets = lines_with(text, prefix + "_bucket{endpoint=\"project-get\",le=\"");
  REQUIRE(buckets.size() == 12);
  double bound = 0;
  double before = 0;
  for (const std::string& line : buckets) {
    INFO(line);
    const std::size_t at = line.find("le=\"") + 4;
    const std::string le = line.substr(at, line.find('"', at) - at);
    const double next = le == "+Inf" ? std::numeric_limits<double>::infinity() : std::stod(le);
    CHECK(next > bound);
    CHECK(value_of(line) >= before);
    bound = next;
    before = value_of(line);
  }
  CHECK(value_of(buckets.front()) == 2);  // below 64 us
  CHECK(value_of(buckets[2]) == 4);       // below 1024 us
  CHECK(value_of(buckets[10]) == 5);      // below 67 s
  CHECK(buckets.back() == prefix + "_bucket{endpoint=\"project-get\",le=\"+Inf\"} 6");
  CHECK(lines_with(text, prefix + "_count{endpoint=\"project-get\"} 6").size() == 1);
  const auto sums = lines_with(text, prefix + "_sum{endpoint=\"project-get\"}");
  REQUIRE(sums.size() == 1);
  CHECK(std::abs(value_of(sums[0]) - 602.000673) < 1e-6);
  // What was never asked has no buckets, but a count of 0.
  CHECK(lines_with(text, prefix + "_count{endpoint=\"project-list\"}").empty());
  CHECK(lines_with(text, "cara_requests_total{endpoint=\"project-list\"} 0").size() == 1);
}

TEST_CASE("metrics: a label's value cannot end its quotes or its line") {
  host::MicroOptions odd = options();
  odd.metadata = {{"node", "a\"} 1\nevil{x=\"\\"}};
  const Micro micro(odd, kStarted);
  const std::string text = micro.metrics({});
  CHECK(lines_with(text, "evil").empty());
  const auto info = lines_with(text, "cara_build_info{");
  REQUIRE(info.size() == 1);
  CHECK(info[0].ends_with(",node=\"a\\\"} 1 evil{x=\\\"\\\\\"} 1"));
}
