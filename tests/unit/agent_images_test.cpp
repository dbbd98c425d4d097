// What the agent does about images beside having them pulled.
#include "services/agent/engine_calls.h"
#include "tests/unit/agent_world.h"

using namespace cara;
using namespace cara::test;
using namespace std::chrono_literals;

namespace {

schema::DesiredProject runs(const std::string& project, const std::string& image) {
  return desired_project(project, {{.name = "web", .image = image}});
}

class ImageWorld : public AgentWorld {
 public:
  explicit ImageWorld(std::chrono::milliseconds max_age) {
    for (const std::string image : {"kept:1", "gone:1"}) {
      engine.add_image(image, {}, sim::Source::kRegistry);
    }
    image_max_age = max_age;
    start();
    want(runs("keeper", "kept:1"));
    want(runs("leaver", "gone:1"));
  }
  void leave() {
    terminate("leaver");
    advance(1min);
    REQUIRE_FALSE(desired.contains("leaver"));
  }
};

}  // namespace

TEST_CASE("an image that no project has used for the age is removed, and no other") {
  ImageWorld world(4h);
  world.advance(10h);
  CHECK(world.engine.has_image("gone:1"));
  world.leave();
  world.advance(3h);
  CHECK(world.engine.has_image("gone:1"));
  world.advance(3h);
  CHECK_FALSE(world.engine.has_image("gone:1"));
  CHECK(world.engine.has_image("kept:1"));
  CHECK(world.engine.has_image("web:1"));  // never pulled
}

TEST_CASE("an image that a project names stays, though it has no container") {
  ImageWorld world(4h);
  world.leave();
  world.engine.set_fault([](const agent::EngineOp& op) -> std::optional<Error> {
    if (std::holds_alternative<agent::CreateContainer>(op)) return invalid("no");
    return std::nullopt;
  });
  world.want(runs("waits", "gone:1"));
  world.advance(12h);
  CHECK(world.engine.has_image("gone:1"));
}

TEST_CASE("images stay for ever unless an age is given") {
  ImageWorld world(0h);
  world.leave();
  world.advance(30h);
  CHECK(world.engine.has_image("gone:1"));
  CHECK(world.count<agent::CollectImages>() == 0);
}

TEST_CASE("images are looked for again after the engine was away or a restart") {
  ImageWorld world(4h);
  world.leave();
  world.engine.set_fault([](const agent::EngineOp&) { return unavailable("refused"); });
  world.advance(6h);
  world.engine.set_fault(nullptr);
  CHECK(world.engine.has_image("gone:1"));
  world.start();
  world.advance(2h);
  CHECK_FALSE(world.engine.has_image("gone:1"));
}

TEST_CASE("the progress of a pull makes the agent look at nothing") {
  ImageWorld world(0h);
  world.advance(1s);
  int looks = 0;
  world.engine.set_fault([&](const agent::EngineOp& op) -> std::optional<Error> {
    looks += std::holds_alternative<agent::Observe>(op) ? 1 : 0;
    return std::nullopt;
  });
  for (const std::string project : {"keeper", "unknown", ""}) {
    world.tell(runtime::Delivered{
        agent::kEngineEventSubject,
        agent::encode(agent::EngineEvent{project, agent::kPullProgress, "a:1: 1 of 2 layers"}),
        {}});
  }
  world.settle();
  CHECK(looks == 0);
}

TEST_CASE("a pull is cancelled, however many calls wait for the engine [E26]") {
  runtime::RequestIds ids;
  agent::EngineCalls calls(ids);
  for (std::size_t i = 0; i < 2 * agent::kMaxPulls; ++i) {
    const std::string project = "p" + std::to_string(i);
    calls.add({project, "pull", agent::EnsureImage{.image = "a:1", .ticket = project}});
    calls.add({project, "start", agent::StartContainer{"c"}});
  }
  runtime::Effects out;
  calls.send(out);
  CHECK(out.size() == agent::kMaxPulls + agent::kMaxCalls);
  CHECK(out.size() < agent::kEngineWorkers);
  out.clear();
  calls.add({"p0", "cancel", agent::CancelPull{"p0"}});
  calls.send(out);
  REQUIRE(out.size() == 1);
  const auto& request = std::get<runtime::Request>(out.front());
  CHECK(std::holds_alternative<agent::CancelPull>(*agent::decode_op(request.body)));
  out.clear();
  // Its end makes room for no other.
  CHECK(calls.take(request.id));
  calls.send(out);
  CHECK(out.empty());
}
