#include "tests/catch_compat.h"
#include "tests/unit/cli_bench.h"

using namespace cara;
using namespace cara::cli;
using namespace cara::cli::test;
using schema::Taint;
using schema::TaintEffect;

TEST_CASE("cordon and uncordon say what they did, in kubectl's words [E5][E45]") {
  CliBench bench;
  bench.api.add_node("w1.example");
  CHECK(bench.run({"cordon", "w1.example"}).out == "node/w1.example cordoned\n");
  CHECK(bench.api.nodes["w1.example"].spec.unschedulable);
  CHECK(bench.run({"cordon", "node/w1.example"}).out == "node/w1.example already cordoned\n");
  CHECK(bench.run({"uncordon", "w1.example"}).out == "node/w1.example uncordoned\n");
  CHECK(!bench.api.nodes["w1.example"].spec.unschedulable);
  CHECK(bench.run({"uncordon", "w1.example"}).out == "node/w1.example already uncordoned\n");
}

TEST_CASE("an unknown node is an error, the others are cordoned all the same") {
  CliBench bench;
  bench.api.add_node("w2");
  const Seen seen = bench.run({"cordon", "w1", "w2"});
  CHECK(seen.out == "node/w2 cordoned\n");
  CHECK(seen.err == "error: node \"w1\" not found\n");
  CHECK(seen.exit == kRefused);
  bench.api.fail = unavailable("no control plane");
  bench.api.calls.clear();
  CHECK(bench.run({"cordon", "w1", "w2"}).exit == kNoConnection);
  CHECK(bench.api.calls.size() == 1);
}

TEST_CASE("label sets and removes labels of nodes [E5]") {
  CliBench bench;
  bench.api.add_node("w1.example").metadata.labels = {{"disk", "ssd"}};
  const auto& labels = bench.api.nodes["w1.example"].metadata.labels;
  CHECK(bench.run({"label", "node", "w1.example", "zone=a", "example.org/x="}).out ==
        "node/w1.example labeled\n");
  CHECK(labels ==
        std::map<std::string, std::string>{{"disk", "ssd"}, {"example.org/x", ""}, {"zone", "a"}});
  CHECK(bench.api.changes.back().uid == "uid-w1.example");
  CHECK(bench.run({"label", "node/w1.example", "zone-", "example.org/x-"}).out ==
        "node/w1.example unlabeled\n");
  CHECK(labels == std::map<std::string, std::string>{{"disk", "ssd"}});
}

TEST_CASE("label does not replace another value unasked") {
  CliBench bench;
  bench.api.add_node("w1").metadata.labels = {{"disk", "ssd"}};
  const Seen seen = bench.run({"label", "node", "w1", "disk=nvme", "zone=a"});
  CHECK(seen.err ==
        "error: node/w1: label disk already has a value (ssd), and --overwrite is false\n");
  CHECK(seen.exit == kRefused);
  CHECK(bench.api.changes.empty());
  CHECK(bench.run({"label", "node", "w1", "disk=nvme", "--overwrite"}).out == "node/w1 labeled\n");
  CHECK(bench.api.nodes["w1"].metadata.labels["disk"] == "nvme");
}

TEST_CASE("a label that is there already, or is not there, changes nothing") {
  CliBench bench;
  bench.api.add_node("w1").metadata.labels = {{"disk", "ssd"}};
  const Seen seen = bench.run({"label", "no", "w1", "disk=ssd", "zone-"});
  CHECK(seen.out == "node/w1 not labeled\n");
  CHECK(seen.err == "node/w1: label \"zone\" not found\n");
  CHECK(seen.exit == kDone);
  CHECK(bench.api.changes.empty());
}

TEST_CASE("taint adds, replaces and removes taints, in kubectl's words") {
  CliBench bench;
  bench.api.add_node("w1");
  const auto& taints = bench.api.nodes["w1"].spec.taints;
  CHECK(bench.run({"taint", "node", "w1", "app=db:NoSchedule", "slow:PreferNoSchedule"}).out ==
        "node/w1 tainted\n");
  CHECK(taints == std::vector<Taint>{{"app", "db", TaintEffect::kNoSchedule},
                                     {"slow", "", TaintEffect::kPreferNoSchedule}});
  const Seen refused = bench.run({"taint", "node", "w1", "app=web:NoSchedule"});
  CHECK(refused.err ==
        "error: node w1 already has [app] taint(s) with same effect(s) and --overwrite is false\n");
  CHECK(refused.exit == kRefused);
  CHECK(bench.run({"taint", "node", "w1", "app=db:NoSchedule"}).out == "node/w1 not tainted\n");
  CHECK(bench.api.changes.size() == 1);
  CHECK(bench.run({"taint", "node", "w1", "app=web:NoSchedule", "--overwrite"}).out ==
        "node/w1 modified\n");
  CHECK(bench.run({"taint", "node", "w1", "app:PreferNoSchedule", "slow-"}).out ==
        "node/w1 modified\n");
  CHECK(taints == std::vector<Taint>{{"app", "web", TaintEffect::kNoSchedule},
                                     {"app", "", TaintEffect::kPreferNoSchedule}});
  CHECK(bench.run({"taint", "node", "w1", "app:NoSchedule-"}).out == "node/w1 untainted\n");
  CHECK(taints == std::vector<Taint>{{"app", "", TaintEffect::kPreferNoSchedule}});
  CHECK(bench.run({"taint", "node", "w1", "app-"}).out == "node/w1 untainted\n");
  CHECK(taints.empty());
  const Seen none = bench.run({"taint", "node", "w1", "app:NoSchedule-"});
  CHECK(none.err == "error: node/w1: taint \"app:NoSchedule\" not found\n");
  CHECK(none.exit == kRefused);
}

TEST_CASE("wrong changes of nodes are bad usage, with a sentence") {
  CliBench bench;
  const auto complaint = [&](const std::vector<std::string>& words) {
    const Seen seen = bench.run(words);
    CHECK(seen.exit == kBadInput);
    CHECK(seen.out.empty());
    return seen.err.substr(0, seen.err.find('\n'));
  };
  CHECK(complaint({"cordon"}) == "error: which node? Give its name");
  CHECK(complaint({"cordon", "project/x"}) ==
        "error: only nodes are changed like this; what a project is stands in its manifest");
  CHECK(complaint({"label"}) == "error: of what? Name `projects` or `nodes`");
  CHECK(complaint({"label", "node"}) == "error: which one? Give its name");
  CHECK(complaint({"label", "node", "a=b"}) == "error: which one? Give its name");
  CHECK(complaint({"label", "node", "w1"}) ==
        "error: which label? Give KEY=VALUE, or KEY- to remove it");
  CHECK(complaint({"label", "node", "w1", "a=b", "c"}) ==
        "error: `c` is neither KEY=VALUE nor KEY-");
  CHECK(complaint({"label", "node", "w1", "a=b", "a-"}) == "error: label `a` is named twice");
  CHECK(complaint({"label", "node", "w1", "a b=c"}).starts_with("error: label `a b`: "));
  CHECK(complaint({"label", "node", "w1", "a=b c"}).starts_with("error: value of label `a`: "));
  CHECK(complaint({"taint", "node", "w1"}) ==
        "error: which taint? Give KEY=VALUE:EFFECT, or KEY- to remove it");
  CHECK(complaint({"taint", "node", "w1", "a=b"}) ==
        "error: taint `a=b` has no effect; write KEY=VALUE:NoSchedule or "
        "KEY=VALUE:PreferNoSchedule");
  CHECK(complaint({"taint", "node", "w1", "a:NoExecute"}) ==
        "error: there is no effect NoExecute: NoSchedule keeps new projects away, and `caractrl "
        "drain` moves away what is there");
  CHECK(complaint({"taint", "node", "w1", "a:NoShedule"}) ==
        "error: `NoShedule` is no effect; did you mean `NoSchedule`?");
  CHECK(complaint({"taint", "node", "w1", "a:NoSchedule", "a=b:NoSchedule"}) ==
        "error: taint `a` is named twice with the same effect");
  CHECK(complaint({"taint", "node", "w1", "a:NoSchedule", "a-"}) ==
        "error: taint `a` cannot be both set and removed");
  CHECK(complaint({"taint", "node", "w1", "=b:NoSchedule"}).starts_with("error: taint ``: "));
  CHECK(complaint({"cluster"}) == "error: what of it? Say `info` or `allow-moves`");
  CHECK(complaint({"cluster", "x"}) == "error: `x` is neither `info` nor `allow-moves`");
  CHECK(complaint({"cluster", "info", "x"}) == "error: `info` takes no names");
  CHECK(bench.api.calls.empty());
}

TEST_CASE("cluster info shows the cluster, and what to do when moves are held [E38]") {
  CliBench bench;
  bench.api.info.nodes = 5;
  bench.api.info.nodes_ready = 3;
  const std::string head =
      "Version:    9.9.9\nCluster:    c1\nInstance:   i\nRevision:   1\n"
      "Nodes:      3/5 ready\nPlacement:  spread\n";
  const std::string nobody = "Processes:  cannot be asked: nobody to ask\n";
  CHECK(bench.run({"cluster", "info"}).out ==
        head + "Moves:      projects of lost nodes are placed elsewhere\n" + nobody);
  bench.api.info.moves_held = "3 of 5 nodes were lost within 1m";
  CHECK(bench.run({"cluster", "info"}).out ==
        head +
            "Moves:      held: 3 of 5 nodes were lost within 1m\n"
            "            `caractrl cluster allow-moves` moves them all the same\n" +
            nobody);
  const std::string json = bench.run({"cluster", "info", "-o", "json"}).out;
  CHECK(contains_text(json, "\"movesHeld\": \"3 of 5 nodes were lost within 1m\""));
}

TEST_CASE("cluster allow-moves says whether it had an effect") {
  CliBench bench;
  bench.api.info.moves_held = "3 of 5 nodes were lost within 1m";
  CHECK(bench.run({"cluster", "allow-moves"}).out ==
        "moves allowed; they were held: 3 of 5 nodes were lost within 1m\n");
  const Seen again = bench.run({"cluster", "allow-moves"});
  CHECK(again.out == "moves were not held: nothing has changed\n");
  CHECK(again.exit == kDone);
}
