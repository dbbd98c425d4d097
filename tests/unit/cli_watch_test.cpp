#include <algorithm>
#include <functional>
#include <sstream>
#include <utility>

#include "cli/say.h"
#include "schema/codec.h"
#include "schema/wire.h"
#include "tests/catch_compat.h"
#include "tests/unit/cli_bench.h"

using namespace cara;
using namespace cara::cli;
using namespace cara::cli::test;
using schema::Phase;

namespace {

// A cluster that remembers what changed, as the apiserver does: each object once, up to a floor.
class ChangingCluster {
 public:
  CliBench bench;
  std::int64_t floor = 0;
  int asked = 0;  // for changes
  // What happens while the command waits, one after the other; then Ctrl-C.
  std::vector<std::function<void()>> script;

  ChangingCluster() {
    bench.api.more = [this](std::string_view operation, const runtime::Payload& body) {
      return operation == "changes.since" ? std::optional(changes(body)) : std::nullopt;
    };
    bench.api.while_waiting = [this](FakeApi&) {
      if (at_ < script.size()) {
        script[at_++]();
      } else {
        bench.interrupted = true;
      }
    };
  }

  schema::Project& project(const std::string& name) { return bench.api.projects[name]; }
  schema::Project& add(const std::string& name, Phase phase = Phase::kPending) {
    bench.api.add(name, phase);
    changed("project", name);
    return project(name);
  }
  void set(const std::string& name, Phase phase, const std::string& node = "") {
    bench.api.place(name, node, phase);
    changed("project", name);
  }
  void remove(const std::string& name) {
    bench.api.projects.erase(name);
    changed("project", name);
  }
  void changed(const std::string& kind, const std::string& name) {
    const std::int64_t revision = ++bench.api.info.revision;
    log_[{kind, name}] = revision;
    if (bench.api.projects.contains(name)) project(name).metadata.revision = revision;
  }
  Seen run(const std::vector<std::string>& words) {
    at_ = 0;
    bench.interrupted = false;
    return bench.run(words);
  }

 private:
  runtime::Payload changes(const runtime::Payload& body) {
    ++asked;
    const auto since = schema::unpack_message<schema::ChangesRequest>(body)->since;
    if (since < floor) return schema::pack_error(gone("list again"));
    std::map<std::int64_t, std::pair<std::string, std::string>> rows;
    for (const auto& [object, revision] : log_) {
      if (revision > since) rows[revision] = object;
    }
    schema::ChangesReply reply{.revision = bench.api.info.revision};
    for (const auto& [revision, object] : rows) {
      reply.more = reply.changes.size() == bench.api.page;
      if (reply.more) break;
      const auto& [kind, name] = object;
      schema::Change change{.revision = revision, .kind = kind, .name = name};
      if (kind == "project" && bench.api.projects.contains(name)) change.project = project(name);
      if (kind == "node" && bench.api.nodes.contains(name)) change.node = bench.api.nodes[name];
      change.deleted = !change.project && !change.node;
      reply.changes.push_back(std::move(change));
      if (reply.changes.size() == bench.api.page) reply.revision = revision;
    }
    return schema::pack_message(reply);
  }

  std::map<std::pair<std::string, std::string>, std::int64_t> log_;
  std::size_t at_ = 0;
};

}  // namespace

TEST_CASE("get -w prints the rows, and each again when it changes, until Ctrl-C [S38][S41]") {
  ChangingCluster cluster;
  cluster.add("blog");
  cluster.add("shop");
  cluster.script = {[&] { cluster.set("shop", Phase::kScheduled, "w1"); },
                    [&] { cluster.changed("project", "shop"); },  // nothing that is shown
                    [&] {
                      cluster.set("shop", Phase::kRunning, "w1");
                      cluster.add("a-new-one");
                    },
                    [&] { cluster.remove("blog"); }};
  const Seen seen = cluster.run({"get", "projects", "-w"});
  CHECK(seen.out ==
        "NAME   PHASE     NODE     CONDITIONS   AGE\n"
        "blog   Pending   <none>   -            8s\n"
        "shop   Pending   <none>   -            8s\n"
        "shop   Scheduled   w1       -            8s\n"
        "shop        Running     w1       ContainersRunning   8s\n"
        "a-new-one   Pending     <none>   -                   8s\n"
        "blog        Deleted     <none>   -                   -\n");
  CHECK(seen.err.empty());
  CHECK(seen.exit == kInterrupted);
  CHECK(cluster.bench.api.watched == std::vector<std::string>{"cara.v1.evt.>"});
}

TEST_CASE("get -w misses nothing while nobody answers, and says so [E47]") {
  ChangingCluster cluster;
  cluster.add("shop");
  cluster.add("wiki");
  cluster.bench.api.page = 1;  // changes come in pages, too
  auto& fail = cluster.bench.api.fail;
  cluster.script = {[&] {
                      fail = unavailable("no control plane");
                      cluster.set("shop", Phase::kScheduled, "w1");
                      cluster.remove("wiki");
                    },
                    [&] { fail = timed_out("no answer"); }, [&] {}, [&] {},
                    [&] {
                      fail.reset();
                      cluster.set("shop", Phase::kRunning, "w1");
                    }};
  for (int i = 0; i < 60; ++i) cluster.script.insert(cluster.script.begin() + 1, [] {});
  const Seen seen = cluster.run({"get", "projects", "-w", "--no-headers"});
  CHECK(seen.out ==
        "shop   Pending   <none>   -   8s\n"
        "wiki   Pending   <none>   -   8s\n"
        "wiki   Deleted   <none>   -   -\n"
        "shop   Running   w1       ContainersRunning   8s\n");
  CHECK(seen.err ==
        "warning: no control plane; what changes meanwhile is shown when somebody answers\n"
        "The control plane answers again.\n");
  CHECK(seen.exit == kInterrupted);
}

TEST_CASE("get -w lists again when too much was missed, and prints what differs [E47]") {
  ChangingCluster cluster;
  cluster.add("gone");
  cluster.add("same");
  cluster.add("shop");
  cluster.script = {[&] {
    cluster.remove("gone");
    cluster.add("fresh");
    cluster.set("shop", Phase::kFailed, "w1");
    cluster.floor = cluster.bench.api.info.revision;
  }};
  const Seen seen = cluster.run({"get", "projects", "-w", "-o",
                                 "jsonpath={.metadata.name} "
                                 "{.status.phase}{.deleted}"});
  CHECK(seen.out ==
        "gone Pending\nsame Pending\nshop Pending\nfresh Pending\nshop Failed\ngone true\n");
  // An incarnation that looks the same is another one.
  cluster.script = {[&] {
    cluster.project("same").metadata.uid = "another";
    cluster.floor = ++cluster.bench.api.info.revision;
  }};
  CHECK(cluster.run({"get", "projects", "same", "-w", "-o", "name"}).out ==
        "project/same\nproject/same\n");
}

TEST_CASE("get -w shows a last time what the filter no longer takes") {
  ChangingCluster cluster;
  cluster.add("shop");
  cluster.add("wiki").metadata.labels = {{"app", "wiki"}};
  cluster.script = {[&] { cluster.set("shop", Phase::kRunning, "w1"); },
                    [&] { cluster.set("shop", Phase::kFailed, "w1"); },
                    [&] { cluster.set("shop", Phase::kPending); }};
  CHECK(cluster
            .run({"get", "projects", "-w", "--phase", "pending", "-l", "app!=wiki",
                  "--output-watch-events"})
            .out ==
        "EVENT   NAME   PHASE     NODE     CONDITIONS   AGE\n"
        "ADDED   shop   Pending   <none>   -            8s\n"
        "DELETED   shop   Running   w1       ContainersRunning   8s\n"
        "ADDED     shop   Pending   <none>   -                   8s\n");
}

TEST_CASE("get -w -o json prints one object per change, deleted ones too") {
  ChangingCluster cluster;
  cluster.add("shop");
  cluster.script = {[&] { cluster.set("shop", Phase::kRunning, "w1"); },
                    [&] { cluster.remove("shop"); }};
  const std::string out = cluster.run({"get", "project", "shop", "-w", "-o", "json"}).out;
  CHECK(std::count(out.begin(), out.end(), '\n') > 30);
  CHECK(contains_text(out, "\"phase\": \"Pending\""));
  CHECK(contains_text(out, "\"phase\": \"Running\""));
  CHECK(out.ends_with("    \"name\": \"shop\"\n  },\n  \"deleted\": true\n}\n"));
  cluster.add("shop");
  cluster.script = {[&] { cluster.remove("shop"); }};
  const std::string yaml =
      cluster.run({"get", "projects", "-w", "-o", "yaml", "--output-watch-events"}).out;
  CHECK(yaml.starts_with("---\ntype: ADDED\nobject:\n  apiVersion: caravanserai/v1\n"));
  CHECK(contains_text(yaml, "---\ntype: DELETED\nobject:\n"));
}

TEST_CASE("get -w of names waits for those that there are") {
  ChangingCluster cluster;
  cluster.add("shop");
  cluster.add("wiki");
  cluster.script = {[&] {
    cluster.set("wiki", Phase::kRunning, "w1");
    cluster.set("shop", Phase::kFailed, "w1");
  }};
  Seen seen = cluster.run({"get", "project", "shop", "-w", "--no-headers"});
  CHECK(seen.out ==
        "shop   Pending   <none>   -   8s\n"
        "shop   Failed    w1       -   8s\n");
  seen = cluster.run({"get", "project", "nobody", "-w"});
  CHECK(seen.err == "error: project \"nobody\" not found\n");
  CHECK(seen.exit == kRefused);
}

TEST_CASE("get nodes -w -o wide follows what the projects ask for") {
  ChangingCluster cluster;
  for (const char* name : {"w1", "w2"}) cluster.bench.api.add_node(name);
  const auto ask = [&](const std::string& name, const std::string& node) {
    cluster.add(name).spec.services[0].resources =
        schema::Resources{.requests = {.cpu = "1", .memory = "1Gi"}};
    cluster.set(name, Phase::kRunning, node);
  };
  ask("shop", "w1");
  cluster.script = {[&] { cluster.set("shop", Phase::kRunning, "w2"); },
                    [&] { cluster.changed("project", "shop"); }, [&] { cluster.remove("shop"); },
                    [&] {
                      cluster.bench.api.nodes["w1"].spec.unschedulable = true;
                      cluster.changed("node", "w1");
                      cluster.bench.api.nodes.erase("w2");
                      cluster.changed("node", "w2");
                    }};
  const std::string out = cluster.run({"get", "nodes", "-w", "-o", "wide", "--no-headers"}).out;
  std::string cells;
  std::istringstream lines(out);
  for (std::string line; std::getline(lines, line);) {
    std::istringstream words(line);
    std::string name, state, skip, projects, cpu;
    words >> name >> state >> skip >> skip >> skip >> projects >> cpu;
    cells += name + " " + state + " " + projects + " " + cpu + "\n";
  }
  CHECK(cells ==
        "w1 Ready 1 1/-\nw2 Ready 0 0/-\n"
        "w1 Ready 0 0/-\nw2 Ready 1 1/-\n"
        "w2 Ready 0 0/-\n"
        "w1 Ready,SchedulingDisabled 0 0/-\nw2 Deleted - -\n");
}

TEST_CASE("get ingress -w follows each rule") {
  ChangingCluster cluster;
  const auto set = [&](bool ready) {
    auto& shop = cluster.project("shop");
    shop.spec.ingress = {{.name = "main", .host = "shop", .target = {"web", 80}}};
    shop.status.ingress = {{.name = "main", .host = "shop.x", .url = "", .ready = ready}};
    cluster.changed("project", "shop");
  };
  cluster.add("shop");
  set(false);
  cluster.script = {[&] { set(true); }, [&] { cluster.set("shop", Phase::kPending); },
                    [&] {
                      cluster.project("shop").spec.ingress.clear();
                      cluster.changed("project", "shop");
                    }};
  CHECK(cluster.run({"get", "ingress", "-w"}).out ==
        "NAME   HOST     PROJECT   TARGET   NODE     READY\n"
        "main   shop.x   shop      web:80   <none>   false\n"
        "main   shop.x   shop      web:80   <none>   true\n"
        "main   -        shop      -        <none>   Deleted\n");
}

TEST_CASE("get -w gives up if it never begins, and on what does not pass [E6]") {
  ChangingCluster cluster;
  cluster.bench.api.fail = unavailable("no control plane");
  cluster.script.assign(100, [] {});
  Seen seen = cluster.run({"get", "projects", "-w"});
  CHECK(seen.err == "error: no control plane\n");
  CHECK(seen.exit == kNoConnection);
  cluster.bench.api.fail.reset();
  cluster.add("shop");
  cluster.script = {[&] { cluster.bench.api.fail = forbidden("viewers may not"); }};
  seen = cluster.run({"get", "projects", "-w"});
  CHECK(seen.err == "error: not permitted: viewers may not\n");
  CHECK(seen.exit == exit_of(forbidden("")));
}
