#include "tests/catch_compat.h"
#include "tests/unit/cli_bench.h"

using namespace cara;
using namespace cara::cli;
using namespace cara::cli::test;

namespace {

void two_revisions(CliBench& bench) {
  bench.api.revisions = {{.number = 3,
                          .generation = 7,
                          .at = {kNow.ms - 3 * 3'600'000},
                          .cause = schema::RevisionCause::kApply,
                          .healthy = true,
                          .images = {"nginx:1", "redis"}},
                         {.number = 4,
                          .generation = 8,
                          .at = {kNow.ms - 5'000},
                          .cause = schema::RevisionCause::kRollback,
                          .current = true,
                          .images = {"nginx:2\x1b[0m"}}};
}

}  // namespace

TEST_CASE("rollout history is a table, or JSON") {
  CliBench bench;
  two_revisions(bench);
  CHECK(bench.run({"rollout", "history", "project", "shop"}).out ==
        "REVISION   GENERATION   AGE   CAUSE      HEALTHY   CURRENT   IMAGES\n"
        "3          7            3h    apply      yes       no        nginx:1,redis\n"
        "4          8            5s    rollback   no        yes       nginx:2\\x1b[0m\n");
  const std::string json = bench.run({"rollout", "history", "project/shop", "-o", "json"}).out;
  CHECK(
      json.starts_with("{\n  \"project\": \"shop\",\n  \"revisions\": [\n    {\n"
                       "      \"number\": 3,\n"));
}

TEST_CASE("rollout history --revision shows its spec") {
  CliBench bench;
  two_revisions(bench);
  bench.api.revisions[0].spec = schema::ProjectSpec{.services = {{.name = "w", .image = "nginx"}}};
  const Seen seen = bench.run({"rollout", "history", "project", "shop", "--revision", "3"});
  CHECK(seen.out.starts_with("number: 3\ngeneration: 7\n"));
  CHECK(contains_text(seen.out, "\nspec:\n  services:\n    - name: w\n      image: nginx\n"));
  const Seen none = bench.run({"rollout", "history", "project", "shop", "--revision", "9"});
  CHECK(none.err == "error: no revision\n");
  CHECK(none.exit == kRefused);
}

TEST_CASE("rollout undo says which revision is back, and what of it was left out") {
  CliBench bench;
  bench.api.undone = {.revision = 3};
  CHECK(bench.run({"rollout", "undo", "project", "shop"}).out ==
        "project/shop rolled back to revision 3\n");
  CHECK(bench.api.undo.name == "shop");
  CHECK(bench.api.undo.to_revision == 0);
  CHECK(!bench.api.undo.request_id.empty());
  bench.api.undone = {.revision = 2, .changed = false, .note = "spec.expireAt is past"};
  const Seen seen = bench.run({"rollout", "undo", "project", "shop", "--to-revision", "2"});
  CHECK(bench.api.undo.to_revision == 2);
  CHECK(seen.out == "project/shop unchanged: it has the spec of revision 2\n");
  CHECK(seen.err == "project/shop: spec.expireAt is past\n");
  CHECK(seen.exit == kDone);
}

TEST_CASE("rollout refuses what it cannot mean") {
  CliBench bench;
  const auto complaint = [&](std::vector<std::string> words) {
    words.insert(words.begin(), "rollout");
    const Seen seen = bench.run(words);
    CHECK(seen.exit == kBadInput);
    return seen.err.substr(0, seen.err.find('\n'));
  };
  CHECK(complaint({}) == "error: which one? Say `history`, `undo` or `restart`");
  CHECK(complaint({"undoo"}) == "error: `undoo` is none of `history`, `undo` and `restart`");
  CHECK(complaint({"undo"}) == "error: of which project? Say `project NAME`");
  CHECK(complaint({"undo", "project"}) == "error: of which project? Give one name");
  CHECK(complaint({"undo", "project", "a", "b"}) == "error: of which project? Give one name");
  CHECK(complaint({"undo", "node", "a"}) == "error: only projects have revisions");
  CHECK(complaint({"undo", "project", "a", "--revision", "1"}) ==
        "error: `undo` does not take --revision");
  CHECK(complaint({"history", "project", "a", "--to-revision", "1"}) ==
        "error: `history` does not take --to-revision");
  CHECK(bench.api.calls.empty());
}
