// diff, and applies that only try.
#include "cli/field_changes.h"
#include "tests/catch_compat.h"
#include "tests/unit/cli_bench.h"
#include "tests/unit/json_value.h"

using namespace cara;
using namespace cara::cli;
using namespace cara::cli::test;

namespace {

// `shop` runs by a manifest with `more` below its service.
void run_shop(CliBench& bench, const std::string& more = "") {
  REQUIRE(bench.run({"apply", "-f", "-"}, manifest("shop", more)).exit == kDone);
  bench.api.place("shop", "w1", schema::Phase::kRunning);
}

}  // namespace

TEST_CASE("diff says what changes field by field, and what it does; 1 means changes") {
  CliBench bench;
  run_shop(bench, "      env: [{name: A, value: b}, {name: LEVEL, value: info}]\n");
  const Seen same =
      bench.run({"diff", "-f", "-"},
                manifest("shop", "      env: [{name: A, value: b}, {name: LEVEL, value: info}]\n"));
  CHECK(same.out.empty());
  CHECK(same.err.empty());
  CHECK(same.exit == 0);
  const Seen seen = bench.run(
      {"diff", "-f", "-"},
      manifest("shop", "      env: [{name: LEVEL, value: a b}, {name: NEW, value: x}]\n"));
  CHECK(seen.out ==
        "project/shop would be configured\n"
        "  ~ spec.services[app].env[LEVEL].value: info -> \"a b\"\n"
        "  + spec.services[app].env[NEW].name: NEW\n"
        "  + spec.services[app].env[NEW].value: x\n"
        "  - spec.services[app].env[A].name: A\n"
        "  - spec.services[app].env[A].value: b\n"
        "  = recreate app (start first), move nothing\n");
  CHECK(seen.exit == 1);
  CHECK(bench.api.projects["shop"].spec.services[0].env[0].name == "A");
}

TEST_CASE("diff of a new project shows all of it") {
  CliBench bench;
  const Seen seen = bench.run({"diff", "-f", "-"}, manifest("shop"));
  CHECK(contains_text(seen.out, "project/shop would be created\n"));
  CHECK(contains_text(seen.out, "  + spec.services[app].image: busybox:1\n"));
  CHECK(contains_text(seen.out, "  = create app, place it on a node\n"));
  CHECK(seen.exit == 1);
  CHECK(bench.api.projects.empty());
}

TEST_CASE("values that look like secrets are hidden in a diff, unless asked for [E49]") {
  CliBench bench;
  run_shop(bench, "      env: [{name: DB_PASSWORD, value: old}]\n");
  const std::string next = manifest("shop", "      env: [{name: DB_PASSWORD, value: new}]\n");
  const Seen hidden = bench.run({"diff", "-f", "-"}, next);
  CHECK(contains_text(hidden.out, "env[DB_PASSWORD].value: <hidden> -> <hidden>\n"));
  const Seen json = bench.run({"diff", "-f", "-", "-o", "json"}, next);
  CHECK(!contains_text(json.out, "new"));
  const Seen shown = bench.run({"diff", "-f", "-", "--show-env"}, next);
  CHECK(contains_text(shown.out, "env[DB_PASSWORD].value: old -> new\n"));
}

TEST_CASE("diff as JSON has fields, services and a summary") {
  CliBench bench;
  run_shop(bench);
  const Seen seen =
      bench.run({"diff", "-f", "-", "-o", "json"},
                manifest("shop", "    - {name: db, image: mysql, restartPolicy: Never}\n"));
  CHECK(seen.exit == 1);
  const Value projects = *from_json_text(seen.out).find("projects");
  const Value& shop = projects.as_array()->at(0);
  CHECK(*shop.find("project")->as_string() == "shop");
  CHECK(*shop.find("outcome")->as_string() == "configured");
  CHECK(*shop.find("summary")->as_string() == "keep app, create db, move nothing");
  CHECK(*shop.find("services")->as_array()->at(1).find("action")->as_string() == "create");
  CHECK(*shop.find("fields")->as_array()->at(0).find("path")->as_string() ==
        "spec.services[db].name");
}

TEST_CASE("a diff that cannot be made ends with 2 and more") {
  CliBench bench;
  CHECK(bench.run({"diff"}).exit == 2);
  CHECK(bench.run({"diff", "-f", "-"}, manifest("Bad")).err ==
        "<stdin>:4: metadata.name: `Bad` has upper case; use lower case\n"
        "error: nothing was compared\n");
  bench.api.fail = conflict("the host is taken");
  const Seen taken = bench.run({"diff", "-f", "-"}, manifest("shop"));
  CHECK(taken.err == "error: project/shop: the host is taken\n");
  CHECK(taken.exit == 2);
  bench.api.fail = unavailable("no control plane answers");
  CHECK(bench.run({"diff", "-f", "-"}, manifest("shop")).exit == kNoConnection);
}

TEST_CASE("apply --dry-run=server shows what it would do, and does nothing") {
  CliBench bench;
  run_shop(bench);
  const Seen seen = bench.run({"apply", "--dry-run=server", "-f", "-"},
                              manifest("shop", "      command: [a, b]\n"));
  CHECK(seen.out ==
        "project/shop configured (server dry run)\n"
        "  + spec.services[app].command: [ \"a\", \"b\" ]\n"
        "  = recreate app (start first), move nothing\n");
  CHECK(seen.exit == kDone);
  CHECK(bench.run({"apply", "--dry-run=server", "-f", "-"}, manifest("shop")).out ==
        "project/shop unchanged (server dry run)\n");
  const std::size_t calls = bench.api.calls.size();
  CHECK(bench.run({"apply", "--dry-run=client", "-f", "-"}, manifest("shop")).out ==
        "project/shop checked (client dry run)\n");
  CHECK(bench.api.calls.size() == calls);
}

TEST_CASE("a diff says how a stop, a start and a change without a container go") {
  CliBench bench;
  run_shop(bench);
  const Seen stop = bench.run({"diff", "-f", "-"}, manifest("shop", "  paused: true\n"));
  CHECK(contains_text(stop.out, "  = stop it; when it is started: keep app, move nothing\n"));
  const Seen adjust =
      bench.run({"diff", "-f", "-"}, manifest("shop", "      restartPolicy: Never\n"));
  CHECK(contains_text(adjust.out, "  = adjust app, move nothing\n"));
  bench.api.projects["shop"].spec.paused = true;
  const Seen start = bench.run({"diff", "-f", "-"}, manifest("shop"));
  CHECK(contains_text(start.out, "  = start it: keep app, move nothing\n"));
}

TEST_CASE("control characters of values do not reach the terminal by a diff [E51]") {
  CliBench bench;
  run_shop(bench);
  const Seen seen =
      bench.run({"diff", "-f", "-"}, manifest("shop", "      command: [\"\\e[2J\\x9b\"]\n"));
  CHECK(!contains_text(seen.out, "\x1b"));
  CHECK(!contains_text(seen.out, "\xc2\x9b"));
}

TEST_CASE("lists without names are compared as a whole") {
  const auto list = [](Array entries) { return Value(Map{{"a", Value(std::move(entries))}}); };
  const auto changes = field_changes(list({Value("x")}), list({Value("x"), Value("y")}));
  REQUIRE(changes.size() == 1);
  CHECK(changes[0].path == "a");
  CHECK(changes[0].before->as_array()->size() == 1);
  const auto gone = field_changes(list({Value("x")}), Value(Map{}));
  REQUIRE(gone.size() == 1);
  CHECK(!gone[0].after);
  CHECK(field_changes(list({}), Value(Map{})).empty());
}
