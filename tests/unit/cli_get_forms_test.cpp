#include "tests/catch_compat.h"
#include "tests/unit/cli_bench.h"

using namespace cara;
using namespace cara::cli;
using namespace cara::cli::test;
using schema::Phase;

namespace {

// shop is old and runs on w1, blog is young and has failed on w2, wiki waits.
void three(CliBench& bench) {
  auto& shop = bench.api.add("shop", Phase::kRunning);
  shop.metadata.labels = {{"app", "shop"}, {"tier", "web"}};
  shop.metadata.created_at = {kNow.ms - 300'000};
  shop.status.node_ref = "w1";
  auto& blog = bench.api.add("blog", Phase::kFailed);
  blog.metadata.labels = {{"app", "blog"}};
  blog.status.node_ref = "w2";
  bench.api.add("wiki").metadata.created_at = {kNow.ms - 180'000};
}

std::string names(CliBench& bench, std::vector<std::string> words) {
  words.insert(words.begin(), {"get", "projects", "-o", "name"});
  return bench.run(words).out;
}

}  // namespace

TEST_CASE("get -o name prints what other commands take") {
  CliBench bench;
  three(bench);
  bench.api.add_node("w1");
  CHECK(names(bench, {}) == "project/blog\nproject/shop\nproject/wiki\n");
  CHECK(bench.run({"get", "node", "w1", "-o", "name"}).out == "node/w1\n");
  CHECK(bench.run({"get", "project/shop", "-o", "name"}).out == "project/shop\n");
}

TEST_CASE("get -o jsonpath reads one object, or a list [S42]") {
  CliBench bench;
  three(bench);
  CHECK(bench.run({"get", "project", "shop", "-o", "jsonpath={.status.phase}"}).out == "Running\n");
  CHECK(bench.run({"get", "projects", "-o", "jsonpath={.items[*].metadata.name}"}).out ==
        "blog shop wiki\n");
  CHECK(bench
            .run({"get", "projects", "-o",
                  "jsonpath={range .items[?(@.status.phase!=\"Running\")]}{.metadata.name}"
                  "{\"\\n\"}{end}"})
            .out == "blog\nwiki\n");
  CHECK(bench.run({"get", "project", "shop", "-o", "jsonpath={.nothing}"}).out.empty());
  auto& condition = bench.api.projects["shop"].status.conditions;
  condition.push_back({.type = "Phase", .reason = "x", .message = "a\x1b]0;title\x07"});
  CHECK(
      bench.run({"get", "project", "shop", "-o", "jsonpath={.status.conditions[0].message}"}).out ==
      "a\\x1b]0;title\\x07\n");
}

TEST_CASE("get -l, --phase and --node choose") {
  CliBench bench;
  three(bench);
  CHECK(names(bench, {"-l", "app"}) == "project/blog\nproject/shop\n");
  CHECK(names(bench, {"-l", "app in (shop, x),tier=web"}) == "project/shop\n");
  CHECK(names(bench, {"-l", "!app"}) == "project/wiki\n");
  CHECK(names(bench, {"--phase", "running,Pending"}) == "project/shop\nproject/wiki\n");
  CHECK(names(bench, {"--node", "w2"}) == "project/blog\n");
  CHECK(names(bench, {"--node", "w2", "--phase", "Running"}).empty());
  CHECK(bench.run({"get", "projects", "-l", "app=none"}).err == "No projects found\n");
  CHECK(bench.run({"get", "projects", "-l", "app=none", "-o", "json"}).out.find("\"items\": []") !=
        std::string::npos);
}

TEST_CASE("get --sort-by takes a path or a column") {
  CliBench bench;
  three(bench);
  CHECK(names(bench, {"--sort-by", ".metadata.createdAt"}) ==
        "project/shop\nproject/wiki\nproject/blog\n");
  // Times are no texts: 05Z comes before 05.123Z.
  bench.api.projects["shop"].metadata.created_at = {kNow.ms - 180'000 + 123};
  CHECK(names(bench, {"--sort-by", ".metadata.createdAt"}) ==
        "project/wiki\nproject/shop\nproject/blog\n");
  bench.api.projects["shop"].metadata.created_at = {kNow.ms - 300'000};
  CHECK(names(bench, {"--sort-by", "{.status.nodeRef}"}) ==
        "project/wiki\nproject/shop\nproject/blog\n");
  bench.api.projects["blog"].metadata.generation = 10;
  bench.api.projects["shop"].metadata.generation = 9;
  CHECK(names(bench, {"--sort-by", ".metadata.generation"}) ==
        "project/wiki\nproject/shop\nproject/blog\n");
  CHECK(bench.run({"get", "projects", "--sort-by", "age", "--no-headers"}).out ==
        "blog   Failed    w2       -                   8s\n"
        "wiki   Pending   <none>   -                   3m\n"
        "shop   Running   w1       ContainersRunning   5m\n");
  CHECK(bench.run({"get", "projects", "--sort-by", "Phase", "--no-headers"})
            .out.starts_with("blog "));
  CHECK(
      bench.run({"get", "projects", "--sort-by", "generation", "-o", "wide"}).out.find("\nwiki ") <
      std::string("NAME   PHASE     NODE     CONDITIONS          AGE "
                  "  GENERATION   ASSIGNMENT   SERVICES\n")
          .size());
}

TEST_CASE("get --show-labels and --no-headers") {
  CliBench bench;
  three(bench);
  CHECK(bench.run({"get", "projects", "--show-labels"}).out ==
        "NAME   PHASE     NODE     CONDITIONS          AGE   LABELS\n"
        "blog   Failed    w2       -                   8s    app=blog\n"
        "shop   Running   w1       ContainersRunning   5m    app=shop,tier=web\n"
        "wiki   Pending   <none>   -                   3m    <none>\n");
  CHECK(bench.run({"get", "project", "wiki", "--no-headers"}).out ==
        "wiki   Pending   <none>   -   3m\n");
}

TEST_CASE("get ingress is named by projects, in every form") {
  CliBench bench;
  three(bench);
  auto& shop = bench.api.projects["shop"];
  shop.spec.ingress = {{.name = "main", .host = "shop", .target = {"web", 80}}};
  shop.status.ingress = {{.name = "main", .host = "shop.x", .url = "http://shop.x/"}};
  CHECK(bench.run({"get", "ingress/shop", "-o", "name"}).out == "ingress/shop/main\n");
  CHECK(bench.run({"get", "ing", "--node", "w1", "-o", "jsonpath={.items[*].url}"}).out ==
        "http://shop.x/\n");
  CHECK(bench.run({"get", "ing", "--node", "w2"}).err == "No ingress rules found\n");
}

TEST_CASE("get events is what events shows, by object and by age") {
  CliBench bench;
  const auto add = [&](const std::string& kind, const std::string& name, std::int64_t age_s) {
    bench.api.events.push_back({.number = static_cast<std::int64_t>(bench.api.events.size()) + 1,
                                .kind = kind,
                                .name = name,
                                .uid = "u",
                                .last = {kNow.ms - age_s * 1'000},
                                .actor = "gc",
                                .reason = "Pulled",
                                .message = "m"});
  };
  add("project", "shop", 600);
  add("node", "w1", 300);
  add("project", "shop", 5);
  const std::string all = bench.run({"events"}).out;
  CHECK(bench.run({"get", "events"}).out == all);
  CHECK(bench.run({"get", "ev", "--for", "project/shop", "--since", "1m"}).out ==
        "AGE   OBJECT         ACTOR   REASON   COUNT   MESSAGE\n"
        "5s    project/shop   gc      Pulled   1       m\n");
  CHECK(bench.run({"events", "--for", "node/w1", "-o", "jsonpath={.items[*].reason}"}).out ==
        "Pulled\n");
  CHECK(bench.run({"events", "--since", "2s"}).err == "No events found\n");
  CHECK(bench.run({"events", "-o", "name", "--since", "10m"}).out == "event/1\nevent/2\nevent/3\n");
}
