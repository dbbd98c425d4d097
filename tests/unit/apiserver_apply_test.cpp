// What apply accepts, refuses, and says.
#include "tests/unit/apiserver_world.h"

namespace cara::apiserver {
namespace {

Value spec_with(Array services, Array volumes = {}, Array ingress = {}) {
  return Map{{"services", Value(std::move(services))},
             {"volumes", Value(std::move(volumes))},
             {"ingress", Value(std::move(ingress))}};
}
Value with_spec(const std::string& name, const Value& spec) {
  return manifest(name, *spec.as_map());
}
Value ingress(const std::string& name, const std::string& host, std::int64_t port = 80,
              const std::string& target = "web") {
  return Map{
      {"name", name}, {"host", host}, {"target", Value(Map{{"service", target}, {"port", port}})}};
}
Value expiring(const std::string& name, const std::string& when) {
  return manifest(name, Map{{"services", Value(Array{service("web")})}, {"expireAt", when}});
}

TEST_CASE("a new project is created and Pending without a node [S1][S21][S28][S29]") {
  World world;
  const auto reply = world.apply(simple("shop"));
  REQUIRE(reply.ok());
  CHECK(reply->outcome == schema::ApplyOutcome::kCreated);
  CHECK(world.published(schema::kSchedAll).size() == 1);
  CHECK(world.published("cara.v1.evt.project.shop").size() == 1);
  const schema::Project shop = world.project("shop");
  CHECK(shop == reply->project);
  CHECK(shop.status.phase == Phase::kPending);
  CHECK(shop.status.node_ref.empty());
  CHECK(shop.metadata.generation == 1);
  const auto phase = condition(shop, "Phase");
  CHECK(phase.status == "True");
  CHECK(phase.reason == "Accepted");
  CHECK(to_string(phase.last_transition_time) == "2025-06-15T15:06:40Z");
}

TEST_CASE("applying again says configured or unchanged [S37]") {
  World world;
  REQUIRE(world.apply(simple("shop")).ok());
  const schema::Project first = world.project("shop");
  SECTION("the same is unchanged and writes nothing") {
    const auto reply = world.apply(simple("shop"));
    REQUIRE(reply.ok());
    CHECK(reply->outcome == schema::ApplyOutcome::kUnchanged);
    CHECK(world.project("shop") == first);
    CHECK(world.store->revision() == first.metadata.revision);
  }
  SECTION("another image is a new generation") {
    const auto reply = world.apply(simple("shop", "busybox:2"));
    REQUIRE(reply.ok());
    CHECK(reply->outcome == schema::ApplyOutcome::kConfigured);
    CHECK(reply->project.metadata.generation == 2);
    CHECK(reply->project.metadata.uid == first.metadata.uid);
    CHECK(reply->project.metadata.revision > first.metadata.revision);
  }
  SECTION("labels alone are no new generation") {
    Value labelled = manifest("shop", Map{{"services", Value(Array{service("web")})}},
                              Map{{"labels", Value(Map{{"team", "a"}})}});
    const auto reply = world.apply(labelled);
    REQUIRE(reply.ok());
    CHECK(reply->outcome == schema::ApplyOutcome::kConfigured);
    CHECK(reply->project.metadata.generation == 1);
    CHECK(world.apply(labelled)->outcome == schema::ApplyOutcome::kUnchanged);
  }
}

TEST_CASE("wrong manifests are refused with the field [S1][S2][S4][S8][S9][S12][S15][E12]") {
  World world;
  struct Case {
    Value manifest;
    std::string field;
  };
  const std::vector<Case> cases{
      {Map{{"apiVersion", "v2"}, {"kind", "Project"}}, "apiVersion"},
      {with_spec("a", spec_with({})), "spec.services"},
      {with_spec("a", spec_with({service("x"), service("x")})), "spec.services[1].name"},
      {with_spec("a", spec_with({service("x")}, {Map{{"name", "v"}, {"type", "Ephemeral"}},
                                                 Map{{"name", "v"}, {"type", "Ephemeral"}}})),
       "spec.volumes[1].name"},
      {with_spec("a", spec_with({service("web")}, {}, {ingress("i", "h"), ingress("i", "g")})),
       "spec.ingress[1].name"},
      {with_spec("a", spec_with({service("web")}, {}, {ingress("i", "h", 80, "nobody")})),
       "spec.ingress[0].target.service"},
      {with_spec("a", spec_with({service("web")}, {}, {ingress("i", "h", 70000)})),
       "spec.ingress[0].target.port"},
      {simple("Upper"), "metadata.name"},
      {simple(std::string(64, 'a')), "metadata.name"},
      {simple("a.b"), "metadata.name"},
  };
  for (const Case& wrong : cases) {
    const auto reply = world.apply(wrong.manifest);
    INFO(wrong.field << ": " << message_of(reply));
    REQUIRE(failed_with(reply, Code::kInvalid));
    REQUIRE(!reply.error().fields.empty());
    CHECK(reply.error().fields.front().path == wrong.field);
  }
  CHECK(world.store->revision() == 0);
  CHECK(world.apply(simple(std::string(63, 'a'))).ok());
}

TEST_CASE("a manifest over the limit is refused with its size [E8]") {
  World world;
  Array variables;
  for (int i = 0; i < 3; ++i) {
    variables.push_back(
        Map{{"name", "V" + std::to_string(i)}, {"value", std::string(100'000, 'x')}});
  }
  Value big = with_spec(
      "big", spec_with({Map{
                 {"name", "web"}, {"image", "busybox"}, {"env", Value(std::move(variables))}}}));
  const auto reply = world.apply(big);
  REQUIRE(failed_with(reply, Code::kInvalid));
  CHECK(contains(reply.error().message, "at most 262144 are allowed"));
}

TEST_CASE("expireAt in the past is refused when it is new [S18][S20]") {
  World world;
  CHECK(failed_with(world.apply(expiring("shop", "2025-06-15T15:00:00Z")), Code::kInvalid));
  REQUIRE(world.apply(expiring("shop", "2025-06-15T15:07:00Z")).ok());
  CHECK(!world.published(schema::kGcWake).empty());
  SECTION("later or never takes effect") {
    REQUIRE(world.apply(expiring("shop", "2030-01-01T00:00:00Z")).ok());
    CHECK(!world.published(schema::kGcWake).empty());
    world.pass(60s);
    CHECK(failed_with(world.gc("expire", "shop"), Code::kConflict));
    REQUIRE(world.apply(simple("shop")).ok());
    CHECK(!world.project("shop").spec.expire_at);
  }
  SECTION("an old one that stays may pass while other things change") {
    world.pass(60s);
    Value labelled = expiring("shop", "2025-06-15T15:07:00Z");
    CHECK(world.apply(labelled)->outcome == schema::ApplyOutcome::kUnchanged);
  }
  SECTION("then gc may delete it, not a second earlier [S19]") {
    world.pass(19s);
    CHECK(failed_with(world.gc("expire", "shop"), Code::kConflict));
    world.pass(1s);
    REQUIRE(world.gc("expire", "shop").ok());
    CHECK(world.project("shop").status.phase == Phase::kTerminated);
    CHECK(condition(world.project("shop"), "Phase").reason == "Expired");
  }
}

TEST_CASE("a name that another project's objects have is refused, naming the holder [E1][E2]") {
  World world;
  REQUIRE(world.apply(with_spec("a-b", spec_with({service("c")}))).ok());
  const auto container = world.apply(with_spec("a", spec_with({service("b-c")})));
  REQUIRE(failed_with(container, Code::kConflict));
  CHECK(container.error().message == "the container name `a-b-c` is taken by project/a-b");
  const auto get = world.get("a");
  CHECK(failed_with(get, Code::kNotFound));

  const Value data = Map{{"name", "c"}, {"type", "Ephemeral"}};
  REQUIRE(world.apply(with_spec("x-y", spec_with({service("s")}, {data}))).ok());
  const Value other = Map{{"name", "y-c"}, {"type", "Ephemeral"}};
  const auto volume = world.apply(with_spec("x", spec_with({service("t")}, {other})));
  REQUIRE(failed_with(volume, Code::kConflict));
  CHECK(contains(volume.error().message, "`cara-x-y-c` is taken by project/x-y"));

  SECTION("and free again once the holder is gone") {
    REQUIRE(world.remove("a-b").ok());
    REQUIRE(world.gc("reap", "a-b").ok());
    CHECK(world.apply(with_spec("a", spec_with({service("b-c")}))).ok());
  }
  SECTION("or once it no longer needs the name") {
    REQUIRE(world.apply(with_spec("a-b", spec_with({service("d")}))).ok());
    CHECK(world.apply(with_spec("a", spec_with({service("b-c")}))).ok());
  }
}

TEST_CASE("hosts are resolved, and one host has one project [S13][S14][E19]") {
  Options options;
  options.domain = {.environment = "prod", .base_domain = "example.org"};
  World world({}, options);
  const auto reply = world.apply(with_spec(
      "shop",
      spec_with({service("web")}, {}, {ingress("a", "shop"), ingress("b", "WWW.Shop.Example")})));
  REQUIRE(reply.ok());
  REQUIRE(reply->project.status.ingress.size() == 2);
  CHECK(reply->project.status.ingress[0].host == "shop.prod.example.org");
  CHECK(reply->project.status.ingress[1].host == "www.shop.example");

  const auto taken = world.apply(
      with_spec("thief", spec_with({service("web")}, {}, {ingress("x", "shop.prod.example.org")})));
  REQUIRE(failed_with(taken, Code::kConflict));
  CHECK(taken.error().message == "the host name `shop.prod.example.org` is taken by project/shop");

  const auto twice = world.apply(
      with_spec("two", spec_with({service("web")}, {},
                                 {ingress("x", "two"), ingress("y", "two.prod.example.org")})));
  CHECK(failed_with(twice, Code::kInvalid));

  Value labelled =
      manifest("dev", *spec_with({service("web")}, {}, {ingress("x", "shop")}).as_map(),
               Map{{"labels", Value(Map{{schema::kEnvironmentLabel, "dev"}})}});
  const auto dev = world.apply(labelled);
  REQUIRE(dev.ok());
  CHECK(dev->project.status.ingress[0].host == "shop.dev.example.org");
}

TEST_CASE("a stale revision in the manifest is refused [E29][I4]") {
  World world;
  REQUIRE(world.apply(simple("shop")).ok());
  const std::int64_t seen = world.project("shop").metadata.revision;
  const auto at_revision = [](const std::string& image, std::int64_t revision) {
    return manifest("shop", Map{{"services", Value(Array{service("web", image)})}},
                    Map{{"revision", revision}});
  };
  // Two writers who read the same revision, in one batch: exactly one wins.
  const auto first = world.message(
      kAlice, "project.apply",
      schema::pack_message(schema::ApplyRequest{"one", at_revision("busybox:2", seen)}));
  const auto second = world.message(
      kAlice, "project.apply",
      schema::pack_message(schema::ApplyRequest{"two", at_revision("busybox:3", seen)}));
  world.step({first, second});
  CHECK(schema::unpack_reply<schema::ApplyReply>(*world.answer_to(first)).ok());
  CHECK(failed_with(schema::unpack_reply<schema::ApplyReply>(*world.answer_to(second)),
                    Code::kConflict));
  CHECK(world.project("shop").spec.services[0].image == "busybox:2");
  CHECK(failed_with(world.apply(manifest("new", Map{{"services", Value(Array{service("web")})}},
                                         Map{{"revision", 7}})),
                    Code::kConflict));
}

TEST_CASE("apply while it is being deleted is refused, saying so [E28]") {
  World world;
  REQUIRE(world.register_node("w1").ok());
  world.run("shop", "w1");
  REQUIRE(world.remove("shop").ok());
  for (const bool terminated : {false, true}) {
    if (terminated) {
      REQUIRE(world.send(world.report("shop", Phase::kTerminated)).ok());
    }
    const auto reply = world.apply(simple("shop"));
    REQUIRE(failed_with(reply, Code::kConflict));
    CHECK(reply.error().message == "project/shop is being deleted; apply again when it is gone");
  }
  const std::string old_uid = world.project("shop").metadata.uid;
  REQUIRE(world.gc("reap", "shop").ok());
  REQUIRE(world.apply(simple("shop")).ok());
  CHECK(world.project("shop").metadata.uid != old_uid);  // [I5]
}

TEST_CASE("a retry with the same request id has one effect and the same answer [I2]") {
  World world;
  const auto first = world.apply(simple("shop"), "id-1");
  const std::int64_t revision = world.store->revision();
  const auto again = world.apply(simple("shop"), "id-1");
  REQUIRE(again.ok());
  CHECK(again->outcome == schema::ApplyOutcome::kCreated);
  CHECK(again->project == first->project);
  CHECK(world.store->revision() == revision);
  SECTION("also after a restart, and when the world went on") {
    world.start();
    REQUIRE(world.apply(simple("shop", "busybox:2"), "id-2").ok());
    CHECK(world.apply(simple("shop"), "id-1")->outcome == schema::ApplyOutcome::kCreated);
    CHECK(world.project("shop").spec.services[0].image == "busybox:2");
  }
  SECTION("of one caller only") {
    const auto other =
        world.call<schema::ApplyReply>(Identity{Role::kAdmin, "mallory"}, "project.apply",
                                       schema::ApplyRequest{"id-1", simple("shop")});
    CHECK(other->outcome == schema::ApplyOutcome::kUnchanged);
  }
  SECTION("an empty or endless id is refused") {
    CHECK(failed_with(world.call<schema::ApplyReply>(kAlice, "project.apply",
                                                     schema::ApplyRequest{"", simple("x")}),
                      Code::kInvalid));
    CHECK(failed_with(world.apply(simple("x"), std::string(65, 'i')), Code::kInvalid));
  }
}

}  // namespace
}  // namespace cara::apiserver
