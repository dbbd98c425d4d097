#include <set>

#include "services/gc/gc.h"
#include "tests/catch_compat.h"
#include "tests/unit/actor_bench.h"

using namespace cara;
using namespace std::chrono_literals;
using Strings = std::vector<std::string>;

namespace {

struct Setup {
  gc::Gc actor{{.id = "g1"}};
  test::ActorBench<gc::Gc> bench{actor};

  schema::Project& project(const std::string& name, schema::Phase phase) {
    schema::Project& out = bench.projects[name];
    out.metadata.name = name;
    out.metadata.uid = "uid-" + name;
    out.spec.services = {{.name = "s", .image = "i", .env = {}, .volume_mounts = {}}};
    out.status.phase = phase;
    return out;
  }
};

}  // namespace

TEST_CASE("the record of a Terminated project is reaped at once, by uid [S26]") {
  Setup s;
  s.project("web", schema::Phase::kTerminated);
  s.bench.start();
  REQUIRE(s.bench.operations() == Strings{"project.reap"});
  CHECK(s.bench.message<schema::GcRequest>(0).name == "web");
  CHECK(s.bench.message<schema::GcRequest>(0).uid == "uid-web");
  CHECK(s.bench.asked[0].second.subject == "cara.v1.api.gc.g1.project.reap");
  s.bench.projects.clear();
  ++s.bench.revision;
  s.bench.answer(schema::RevisionReply{s.bench.revision});
  s.bench.advance(60s);
  CHECK(s.bench.asked.empty());
}

TEST_CASE("a project expires within a second of its time, not before [S19]") {
  Setup s;
  s.project("web", schema::Phase::kRunning).spec.expire_at =
      Timestamp{s.bench.now.wall.ms + 10'000};
  s.bench.start();
  s.bench.advance(9'999ms);
  CHECK(s.bench.asked.empty());
  s.bench.advance(1ms);
  CHECK(s.bench.operations() == Strings{"project.expire"});
}

TEST_CASE("a wall clock that is stepped past the expiry is noticed within a second [S19]") {
  Setup s;
  s.project("web", schema::Phase::kRunning).spec.expire_at =
      Timestamp{s.bench.now.wall.ms + 3'600'000};
  s.bench.start();
  s.bench.now.wall.ms += 3'600'000;
  s.bench.advance(1s);
  CHECK(s.bench.operations() == Strings{"project.expire"});
}

// A gc whose own clock was an hour behind let projects live for an hour too long.
TEST_CASE("a project expires by the apiserver's clock, whatever gc's own says [S19, E41, I35]") {
  Setup s;
  const auto ahead = GENERATE(std::chrono::milliseconds{1h}, std::chrono::milliseconds{-1h});
  s.bench.server_ahead = ahead;
  s.project("web", schema::Phase::kRunning).spec.expire_at =
      Timestamp{s.bench.now.wall.ms + ahead.count() + 10'000};
  s.bench.start();
  s.bench.advance(9'999ms);
  CHECK(s.bench.asked.empty());
  s.bench.advance(1ms);
  CHECK(s.bench.operations() == Strings{"project.expire"});
}

TEST_CASE("an expireAt that is moved or taken away before then takes effect [S20]") {
  Setup s;
  schema::Project& web = s.project("web", schema::Phase::kRunning);
  web.spec.expire_at = Timestamp{s.bench.now.wall.ms + 10'000};
  s.bench.start();
  s.bench.advance(5s);
  SECTION("moved") {
    web.spec.expire_at = Timestamp{s.bench.now.wall.ms + 20'000};
    s.bench.resync();
    s.bench.advance(19s);
    CHECK(s.bench.asked.empty());
    s.bench.advance(1s);
    CHECK(s.bench.operations() == Strings{"project.expire"});
  }
  SECTION("taken away") {
    web.spec.expire_at.reset();
    s.bench.resync();
    s.bench.advance(60s);
    CHECK(s.bench.asked.empty());
  }
}

TEST_CASE("an eviction that comes too early is asked again until the window is over [S32]") {
  Setup s;
  schema::Project& web = s.project("web", schema::Phase::kRunning);
  schema::set_condition(web.status.conditions, {.type = schema::kConditionNotReadyAt,
                                                .status = "True",
                                                .reason = "NodeLost",
                                                .message = "",
                                                .last_transition_time = s.bench.now.wall});
  s.bench.start();
  int asked = 0;
  for (int second = 0; second < 20; ++second) {
    asked += static_cast<int>(s.bench.asked.size());
    if (!s.bench.asked.empty()) s.bench.answer(conflict("not yet"));
    s.bench.resync();  // other things happen; they do not make it ask more often
    s.bench.advance(1s);
  }
  CHECK(asked == 10);
  SECTION("the node came back") {
    schema::clear_condition(web.status.conditions, schema::kConditionNotReadyAt);
    s.bench.asked.clear();
    s.bench.resync();
    s.bench.advance(60s);
    CHECK(s.bench.asked.empty());
  }
}

TEST_CASE("a request that nobody answers is sent again") {
  Setup s;
  s.project("web", schema::Phase::kTerminated);
  s.bench.start();
  for (int i = 0; i < 5; ++i) {
    REQUIRE(s.bench.asked.size() == 1);
    s.bench.answer(unavailable("nobody answers"));
    s.bench.advance(1s);
  }
}

TEST_CASE("gc does nothing as long as it could not read everything [E44]") {
  Setup s;
  s.project("web", schema::Phase::kTerminated);
  s.bench.readable = false;
  s.bench.start();
  s.bench.advance(60s);
  CHECK(s.bench.asked.empty());
}

TEST_CASE(
    "a gc that was away for a week has everything that is due asked for, a bounded part at a time "
    "[S19][F12]") {
  Setup s;
  for (int i = 0; i < 100; ++i) {
    schema::Project& old = s.project("p" + std::to_string(i), schema::Phase::kRunning);
    old.spec.expire_at = Timestamp{s.bench.now.wall.ms - 7 * 24 * 3'600'000};
  }
  s.project("later", schema::Phase::kRunning).spec.expire_at =
      Timestamp{s.bench.now.wall.ms + 3'600'000};
  s.bench.start();
  CHECK(s.bench.asked.size() == 32);
  std::set<std::string> expired;
  while (!s.bench.asked.empty()) {
    const auto request = s.bench.message<schema::GcRequest>(0);
    CHECK(expired.insert(request.name).second);
    s.bench.projects[request.name].status.phase = schema::Phase::kTerminating;
    ++s.bench.revision;
    s.bench.answer(schema::RevisionReply{s.bench.revision});
  }
  CHECK(expired.size() == 100);
  CHECK(!expired.contains("later"));
}

TEST_CASE("of two gcs the one that comes second finds it done, and asks no more [I27]") {
  Setup s;
  s.project("web", schema::Phase::kTerminated);
  s.bench.start();
  REQUIRE(s.bench.operations() == Strings{"project.reap"});
  s.bench.projects.clear();
  ++s.bench.revision;
  s.bench.answer(not_found("project/web does not exist"));
  s.bench.advance(60s);
  CHECK(s.bench.asked.empty());
}
