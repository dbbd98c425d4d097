#include "services/scheduler/scheduler.h"
#include "tests/catch_compat.h"
#include "tests/unit/actor_bench.h"

using namespace cara;
using namespace std::chrono_literals;
using Strings = std::vector<std::string>;

namespace {

struct Setup {
  scheduler::Scheduler actor{{.id = "s1"}};
  test::ActorBench<scheduler::Scheduler> bench{actor};

  schema::Project& pending(const std::string& name) {
    schema::Project& project = bench.projects[name];
    project.metadata.name = name;
    project.metadata.uid = "uid-" + name;
    project.metadata.revision = bench.revision;
    project.spec.services = {{.name = "s", .image = "i", .env = {}, .volume_mounts = {}}};
    return project;
  }
  void node(const std::string& name, schema::NodeState state = schema::NodeState::kReady) {
    schema::Node& node = bench.nodes[name];
    node.metadata.name = name;
    node.metadata.uid = "uid-" + name;
    node.status.state = state;
  }
  std::string bound_to(std::size_t index) { return bench.message<schema::BindRequest>(index).node; }
};

}  // namespace

// The apiserver of these tests knows of no claims: all that is Pending is the scheduler's own.
TEST_CASE("a Pending project is bound by uid and revision [S22, E52]") {
  Setup s;
  s.node("n1");
  s.bench.revision = 7;
  s.pending("web");
  s.bench.start();
  REQUIRE(s.bench.operations() == Strings{"project.bind"});
  const auto bind = s.bench.message<schema::BindRequest>(0);
  CHECK(bind.name == "web");
  CHECK(bind.uid == "uid-web");
  CHECK(bind.revision == 7);
  CHECK(bind.node == "n1");
  CHECK(s.bench.asked[0].second.subject == "cara.v1.api.sched.s1.project.bind");
}

TEST_CASE("projects in any other phase are left alone") {
  Setup s;
  s.node("n1");
  for (const auto phase :
       {schema::Phase::kScheduled, schema::Phase::kRunning, schema::Phase::kFailed,
        schema::Phase::kTerminating, schema::Phase::kTerminated}) {
    s.pending("p" + std::to_string(static_cast<int>(phase))).status.phase = phase;
  }
  s.bench.start();
  CHECK(s.bench.asked.empty());
}

TEST_CASE("binds under way count as load: ten projects spread over two nodes") {
  Setup s;
  s.node("n1");
  s.node("n2");
  for (char c = 'a'; c < 'k'; ++c) s.pending(std::string(1, c));
  s.bench.start();
  REQUIRE(s.bench.asked.size() == 10);
  int on_first = 0;
  for (std::size_t i = 0; i < 10; ++i) on_first += s.bound_to(i) == "n1" ? 1 : 0;
  CHECK(on_first == 5);
}

TEST_CASE("an acknowledged bind is not repeated while the mirror is behind") {
  Setup s;
  s.node("n1");
  s.pending("web");
  s.bench.start();
  s.bench.answer(schema::RevisionReply{99});
  CHECK(s.bench.asked.empty());
  s.bench.resync();
  s.bench.advance(1s);
  CHECK(s.bench.asked.empty());
  // A store that never shows it (restored from a backup) gets a new bind in the end.
  s.bench.advance(10s);
  CHECK(s.bench.operations() == Strings{"project.bind"});
}

TEST_CASE("a bind that another scheduler won is not tried again [E44]") {
  Setup s;
  s.node("n1");
  s.pending("web");
  s.bench.start();
  s.bench.projects["web"].status.phase = schema::Phase::kScheduled;
  s.bench.projects["web"].status.node_ref = "n1";
  ++s.bench.revision;
  s.bench.answer(conflict("it is Scheduled"));
  s.bench.advance(60s);
  CHECK(s.bench.asked.empty());
}

TEST_CASE("a bind without an answer is tried again, later and later") {
  Setup s;
  s.node("n1");
  s.pending("web");
  s.bench.start();
  s.bench.answer(timed_out("no answer"));
  CHECK(s.bench.asked.empty());
  s.bench.advance(100ms);
  CHECK(s.bench.asked.size() == 1);
  s.bench.answer(timed_out("no answer"));
  s.bench.resync();  // the world changing does not shorten the wait
  s.bench.advance(150ms);
  CHECK(s.bench.asked.empty());
  s.bench.advance(50ms);
  CHECK(s.bench.asked.size() == 1);
}

TEST_CASE("no node fits: said once per message, and bound when a node comes [E45]") {
  Setup s;
  schema::Project& web = s.pending("web");
  s.bench.start();
  REQUIRE(s.bench.operations() == Strings{"project.unschedulable"});
  const auto said = s.bench.message<schema::UnschedulableRequest>(0);
  CHECK(said.message == "no node has registered yet");
  schema::set_condition(web.status.conditions, {.type = "Phase",
                                                .status = "True",
                                                .reason = "Unschedulable",
                                                .message = said.message,
                                                .last_transition_time = s.bench.now.wall});
  ++s.bench.revision;
  s.bench.answer(schema::RevisionReply{s.bench.revision});
  s.bench.advance(60s);
  CHECK(s.bench.asked.empty());

  s.node("n1", schema::NodeState::kNotReady);
  s.bench.resync();
  REQUIRE(s.bench.operations() == Strings{"project.unschedulable"});
  CHECK(s.bench.message<schema::UnschedulableRequest>(0).message == "0/1 node fits: 1 NotReady");
  s.bench.answer(schema::RevisionReply{s.bench.revision});

  s.node("n1");
  s.bench.resync();
  s.bench.advance(1s);
  CHECK(s.bench.operations() == Strings{"project.bind"});
}

TEST_CASE("at most max_in_flight requests are open; the rest follow as answers come") {
  scheduler::Scheduler actor({.id = "s1", .max_in_flight = 3});
  test::ActorBench<scheduler::Scheduler> bench(actor);
  bench.nodes["n1"].status.state = schema::NodeState::kReady;
  bench.nodes["n1"].metadata.name = "n1";
  for (char c = 'a'; c < 'k'; ++c) {
    schema::Project& project = bench.projects[std::string(1, c)];
    project.metadata.name = std::string(1, c);
    project.metadata.uid = project.metadata.name;
    project.spec.services = {{.name = "s", .image = "i", .env = {}, .volume_mounts = {}}};
  }
  bench.start();
  CHECK(bench.asked.size() == 3);
  bench.answer(schema::RevisionReply{50});
  CHECK(bench.asked.size() == 3);
}

TEST_CASE("nothing is bound before everything was read") {
  Setup s;
  s.node("n1");
  s.pending("web");
  s.bench.readable = false;
  s.bench.start();
  s.bench.advance(10s);
  CHECK(s.bench.asked.empty());
  s.bench.readable = true;
  s.bench.advance(10s);
  CHECK(s.bench.operations() == Strings{"project.bind"});
}

TEST_CASE("garbage on a hint's subject is only a hint [S53]") {
  Setup s;
  s.node("n1");
  s.bench.start();
  s.pending("web");
  ++s.bench.revision;
  s.bench.tell(runtime::Delivered{schema::kSchedAll, "\xc1garbage", {}});
  s.bench.advance(1s);  // this bench makes the mirror list again, after a short wait
  CHECK(s.bench.operations() == Strings{"project.bind"});
}
