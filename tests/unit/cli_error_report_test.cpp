#include <nlohmann/json.hpp>

#include "tests/catch_compat.h"
#include "tests/unit/cli_bench.h"

using namespace cara;
using namespace cara::cli;
using namespace cara::cli::test;
using Json = nlohmann::json;

namespace {

// The one object on standard error.
Json error_of(const Seen& seen) {
  CHECK(std::count(seen.err.begin(), seen.err.end(), '\n') == 1);
  const Json all = Json::parse(seen.err, nullptr, false);
  REQUIRE(all.contains("error"));
  CHECK(all["error"]["exitCode"] == seen.exit);
  return all["error"];
}

}  // namespace

TEST_CASE("with -o json errors are one JSON object, with the same exit codes") {
  CliBench bench;
  Seen seen = bench.run({"get", "project", "nobody", "-o", "json"});
  CHECK(seen.exit == kRefused);
  CHECK(seen.out.empty());
  CHECK(error_of(seen)["code"] == "notFound");
  CHECK(error_of(seen)["message"] == "project \"nobody\" not found");
  seen = bench.run({"get", "projects", "a", "b", "--output=json"});
  CHECK(error_of(seen)["others"][0]["message"] == "project \"b\" not found");
  bench.api.fail = unavailable("no control plane");
  seen = bench.run({"-o", "json", "events"});
  CHECK(seen.exit == kNoConnection);
  CHECK(error_of(seen)["code"] == "unavailable");
  bench.api.fail = timed_out("no answer");
  CHECK(error_of(bench.run({"get", "nodes", "-o", "json"}))["exitCode"] == kTimedOut);
  bench.api.fail = forbidden("viewers may not");
  CHECK(error_of(bench.run({"get", "nodes", "-o", "json"}))["message"] ==
        "not permitted: viewers may not");
}

TEST_CASE("bad usage is JSON, too, also of a command that is none") {
  CliBench bench;
  CHECK(error_of(bench.run({"get", "projects", "-o", "json", "--bogus"}))["message"] ==
        "there is no flag --bogus");
  CHECK(error_of(bench.run({"gett", "-o", "json"}))["code"] == "invalid");
  CHECK(error_of(bench.run({"get", "-o", "json"}))["exitCode"] == kBadInput);
}

TEST_CASE("commands without objects to print take -o json for their errors") {
  CliBench bench;
  const std::string file = bench.file("web.yaml", manifest("web", "      imgae: x\n"));
  Seen seen = bench.run({"apply", "-f", file, "-o", "json"});
  CHECK(seen.exit == kBadInput);
  const Json error = error_of(seen);
  CHECK(error["code"] == "invalid");
  CHECK(error["message"] == "nothing was applied");
  REQUIRE(error["fields"].size() == 1);
  CHECK(error["fields"][0]["path"] == "spec.services[0].imgae");
  CHECK(error["fields"][0]["line"] == 9);
  CHECK(error["fields"][0]["message"].get<std::string>().starts_with("is not known"));
  CHECK(error["fields"][0]["file"].get<std::string>().ends_with("web.yaml"));
  seen = bench.run({"delete", "project", "nobody", "--output", "json"});
  CHECK(error_of(seen)["exitCode"] == kRefused);
  CHECK(bench.run({"delete", "project", "nobody", "-o", "xml"}).exit == kBadInput);
}

TEST_CASE("nothing of an error can steer a terminal, in JSON neither [E51]") {
  CliBench bench;
  bench.api.fail = conflict("a\x1b[2Jb\x9b\xc2\x9b");
  const Seen seen = bench.run({"get", "nodes", "-o", "json"});
  CHECK(seen.err.find('\x1b') == std::string::npos);
  CHECK(seen.err.find("\xc2\x9b") == std::string::npos);
  CHECK(error_of(seen)["code"] == "conflict");
}
