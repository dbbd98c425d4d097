#include <string>
#include <vector>

#include "schema/wire.h"
#include "services/runtime/calls.h"
#include "services/runtime/mirror.h"
#include "tests/catch_compat.h"

using namespace cara;
using namespace cara::runtime;
using namespace std::chrono_literals;

namespace {

constexpr TimerId kTimer = 9;

schema::Project project(const std::string& name, const std::string& uid, std::int64_t revision) {
  schema::Project out;
  out.metadata.name = name;
  out.metadata.uid = uid;
  out.metadata.revision = revision;
  out.spec.services = {{.name = "s", .image = "i", .env = {}, .volume_mounts = {}}};
  return out;
}

// Plays the apiserver by hand.
struct Bench {
  RequestIds ids;
  Mirror mirror{{.caller = {schema::Role::kSched, "s1"}, .timer = kTimer, .max_news = 3}, ids};
  Effects effects;

  void tell(const Event& event) {
    effects.clear();
    mirror.handle(event, effects);
  }
  // The one request among the effects.
  Request asked() const {
    std::vector<Request> found;
    for (const Effect& effect : effects) {
      if (const auto* request = std::get_if<Request>(&effect)) found.push_back(*request);
    }
    REQUIRE(found.size() == 1);
    return found.front();
  }
  std::string operation() const {
    const auto call = schema::parse_api_subject(asked().subject);
    REQUIRE(call);
    return call->kind + "." + call->verb;
  }
  bool asked_nothing() const {
    for (const Effect& effect : effects) {
      if (std::holds_alternative<Request>(effect)) return false;
    }
    return true;
  }
  template <class Reply>
  void answer(const Reply& reply) {
    tell(Answered{asked().id, schema::pack_message(reply)});
  }
  void fail(Error error) { tell(Answered{asked().id, std::move(error)}); }
  void complete_list() {
    tell(Started{});
    answer(schema::ProjectListReply{{project("a", "u1", 3)}, "", 5});
    answer(schema::NodeListReply{{}, "", 5});
    answer(schema::ChangesReply{{}, 5, false});
    REQUIRE(mirror.ready());
  }
};

schema::Change put(const schema::Project& p) {
  return {p.metadata.revision, "project", p.metadata.name, p.metadata.uid, false, p, {}};
}
schema::Change gone_change(std::int64_t revision, const std::string& name, const std::string& uid) {
  return {revision, "project", name, uid, true, {}, {}};
}

}  // namespace

TEST_CASE("a mirror shows nothing before the list is complete and caught up") {
  Bench bench;
  bench.tell(Started{});
  CHECK(bench.operation() == "project.list");
  bench.answer(schema::ProjectListReply{{project("a", "u1", 1)}, "a", 5});
  CHECK(bench.operation() == "project.list");
  CHECK(schema::unpack_message<schema::ListRequest>(bench.asked().body)->after == "a");
  bench.answer(schema::ProjectListReply{{project("b", "u2", 6)}, "", 8});
  CHECK(bench.operation() == "node.list");
  bench.answer(schema::NodeListReply{{}, "", 9});
  CHECK(bench.operation() == "changes.since");
  // Followed from the first page: `a` may have gone while the second was read.
  CHECK(schema::unpack_message<schema::ChangesRequest>(bench.asked().body)->since == 5);
  CHECK(!bench.mirror.ready());
  CHECK(bench.mirror.projects().empty());
  bench.answer(schema::ChangesReply{{gone_change(7, "a", "u1")}, 7, true});
  CHECK(!bench.mirror.ready());
  bench.answer(schema::ChangesReply{{}, 9, false});
  CHECK(bench.mirror.ready());
  CHECK(bench.mirror.projects().size() == 1);
  CHECK(bench.mirror.projects().contains("b"));
  CHECK(bench.mirror.revision() == 9);
}

TEST_CASE("a mirror pulls on hints, on reconnect and on its slow timer") {
  Bench bench;
  bench.complete_list();
  bench.effects.clear();
  SECTION("a hint about something newer") {
    bench.mirror.wake(schema::pack_message(schema::Wake{6}), bench.effects);
    CHECK(bench.operation() == "changes.since");
  }
  SECTION("a hint about what is already here") {
    bench.mirror.wake(schema::pack_message(schema::Wake{5}), bench.effects);
    CHECK(bench.asked_nothing());
  }
  SECTION("a hint that something other than the content is new") {
    bench.mirror.wake(schema::pack_message(schema::Wake{}), bench.effects);
    CHECK(bench.operation() == "changes.since");
  }
  SECTION("a hint that is garbage") {
    bench.mirror.wake("\xc1", bench.effects);
    CHECK(bench.operation() == "changes.since");
  }
  SECTION("reconnected") {
    bench.tell(Resync{});
    CHECK(bench.operation() == "changes.since");
  }
  SECTION("the timer") {
    bench.tell(TimerFired{kTimer});
    CHECK(bench.operation() == "changes.since");
  }
}

TEST_CASE("a hint that comes while a request is under way makes the mirror ask once more") {
  Bench bench;
  bench.complete_list();
  bench.tell(TimerFired{kTimer});
  const Request first = bench.asked();
  Effects none;
  bench.mirror.pull(none);
  bench.mirror.pull(none);
  CHECK(none.empty());
  bench.tell(Answered{first.id, schema::pack_message(schema::ChangesReply{{}, 5, false})});
  CHECK(bench.operation() == "changes.since");
  bench.answer(schema::ChangesReply{{}, 6, false});
  CHECK(bench.asked_nothing());
}

TEST_CASE("an answer that comes twice or belongs to somebody else changes nothing") {
  Bench bench;
  bench.complete_list();
  bench.tell(TimerFired{kTimer});
  const Request first = bench.asked();
  const auto body =
      schema::pack_message(schema::ChangesReply{{put(project("b", "u2", 6))}, 6, false});
  bench.tell(Answered{first.id, body});
  const auto version = bench.mirror.version();
  CHECK(!bench.mirror.handle(Answered{first.id, body}, bench.effects));
  CHECK(!bench.mirror.handle(Answered{4711, body}, bench.effects));
  CHECK(bench.mirror.version() == version);
}

TEST_CASE("an old deletion never removes the newer object of that name [E27]") {
  Bench bench;
  bench.complete_list();
  bench.tell(TimerFired{kTimer});
  bench.answer(
      schema::ChangesReply{{put(project("a", "u9", 6)), gone_change(7, "a", "u1")}, 7, false});
  REQUIRE(bench.mirror.projects().contains("a"));
  CHECK(bench.mirror.projects().at("a").metadata.uid == "u9");
}

TEST_CASE("after an error a mirror keeps what it shows and asks again, later and later") {
  Bench bench;
  bench.complete_list();
  std::vector<Duration> waits;
  for (int i = 0; i < 3; ++i) {
    bench.tell(TimerFired{kTimer});
    bench.fail(unavailable("nobody answers"));
    for (const Effect& effect : bench.effects) {
      if (const auto* timer = std::get_if<SetTimer>(&effect)) waits.push_back(timer->after);
    }
  }
  CHECK(waits == std::vector<Duration>{100ms, 200ms, 400ms});
  CHECK(bench.mirror.projects().contains("a"));
}

TEST_CASE("too far behind: a mirror lists again and shows the old content until that is done") {
  Bench bench;
  bench.complete_list();
  bench.tell(TimerFired{kTimer});
  SECTION("the apiserver says so") { bench.fail(gone("list again")); }
  SECTION("the store is older than what was seen") {
    bench.answer(schema::ChangesReply{{}, 2, false});
  }
  CHECK(bench.operation() == "project.list");
  bench.answer(schema::ProjectListReply{{project("z", "u7", 2)}, "", 2});
  CHECK(bench.mirror.projects().contains("a"));
  CHECK(!bench.mirror.projects().contains("z"));
  bench.answer(schema::NodeListReply{{}, "", 2});
  bench.answer(schema::ChangesReply{{}, 2, false});
  CHECK(!bench.mirror.projects().contains("a"));
  CHECK(bench.mirror.projects().contains("z"));
  CHECK(bench.mirror.revision() == 2);
}

TEST_CASE("a list that is outdated as soon as it is read is not asked for in a tight loop") {
  Bench bench;
  bench.tell(Started{});
  for (int i = 0; i < 2; ++i) {
    bench.answer(schema::ProjectListReply{{}, "", 2});
    bench.answer(schema::NodeListReply{{}, "", 2});
    bench.fail(gone("list again"));
  }
  CHECK(bench.asked_nothing());
  bench.tell(TimerFired{kTimer});
  CHECK(bench.operation() == "project.list");
}

TEST_CASE("a reply that is garbage is an error like any other [S53]") {
  Bench bench;
  bench.complete_list();
  bench.tell(TimerFired{kTimer});
  bench.tell(Answered{bench.asked().id, Payload("\xdd\xff\x00\x00\x00", 5)});
  CHECK(bench.asked_nothing());
  CHECK(bench.mirror.projects().contains("a"));
  bench.tell(TimerFired{kTimer});
  CHECK(bench.operation() == "changes.since");
}

TEST_CASE("a mirror tells what is new since it was asked last, or that it may be anything") {
  using Names = std::set<std::string>;
  Bench bench;
  bench.complete_list();
  CHECK(bench.mirror.take_news().all);
  CHECK(!bench.mirror.take_news().all);
  const auto follow = [&bench](const schema::ChangesReply& reply) {
    bench.tell(TimerFired{kTimer});
    bench.answer(reply);
  };
  schema::Node node;
  node.metadata.name = "n";
  follow({{put(project("b", "u2", 6)), {7, "node", "n", "", false, {}, node}}, 7, false});
  // What is deleted is news, what never was here is not.
  follow({{gone_change(8, "a", "u1"), gone_change(9, "z", "u9")}, 9, false});
  MirrorNews news = bench.mirror.take_news();
  CHECK(!news.all);
  CHECK(news.projects == Names{"a", "b"});
  CHECK(news.nodes == Names{"n"});
  CHECK(bench.mirror.take_news().projects.empty());
  SECTION("too much of it") {
    schema::ChangesReply many{.revision = 20};
    for (int i = 0; i < 4; ++i) many.changes.push_back(put(project(std::to_string(i), "u", 10)));
    follow(many);
    CHECK(bench.mirror.take_news().all);
  }
  SECTION("listed again") {
    bench.tell(TimerFired{kTimer});
    bench.fail(gone("list again"));
    bench.answer(schema::ProjectListReply{{}, "", 20});
    bench.answer(schema::NodeListReply{{}, "", 20});
    CHECK(!bench.mirror.take_news().all);
    bench.answer(schema::ChangesReply{{}, 20, false});
    CHECK(bench.mirror.take_news().all);
  }
}

TEST_CASE("what a scheduler may place comes with the list already, and with every answer") {
  Bench bench;
  bench.tell(Started{});
  bench.answer(schema::ProjectListReply{{project("a", "u1", 3)}, "", 5});
  bench.answer(schema::NodeListReply{{}, "", 5});
  bench.answer(schema::ChangesReply{.revision = 5, .more = true, .claimed = {"a"}, .claim_ms = 9});
  CHECK(bench.mirror.take_news().claimed.empty());  // nothing before it is ready
  bench.answer(schema::ChangesReply{.revision = 6,
                                    .claimed = {"b"},
                                    .claim_ms = 9,
                                    .placement = schema::PlacementStrategy::kBinpack});
  CHECK(bench.mirror.take_news().claimed == std::vector<std::string>{"a", "b"});
  CHECK(bench.mirror.claim_ms() == 9);
  CHECK(bench.mirror.placement() == schema::PlacementStrategy::kBinpack);
  // An apiserver that knows of no claims.
  bench.tell(TimerFired{kTimer});
  bench.answer(schema::ChangesReply{.revision = 7});
  CHECK(bench.mirror.claim_ms() == 0);
}
