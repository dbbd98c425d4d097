// stop, start, restart, label, annotate, apply --prune.
#include "tests/catch_compat.h"
#include "tests/unit/cli_bench.h"

using namespace cara;
using namespace cara::cli;
using namespace cara::cli::test;

using Labels = std::map<std::string, std::string>;

TEST_CASE("restart names all services, or some") {
  CliBench bench;
  bench.api.add("shop");
  bench.api.add("blog");
  const Seen all = bench.run({"restart", "project", "shop", "blog"});
  CHECK(all.out == "project/shop restarted\nproject/blog restarted\n");
  CHECK(all.err.empty());
  CHECK(bench.api.project_changes.at(0).restart == std::vector<std::string>{"*"});
  CHECK(bench.run({"restart", "shop/web", "shop/db"}).out == "project/shop restarted (web, db)\n");
  CHECK(bench.api.project_changes.back().restart == std::vector<std::string>{"web", "db"});
  CHECK(bench.run({"restart", "shop/web", "project/shop"}).out == "project/shop restarted\n");
  CHECK(bench.run({"restart", "project/shop/web"}).out == "project/shop restarted (web)\n");
  CHECK(bench.run({"rollout", "restart", "project", "shop"}).out == "project/shop restarted\n");
  const Seen unknown = bench.run({"restart", "project/none", "project/shop"});
  CHECK(unknown.out == "project/shop restarted\n");
  CHECK(unknown.err == "error: project/none does not exist\n");
  CHECK(unknown.exit == kRefused);
  CHECK(bench.run({"restart"}).exit == kBadInput);
  CHECK(bench.run({"restart", "project"}).err ==
        "error: which project? Give its name\nSee `caractrl restart --help`.\n");
  CHECK(bench.run({"restart", "shop/"}).exit == kBadInput);
  CHECK(bench.run({"rollout", "restart", "project", "shop", "--revision", "3"}).exit == kBadInput);
}

TEST_CASE("stop and start say whether there was anything to do") {
  CliBench bench;
  bench.api.add("shop");
  CHECK(bench.run({"stop", "project", "shop"}).out == "project/shop stopped\n");
  CHECK(bench.api.projects["shop"].spec.paused);
  CHECK(bench.run({"stop", "project/shop"}).out == "project/shop already stopped\n");
  CHECK(bench.run({"start", "shop"}).out == "project/shop started\n");
  CHECK(!bench.api.projects["shop"].spec.paused);
  CHECK(bench.run({"start", "shop"}).out == "project/shop already started\n");
  const Seen service = bench.run({"stop", "shop/web"});
  CHECK(contains_text(service.err, "a project is stopped as a whole"));
  CHECK(service.exit == kBadInput);
}

TEST_CASE("stop --wait ends when all containers are stopped") {
  CliBench bench;
  bench.api.add("shop", schema::Phase::kRunning);
  bench.api.while_waiting = [](FakeApi& api) {
    schema::Project& shop = api.projects["shop"];
    shop.status.phase = schema::Phase::kScheduled;
    shop.status.observed_generation = shop.metadata.generation;
    set_condition(shop.status.conditions,
                  {.type = schema::kConditionPhase, .reason = "Paused", .message = "stopped"});
  };
  CHECK(bench.run({"stop", "project", "shop", "--wait"}).out ==
        "project/shop stopped\nproject/shop is stopped\n");
}

TEST_CASE("labels of projects are set, kept from being replaced, and removed") {
  CliBench bench;
  bench.api.add("shop");
  CHECK(bench.run({"label", "project", "shop", "team=web", "tier=1"}).out ==
        "project/shop labeled\n");
  CHECK(bench.api.projects["shop"].metadata.labels == Labels{{"team", "web"}, {"tier", "1"}});
  CHECK(bench.api.project_changes.back().uid == "uid-shop");
  const Seen other = bench.run({"label", "project/shop", "team=db"});
  CHECK(other.err ==
        "error: project/shop: label team already has a value (web), and --overwrite is false\n");
  CHECK(other.exit == kRefused);
  CHECK(bench.run({"label", "project/shop", "team=db", "--overwrite"}).out ==
        "project/shop labeled\n");
  CHECK(bench.run({"label", "project", "shop", "team=db"}).out == "project/shop not labeled\n");
  CHECK(bench.run({"label", "project", "shop", "tier-"}).out == "project/shop unlabeled\n");
  CHECK(bench.api.projects["shop"].metadata.labels == Labels{{"team", "db"}});
  CHECK(bench.run({"label", "project", "shop", "none-"}).err ==
        "project/shop: label \"none\" not found\n");
  CHECK(bench.run({"label", "project", "none", "a=b"}).err ==
        "error: project \"none\" not found\n");
  CHECK(bench.run({"label", "project", "shop", "a=b c"}).exit == kBadInput);
  CHECK(bench.run({"label", "project", "shop"}).exit == kBadInput);
}

TEST_CASE("annotations have any text, and nodes have none") {
  CliBench bench;
  bench.api.add("shop");
  bench.api.add_node("w1");
  CHECK(bench.run({"annotate", "project", "shop", "owner=Jane Doe, room 7"}).out ==
        "project/shop annotated\n");
  CHECK(bench.api.projects["shop"].metadata.annotations == Labels{{"owner", "Jane Doe, room 7"}});
  CHECK(bench.run({"annotate", "project", "shop", "owner-"}).out == "project/shop annotated\n");
  CHECK(bench.api.projects["shop"].metadata.annotations.empty());
  const Seen node = bench.run({"annotate", "node", "w1", "a=b"});
  CHECK(contains_text(node.err, "error: nodes take no annotations; label them instead\n"));
  CHECK(node.exit == kBadInput);
}

TEST_CASE("apply --prune deletes what matches and is in no file") {
  CliBench bench;
  for (const char* name : {"gone", "kept", "foreign", "ending"}) bench.api.add(name);
  for (const char* name : {"gone", "kept", "ending"}) {
    bench.api.projects[name].metadata.labels = {{"team", "web"}};
  }
  bench.api.projects["ending"].status.phase = schema::Phase::kTerminating;
  const std::string kept =
      "apiVersion: caravanserai/v1\nkind: Project\nmetadata:\n  name: kept\n"
      "  labels: {team: web}\nspec:\n  services: [{name: app, image: "
      "busybox:1}]\n";
  const std::vector<std::string> words{"apply", "--prune", "-l", "team=web", "-f", "-"};
  std::vector<std::string> dry = words;
  dry.push_back("--dry-run=server");
  CHECK(bench.run(dry, kept).out ==
        "project/kept unchanged (server dry run)\nproject/gone pruned (server dry run)\n");
  CHECK(bench.api.projects["gone"].status.phase == schema::Phase::kPending);
  const Seen seen = bench.run(words, kept);
  CHECK(seen.out == "project/kept unchanged\nproject/gone pruned\n");
  CHECK(seen.exit == kDone);
  CHECK(bench.api.projects["gone"].status.phase == schema::Phase::kTerminating);
  CHECK(bench.api.projects["foreign"].status.phase == schema::Phase::kPending);
  CHECK(bench.api.projects["kept"].status.phase == schema::Phase::kPending);
}

TEST_CASE("apply --prune does nothing without a selector, or when not all could be applied") {
  CliBench bench;
  bench.api.add("gone").metadata.labels = {{"team", "web"}};
  const auto prune = [&](const std::string& input, std::vector<std::string> more) {
    std::vector<std::string> words{"apply", "--prune", "-f", "-"};
    words.insert(words.end(), more.begin(), more.end());
    const Seen seen = bench.run(words, input);
    CHECK(bench.api.projects["gone"].status.phase == schema::Phase::kPending);
    CHECK(!contains_text(seen.out, "pruned"));
    return seen;
  };
  const Seen bare = prune(manifest("shop"), {});
  CHECK(contains_text(bare.err, "error: --prune needs --selector"));
  CHECK(bare.exit == kBadInput);
  CHECK(prune(manifest("shop"), {"-l", "team=("}).exit == kBadInput);
  CHECK(prune("a: [", {"-l", "team=web"}).exit == kBadInput);
  CHECK(prune(manifest("shop"), {"-l", "team=web", "-f", "/no/such/file"}).exit == kBadInput);
  const Seen refused =
      prune(manifest("past", "  expireAt: 2001-01-01T00:00:00Z\n"), {"-l", "team=web"});
  CHECK(contains_text(refused.err, "error: nothing was pruned\n"));
  bench.api.broken_lists = 10;
  const Seen broken = prune(manifest("shop"), {"-l", "team=web"});
  CHECK(contains_text(broken.err, "error: nothing was pruned\n"));
  CHECK(broken.exit == kNoConnection);
  CHECK(bench.run({"apply", "-l", "a=b", "-f", "-"}, manifest("shop")).exit == kBadInput);
}
