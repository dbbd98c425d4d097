// How the apiserver meets the bus: batches, hints, roles, garbage, pages, rivals.
#include <set>

#include "schema/codec.h"
#include "services/apiserver/operations.h"
#include "tests/unit/apiserver_world.h"

namespace cara::apiserver {
namespace {

runtime::Delivered apply_message(World& world, const std::string& name) {
  return world.message(kAlice, "project.apply",
                       schema::pack_message(schema::ApplyRequest{"id-" + name, simple(name)}));
}

TEST_CASE("one request that fails leaves the others of its batch untouched [I2]") {
  World world;
  const auto first = apply_message(world, "a");
  runtime::Delivered wrong = apply_message(world, "b");
  wrong.body = schema::pack_message(schema::ApplyRequest{"x", manifest("b", Map{})});
  // It writes the project before it finds that a name is taken.
  const auto clash =
      world.message(kAlice, "project.apply",
                    schema::pack_message(schema::ApplyRequest{
                        "y", manifest("a-web", Map{{"services", Value(Array{service("x")})}})}));
  const auto holder =
      world.message(kAlice, "project.apply",
                    schema::pack_message(schema::ApplyRequest{
                        "z", manifest("c", Map{{"services", Value(Array{service("d-e")})}})}));
  const auto loser =
      world.message(kAlice, "project.apply",
                    schema::pack_message(schema::ApplyRequest{
                        "w", manifest("c-d", Map{{"services", Value(Array{service("e")})}})}));
  const auto last = apply_message(world, "f");
  world.step({first, wrong, clash, holder, loser, last});
  const auto ok = [&](const runtime::Delivered& sent) {
    return schema::unpack_reply<schema::ApplyReply>(*world.answer_to(sent)).ok();
  };
  CHECK(ok(first));
  CHECK(!ok(wrong));
  CHECK(ok(clash));
  CHECK(ok(holder));
  CHECK(!ok(loser));
  CHECK(ok(last));
  CHECK(failed_with(world.get("c-d"), Code::kNotFound));
  CHECK(world.project("f").metadata.revision == 4);  // no revision was spent on the loser
}

TEST_CASE("answers come before hints, hints are one per batch and receiver") {
  World world;
  REQUIRE(world.register_node("w1").ok());
  for (const char* name : {"a", "b", "c"}) {
    REQUIRE(world.apply(simple(name)).ok());
    REQUIRE(world.bind(name, "w1").ok());
  }
  std::vector<runtime::Event> batch;
  for (const char* name : {"a", "b", "c"}) {
    batch.push_back(world.message(
        kAlice, "project.delete",
        schema::pack_message(schema::DeleteRequest{.request_id = name, .name = name, .uid = ""})));
    batch.push_back(apply_message(world, std::string("new-") + name));
  }
  world.step(batch);
  CHECK(world.published("cara.v1.node.w1.wake").size() == 1);
  CHECK(world.published(schema::kSchedAll).size() == 1);
  CHECK(world.published(schema::kGcWake).size() == 1);
  CHECK(world.published("cara.v1.evt.project.a").size() == 1);
  REQUIRE(world.effects.size() == 6 + 3 + 6);
  for (std::size_t i = 0; i < 6; ++i) {
    CHECK(std::holds_alternative<runtime::Respond>(world.effects[i]));
  }
  const auto wake = schema::unpack_message<schema::Wake>(world.published(schema::kGcWake)[0]);
  CHECK(wake->revision == world.store->revision());
}

TEST_CASE("events say what changed, never what is in it [I24]") {
  World world;
  const Value secret = manifest(
      "shop",
      Map{{"services",
           Value(Array{Map{{"name", "web"},
                           {"image", "busybox"},
                           {"env", Value(Array{Map{{"name", "P"}, {"value", "hunter2"}}})}}})}});
  REQUIRE(world.apply(secret).ok());
  const auto bodies = world.published("cara.v1.evt.project.shop");
  REQUIRE(bodies.size() == 1);
  const auto event = schema::unpack_message<schema::ChangeEvent>(bodies[0]);
  CHECK(event->phase == "Pending");
  CHECK(event->revision == world.store->revision());
  CHECK(!event->deleted);
  for (const runtime::Effect& effect : world.effects) {
    if (const auto* publish = std::get_if<runtime::Publish>(&effect)) {
      CHECK(!contains(publish->body, "hunter2"));
    }
  }

  SECTION("and env values are for admins only [I36]") {
    const auto value_in = [](const schema::Project& project) {
      return project.spec.services[0].env[0].value;
    };
    CHECK(value_in(*world.get("shop")) == "hunter2");
    CHECK(value_in(*world.get("shop", kBob)).empty());
    for (const Identity& who : {kBob, kSched, kGc}) {
      const auto list =
          world.call<schema::ProjectListReply>(who, "project.list", schema::ListRequest{});
      CHECK(value_in(list->projects[0]).empty());
      const auto changes =
          world.call<schema::ChangesReply>(who, "changes.since", schema::ChangesRequest{0});
      CHECK(value_in(*changes->changes[0].project).empty());
    }
  }
}

TEST_CASE("every role may do what the table says and nothing else [I29]") {
  const std::map<std::string, std::set<Role>> allowed{
      {"project.apply", {Role::kAdmin}},
      {"project.change", {Role::kAdmin}},
      {"project.get", {Role::kAdmin, Role::kViewer}},
      {"project.list", {Role::kAdmin, Role::kViewer, Role::kSched, Role::kGc}},
      {"project.delete", {Role::kAdmin}},
      {"project.history", {Role::kAdmin, Role::kViewer}},
      {"project.undo", {Role::kAdmin}},
      {"event.list", {Role::kAdmin, Role::kViewer}},
      {"event.report", {Role::kAgent}},
      {"project.bind", {Role::kSched}},
      {"project.unschedulable", {Role::kSched}},
      {"project.expire", {Role::kGc}},
      {"project.evict", {Role::kGc}},
      {"project.reap", {Role::kGc}},
      {"project.status", {Role::kAgent}},
      {"node.register", {Role::kAgent}},
      {"node.get", {Role::kAdmin, Role::kViewer}},
      {"node.list", {Role::kAdmin, Role::kViewer, Role::kSched, Role::kGc}},
      {"node.delete", {Role::kAdmin}},
      {"node.change", {Role::kAdmin}},
      {"project.move", {Role::kAdmin}},
      {"cluster.allow-moves", {Role::kAdmin}},
      {"desired.get", {Role::kAgent}},
      {"routes.get", {Role::kAgent}},
      {"changes.since", {Role::kAdmin, Role::kViewer, Role::kSched, Role::kGc}},
      {"stream.logs", {Role::kAdmin, Role::kViewer}},
      {"stream.exec", {Role::kAdmin}},
      {"stream.forward", {Role::kAdmin}},
      {"stream.copy", {Role::kAdmin}},
      {"stream.stats", {Role::kAdmin, Role::kViewer}},
      {"server.info",
       {Role::kAdmin, Role::kViewer, Role::kSched, Role::kGc, Role::kAgent, Role::kApiserver}},
  };
  // backup.* are permitted here and answered by a worker: apiserver_permissions_test.cpp.
  CHECK(operations().size() == allowed.size() + 3);
  World world;
  for (const auto& [operation, roles] : allowed) {
    for (const Role role :
         {Role::kAdmin, Role::kViewer, Role::kSched, Role::kGc, Role::kAgent, Role::kApiserver}) {
      const auto sent =
          world.message({role, "x"}, operation, schema::pack_message(schema::GetRequest{"none"}));
      world.step({sent});
      const auto answer = world.answer_to(sent);
      REQUIRE(answer.has_value());
      const auto reply = schema::open_reply(*answer);
      INFO(operation << " as " << to_string(role));
      CHECK(failed_with(reply, Code::kForbidden) == !roles.contains(role));
    }
  }
  CHECK(world.store->revision() == 0);
}

TEST_CASE("a reply subject that is not the caller's own is dropped and counted [F37]") {
  World world;
  runtime::Delivered evil = apply_message(world, "shop");
  for (const std::string reply :
       {"cara.v1.api.admin.alice.project.delete", "_INBOX.admin.bob.1", "_INBOX.admin.alice",
        "_INBOX.admin.alice2.x", "_INBOX.admin.alice.>", "_INBOX.admin.alice.a..b", ""}) {
    evil.reply = runtime::ReplyTo{reply};
    CHECK(world.step({evil}).empty());
  }
  evil.reply.reset();
  CHECK(world.step({evil}).empty());
  CHECK(world.server->refused().reply == 8);
  CHECK(world.store->revision() == 0);
}

TEST_CASE("garbage on every subject is refused and counted, and nobody dies [S53][I28]") {
  World world;
  REQUIRE(world.register_node("w1").ok());
  REQUIRE(world.apply(simple("shop")).ok());
  const std::int64_t revision = world.store->revision();
  const std::vector<std::string> garbage{
      "",
      std::string("\xdd\xff\x00\x00\x00", 5),
      std::string(200'000, '\x91'),
      "\xc1",
      std::string("\x81\xa1"),
      "\x82\xa1"
      "a\x01\xa1"
      "a\x02",
      std::string("\x81\xa4name\xc4\x01x"),
      std::string("\x81\xa4name\xa1\xff"),
      std::string("\x81\xa4name\xcb\x7f\xf8\x00\x00\x00\x00\x00\x00", 15),
      schema::pack(Map{{"name", Value(Array{})}, {"requestId", 7}, {"manifest", "text"}}),
      std::string("\x80\x80"),
      std::string(1'000'000, 'x'),
  };
  std::int64_t answered = 0;
  for (const Operation& operation : operations()) {
    for (const std::string& body : garbage) {
      for (const Role role : operation.roles) {
        const auto sent = world.message({role, "w1"}, std::string(operation.name), body);
        world.step({sent});
        REQUIRE(!world.stop_reason());
        answered += world.answer_to(sent).has_value() ? 1 : 0;
        // These need nothing, so they take any map.
        if (operation.name == "server.info" || operation.name.ends_with(".list")) continue;
        CHECK(failed_with(schema::open_reply(*world.answer_to(sent)), Code::kInvalid));
      }
    }
  }
  CHECK(answered > 300);
  const std::int64_t counted = world.server->refused().body;
  CHECK(counted > 300);
  for (const std::string& body : garbage) {
    runtime::Delivered beat = world.beat_message("w1");
    beat.body = body;
    world.step({beat, runtime::Delivered{schema::kApiserverAlive, body, std::nullopt}});
    REQUIRE(!world.stop_reason());
  }
  CHECK(world.server->refused().body == counted + 12);
  for (const std::string subject :
       {"cara.v1.api.", "cara.v1.api.admin", "cara.v1.api.admin.alice.project.apply.more",
        "cara.v1.api.root.alice.project.apply", "cara.v1.api.admin..project.apply", "cara.v1.hb.",
        "cara.v1.hb.a.b", "nonsense", ""}) {
    CHECK(world.step({runtime::Delivered{subject, "\x80", runtime::ReplyTo{"_INBOX.admin.a.1"}}})
              .empty());
  }
  CHECK(world.server->refused().subject == 9);
  const auto unknown =
      world.call<schema::RevisionReply>(kAlice, "project.explode", schema::GetRequest{"shop"});
  CHECK(failed_with(unknown, Code::kInvalid));
  CHECK(world.store->revision() == revision);
  world.step({runtime::TimerFired{2}});
  bool told = false;
  for (const runtime::Effect& effect : world.effects) {
    const auto* note = std::get_if<runtime::Note>(&effect);
    told = told || (note != nullptr && contains(note->text, "messages refused"));
  }
  CHECK(told);
}

TEST_CASE("lists come in pages that are cut by count and by bytes [E47]") {
  World world;
  const auto big = [](const std::string& name) {
    return manifest(
        name,
        Map{{"services",
             Value(Array{Map{{"name", "web"},
                             {"image", "busybox"},
                             {"env", Value(Array{Map{{"name", "V"},
                                                     {"value", std::string(100'000, 'x')}}})}}})}});
  };
  REQUIRE(world.register_node("w1").ok());
  for (int i = 10; i < 30; ++i) {
    const std::string name = "p" + std::to_string(i);
    REQUIRE(world.apply(big(name)).ok());
    REQUIRE(world.bind(name, "w1").ok());
  }
  const auto check = [](const std::vector<std::string>& names) {
    REQUIRE(names.size() == 20);
    CHECK(std::is_sorted(names.begin(), names.end()));
  };
  std::vector<std::string> listed;
  std::string after;
  do {
    const auto page =
        world.call<schema::ProjectListReply>(kAlice, "project.list", schema::ListRequest{after, 0});
    REQUIRE(page.ok());
    CHECK(schema::pack_message(*page).size() < 700 * 1024);
    CHECK(page->revision == world.store->revision());
    for (const auto& project : page->projects) listed.push_back(project.metadata.name);
    after = page->next;
  } while (!after.empty());
  check(listed);

  std::vector<std::string> desired;
  do {
    const auto page = world.call<schema::DesiredReply>(
        agent_of("w1"), "desired.get",
        schema::DesiredRequest{"w1", world.registrations["w1"], after});
    REQUIRE(page.ok());
    for (const auto& project : page->projects) desired.push_back(project.name);
    after = page->next;
  } while (!after.empty());
  check(desired);

  const auto three =
      world.call<schema::ProjectListReply>(kAlice, "project.list", schema::ListRequest{"p12", 3});
  REQUIRE(three->projects.size() == 3);
  CHECK(three->projects[0].metadata.name == "p13");
  CHECK(three->next == "p15");
}

TEST_CASE("changes are each object once, as it is now, in pages [I3]") {
  StoreOptions small;
  small.max_changes = 10;
  World world(small);
  REQUIRE(world.apply(simple("a")).ok());
  REQUIRE(world.apply(simple("b")).ok());
  const auto since = [&](std::int64_t revision) {
    return world.call<schema::ChangesReply>(kSched, "changes.since",
                                            schema::ChangesRequest{revision});
  };
  REQUIRE(world.apply(simple("a", "busybox:2")).ok());
  auto changes = since(0);
  REQUIRE(changes->changes.size() == 2);
  CHECK(changes->changes[0].name == "b");
  CHECK(changes->changes[1].name == "a");
  CHECK(changes->changes[1].revision == 3);
  CHECK(changes->changes[1].project->spec.services[0].image == "busybox:2");
  CHECK(changes->revision == 3);
  CHECK(!changes->more);
  CHECK(since(3)->changes.empty());

  REQUIRE(world.remove("a").ok());
  REQUIRE(world.gc("reap", "a").ok());
  changes = since(3);
  REQUIRE(changes->changes.size() == 1);
  CHECK(changes->changes[0].deleted);
  CHECK(!changes->changes[0].project);

  SECTION("who is too far behind lists again, and so does who is ahead [F9]") {
    for (int i = 0; i < 10; ++i) REQUIRE(world.apply(simple("n" + std::to_string(i))).ok());
    CHECK(world.store->floor() == world.store->revision() - 10);
    CHECK(failed_with(since(world.store->floor() - 1), Code::kGone));
    CHECK(since(world.store->floor())->changes.size() == 10);
    CHECK(failed_with(since(world.store->revision() + 1), Code::kGone));
  }
}

TEST_CASE("a long run of changes is read in pages without loss") {
  World world;
  for (int i = 0; i < 1'500; ++i) {
    REQUIRE(world.apply(simple("p" + std::to_string(i))).ok());
  }
  std::set<std::string> names;
  std::int64_t since = 0;
  bool more = true;
  while (more) {
    const auto page =
        world.call<schema::ChangesReply>(kGc, "changes.since", schema::ChangesRequest{since});
    REQUIRE(page.ok());
    REQUIRE(page->revision > since);
    for (const auto& change : page->changes) names.insert(change.name);
    since = page->revision;
    more = page->more;
  }
  CHECK(names.size() == 1'500);
}

TEST_CASE("schedulers are reminded as long as something is Pending [F14]") {
  World world;
  world.step({runtime::TimerFired{2}});
  CHECK(world.published(schema::kSchedAll).empty());
  REQUIRE(world.apply(simple("shop")).ok());
  world.step({runtime::TimerFired{2}});
  REQUIRE(world.published(schema::kSchedAll).size() == 1);
  // Whoever is up to date pulls, too: there may be something for it to place.
  const auto wake = schema::unpack_message<schema::Wake>(world.published(schema::kSchedAll)[0]);
  REQUIRE(wake.ok());
  CHECK(wake->revision == 0);
}

TEST_CASE("of two apiservers on one bus the newer one stops [I34]") {
  World world;
  const auto hears = [&](const std::string& instance, std::int64_t offset_ms) {
    world.step({runtime::Delivered{
        schema::kApiserverAlive,
        schema::pack_message(schema::Alive{instance, world.now.wall.ms + offset_ms}),
        std::nullopt}});
  };
  hears("newer", 5);
  CHECK(!world.stop_reason());
  CHECK(world.published(schema::kApiserverAlive).size() == 1);  // so that it learns of us
  hears("older", -5);
  REQUIRE(world.stop_reason());
  CHECK(contains(*world.stop_reason(), "another cara-apiserver (older)"));

  SECTION("one that asks before it serves is told") {
    const runtime::Delivered probe{schema::kApiserverAlive,
                                   schema::pack_message(schema::Alive{"probe", 1LL << 60}),
                                   runtime::ReplyTo{"_INBOX.apiserver.a1.7"}};
    world.step({probe});
    CHECK(schema::unpack_message<schema::Alive>(*world.answer_to(probe)).ok());
    runtime::Delivered foreign = probe;
    foreign.reply->subject = "cara.v1.api.admin.alice.project.delete";
    world.step({foreign});
    CHECK(!world.answer_to(foreign));
  }
}

}  // namespace
}  // namespace cara::apiserver
