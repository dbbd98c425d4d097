#include "tests/catch_compat.h"
#include "tests/unit/cli_bench.h"

using namespace cara;
using namespace cara::cli;
using namespace cara::cli::test;
using schema::Phase;

TEST_CASE("delete waits until the project is gone, then says so [S43]") {
  CliBench bench;
  bench.api.add("wordpress", Phase::kRunning);
  int waits = 0;
  bench.api.while_waiting = [&](FakeApi& api) {
    if (++waits == 3) api.projects.erase("wordpress");
  };
  const Seen seen = bench.run({"delete", "project", "wordpress"});
  CHECK(seen.out == "project/wordpress deleted\n");
  CHECK(seen.err.empty());
  CHECK(seen.exit == kDone);
  CHECK(waits == 3);
  CHECK(bench.api.watched == std::vector<std::string>{"cara.v1.evt.project.wordpress"});
}

TEST_CASE("delete --wait=false returns at once [S43]") {
  CliBench bench;
  bench.api.add("wordpress", Phase::kRunning);
  const Seen seen = bench.run({"delete", "project", "wordpress", "--wait=false"});
  CHECK(seen.out == "project/wordpress deleting\n");
  CHECK(bench.api.projects["wordpress"].status.phase == Phase::kTerminating);
  CHECK(bench.api.calls == std::vector<std::string>{"project.delete"});
}

TEST_CASE("delete --force drops the record without waiting [E27]") {
  CliBench bench;
  bench.api.add("wordpress", Phase::kRunning);
  CHECK(bench.run({"delete", "project", "wordpress", "--force"}).out ==
        "project/wordpress deleted\n");
  CHECK(bench.api.projects.empty());
}

TEST_CASE("deleting the unknown is an error, the others go all the same [E27]") {
  CliBench bench;
  bench.api.add("a");
  bench.api.while_waiting = [](FakeApi& api) { api.projects.erase("a"); };
  const Seen seen = bench.run({"delete", "project/zz", "project/a"});
  CHECK(seen.out == "project/a deleted\n");
  CHECK(seen.err == "error: project \"zz\" not found\n");
  CHECK(seen.exit == kRefused);
}

TEST_CASE("a new project of the same name is not waited for") {
  CliBench bench;
  bench.api.add("shop");
  bench.api.while_waiting = [](FakeApi& api) { api.projects["shop"].metadata.uid = "another"; };
  CHECK(bench.run({"delete", "project", "shop"}).out == "project/shop deleted\n");
}

TEST_CASE("--timeout and Ctrl-C end the waiting, not the deletion") {
  CliBench bench;
  bench.api.add("shop");
  const Seen late = bench.run({"delete", "project", "shop", "--timeout", "3s"});
  CHECK(late.err ==
        "error: project/shop is not gone after 3s; the deletion goes on in the background\n");
  CHECK(late.exit == kTimedOut);
  bench.api.while_waiting = [&](FakeApi&) { bench.interrupted = true; };
  const Seen stopped = bench.run({"delete", "project", "shop"});
  CHECK(stopped.err ==
        "error: project/shop is not gone yet; the deletion goes on in the background\n");
  CHECK(stopped.exit == kInterrupted);
}

TEST_CASE("a control plane that restarts while delete waits is waited for, not for ever [E44]") {
  CliBench bench;
  bench.api.add("shop");
  int waits = 0;
  bench.api.while_waiting = [&](FakeApi& api) {
    ++waits;
    api.fail = waits < 20 ? std::optional(unavailable("no control plane")) : std::nullopt;
    if (waits == 20) api.projects.clear();
  };
  CHECK(bench.run({"delete", "project", "shop"}).out == "project/shop deleted\n");
  bench.api.add("shop");
  bench.api.while_waiting = [](FakeApi& api) { api.fail = unavailable("no control plane"); };
  const Seen seen = bench.run({"delete", "project", "shop"});
  CHECK(seen.err == "error: no control plane\n");
  CHECK(seen.exit == kNoConnection);
}

TEST_CASE("delete says once which lost node it waits for [S34]") {
  CliBench bench;
  schema::Project& shop = bench.api.add("shop", Phase::kRunning);
  shop.status.node_ref = "worker-02";
  shop.status.conditions.push_back({.type = schema::kConditionTerminatingAt, .reason = "X"});
  int waits = 0;
  bench.api.while_waiting = [&](FakeApi& api) {
    if (++waits == 3) api.projects.clear();
  };
  CHECK(bench.run({"delete", "project", "shop"}).err ==
        "project/shop: waiting for node/worker-02, which is not ready; --force does not wait\n");
}

TEST_CASE("delete -f takes the names of manifests, whatever else is wrong in them") {
  CliBench bench;
  bench.api.add("shop");
  bench.api.add("blog");
  bench.api.while_waiting = [](FakeApi& api) { api.projects.clear(); };
  const std::string path =
      bench.file("p.yaml", manifest("shop") + "---\n" + manifest("blog", "  wrong: 1\n"));
  CHECK(bench.run({"delete", "-f", path}).out == "project/blog deleted\nproject/shop deleted\n");
  const std::string bad = bench.file("q.yaml", manifest("Shop"));
  const Seen seen = bench.run({"delete", "-f", bad});
  CHECK(seen.err ==
        "q.yaml:4: metadata.name: `Shop` has upper case; use lower case\n"
        "error: nothing was deleted\n");
  CHECK(seen.exit == kBadInput);
}

TEST_CASE("nodes are deleted at once") {
  CliBench bench;
  bench.api.nodes["w"].metadata = {.name = "w", .uid = "u"};
  CHECK(bench.run({"delete", "node", "w"}).out == "node/w deleted\n");
  bench.api.nodes["w"].metadata = {.name = "w", .uid = "u"};
  bench.api.delete_reply.projects = 2;
  const Seen forced = bench.run({"delete", "node", "w", "--force"});
  CHECK(forced.out == "node/w deleted\n");
  CHECK(forced.err == "node/w: 2 projects are to be placed again\n");
}

TEST_CASE("a delete whose answer is lost is repeated with the same request id") {
  CliBench bench;
  bench.api.add("shop");
  bench.api.lose_replies = 1;
  CHECK(bench.run({"delete", "project", "shop", "--wait=false"}).out == "project/shop deleting\n");
  CHECK(bench.api.request_ids == std::vector<std::string>{"id-1", "id-1"});
}

TEST_CASE("delete names the Persistent volumes that stay, --volumes asks for them too") {
  CliBench bench;
  bench.api.add("shop", Phase::kRunning);
  bench.api.delete_reply.node = "worker-01";
  bench.api.delete_reply.kept_volumes = {"cara-shop-a", "cara-shop-b"};
  const Seen seen = bench.run({"delete", "project", "shop", "--wait=false"});
  CHECK(seen.out == "project/shop deleting\n");
  CHECK(seen.err ==
        "project/shop: Persistent volumes stay on node/worker-01: cara-shop-a, cara-shop-b "
        "(--volumes removes them)\n");
  CHECK(!bench.api.projects["shop"].status.delete_volumes);
  bench.api.delete_reply = {};
  CHECK(bench.run({"delete", "project", "shop", "--wait=false", "--volumes"}).err.empty());
  CHECK(bench.api.projects["shop"].status.delete_volumes);
}

TEST_CASE("--volumes goes with neither nodes nor --force") {
  CliBench bench;
  CHECK(bench.run({"delete", "node", "w", "--volumes"})
            .err.starts_with("error: --volumes is for projects"));
  const Seen seen = bench.run({"delete", "project", "shop", "--volumes", "--force"});
  CHECK(seen.err.starts_with("error: --volumes and --force exclude each other"));
  CHECK(seen.exit == kBadInput);
  CHECK(bench.api.calls.empty());
}
