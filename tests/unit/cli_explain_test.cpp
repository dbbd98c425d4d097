#include "schema/describe_types.h"
#include "schema/json_schema.h"
#include "tests/catch_compat.h"
#include "tests/unit/cli_bench.h"

using namespace cara;
using namespace cara::cli;
using namespace cara::cli::test;

TEST_CASE("explain says type, default, limits and meaning, and what is below") {
  CliBench bench;
  const Seen seen = bench.run({"explain", "project.spec.services.healthcheck"});
  CHECK(seen.exit == kDone);
  CHECK(
      seen.out.starts_with("KIND:     Project\nVERSION:  caravanserai/v1\n"
                           "FIELD:    spec.services[].healthcheck <Object>\n"));
  CHECK(contains_text(seen.out,
                      "\n  action  <None|Restart>, default None\n"
                      "      What is done when it is unhealthy.\n"));
  CHECK(contains_text(seen.out, "\n  retries  <integer>, 1 to 1000\n"));
  CHECK(contains_text(seen.out, "\n  test  <[]string>"));
  CHECK(bench.api.calls.empty());
}

TEST_CASE("explain of a field that has none below") {
  CliBench bench;
  CHECK(bench.run({"explain", "project.spec.ingress.path"}).out ==
        "KIND:     Project\nVERSION:  caravanserai/v1\n"
        "FIELD:    spec.ingress[].path <string>, default /\n\n"
        "    Only requests below this path; the longest path of a host wins.\n\n" +
            bench.run({"explain", "project.spec.ingress.path"})
                .out.substr(
                    bench.run({"explain", "project.spec.ingress.path"}).out.find("PATTERN:")));
  CHECK(contains_text(bench.run({"explain", "project.metadata.name"}).out,
                      "FIELD:    metadata.name <string>, required\n"));
  CHECK(contains_text(bench.run({"explain", "po.metadata.uid"}).out,
                      "<string>, written by the system\n"));
  CHECK(contains_text(bench.run({"explain", "project.spec.volumes.files.content"}).out,
                      "FIELD:    spec.volumes[].files.NAME.content <string>\n"));
  CHECK(contains_text(bench.run({"explain", "project.spec.services[0].env"}).out, "<[]Object>"));
}

TEST_CASE("explain --recursive names every field there is, of both kinds") {
  CliBench bench;
  const std::string all = bench.run({"explain", "project", "--recursive"}).out;
  CHECK(contains_text(all, "\n  spec  <Object>, required\n    services  <[]Object>, required"));
  CHECK(contains_text(all, "\n      healthcheck  <Object>\n        test  <[]string>"));
  CHECK(contains_text(all,
                      "\n    phase  <Pending|Scheduled|Running|Failed|Terminating|"
                      "Terminated>, required\n"));
  const std::string node = bench.run({"explain", "node", "--recursive"}).out;
  CHECK(contains_text(node, "\n    taints  <[]Object>, at most 32 entries\n      key  <string>"));
  CHECK(contains_text(bench.run({"explain", "node"}).out, "\n  spec  <Object>\n"));
}

TEST_CASE("explain knows what was meant") {
  CliBench bench;
  const auto complaint = [&](const std::vector<std::string>& words) {
    const Seen seen = bench.run(words);
    CHECK(seen.exit == kBadInput);
    return seen.err.substr(0, seen.err.find('\n'));
  };
  CHECK(complaint({"explain", "project.spec.servics"}) ==
        "error: `servics` is no field of spec of a Project; did you mean `services`?");
  CHECK(complaint({"explain", "prject"}) ==
        "error: `prject` is no kind of object; did you mean `project`?");
  CHECK(complaint({"explain", "secret"}) ==
        "error: `secret` is no kind of object; there are project, node");
  CHECK(complaint({"explain", "project.metadata.name.x"}) ==
        "error: metadata.name of a Project has no fields of its own");
  CHECK(complaint({"explain"}) == "error: of what? Name `project`, `node` or one of their fields");
}

TEST_CASE("explain -o json is the JSON Schema of the field") {
  CliBench bench;
  CHECK(contains_text(bench.run({"explain", "node.spec.taints.effect", "-o", "json"}).out,
                      "\"default\": \"NoSchedule\""));
}
