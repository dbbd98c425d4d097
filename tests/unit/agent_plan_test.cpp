// plan(): tables of what is seen and what is to be done about it.
#include "services/agent/explain.h"
#include "services/agent/outcome.h"
#include "services/agent/plan.h"
#include "tests/catch_compat.h"

using namespace cara;
using namespace cara::agent;
using namespace std::chrono_literals;
using schema::Phase;

namespace {

const Owner kOwner{"worker-01", "cluster-1"};
const std::string kName = "p";
const std::set<std::string> kNothing;

schema::DesiredProject wanted(Phase phase = Phase::kScheduled) {
  return {.name = kName,
          .uid = "u",
          .assignment = 1,
          .generation = 1,
          .phase = phase,
          .spec = {.services = {{.name = "a", .image = "web:1"}, {.name = "b", .image = "web:2"}}}};
}

Plan look(const schema::DesiredProject* desired, const Observation& seen, Memory memory = {},
          const std::set<std::string>& running = kNothing, runtime::MonoTime now = {1}) {
  return plan({.owner = kOwner,
               .project = kName,
               .desired = desired,
               .seen = seen,
               .verified = true,
               .running = running,
               .now = {now, {}}},
              std::move(memory));
}

std::set<std::string> keys(const Plan& plan) {
  std::set<std::string> keys;
  for (const Operation& operation : plan.operations) keys.insert(operation.key);
  return keys;
}
using Keys = std::set<std::string>;

// The project as it is when all operations of all plans went well.
Observation complete(const schema::DesiredProject& desired) {
  Observation seen{.containers = {},
                   .networks = {{"n", network_name(kName), project_labels(kOwner, desired)}},
                   .volumes = {}};
  for (const auto& service : desired.spec.services) {
    seen.containers.push_back({.id = "c-" + service.name,
                               .name = container_name(kName, service.name),
                               .labels = container_labels(kOwner, desired, service),
                               .state = ContainerState::kRunning,
                               .networks = {"n"}});
  }
  return seen;
}

}  // namespace

// An agent was killed while the engine made its network, and the next one made another: with two of
// a name no container starts.
TEST_CASE(
    "of two networks of one name the one that is not used goes, before anything starts [I21]") {
  const auto desired = wanted();
  Observation seen = complete(desired);
  const NetworkInfo twin{"m", network_name(kName), project_labels(kOwner, desired)};
  seen.networks.insert(seen.networks.begin(), twin);
  CHECK(keys(look(&desired, seen)) == Keys{"remove-network:m"});
  seen.containers.clear();
  const Plan none = look(&desired, seen, {.images = {"image:web:1", "image:web:2"}});
  CHECK(keys(none).contains("remove-network:n"));
  for (const Operation& operation : none.operations) {
    CHECK_FALSE(std::holds_alternative<CreateContainer>(operation.op));
  }
}

TEST_CASE("network and images come first, in parallel; then the containers of all services") {
  const auto desired = wanted();
  Observation seen;
  Plan next = look(&desired, seen);
  CHECK(keys(next) == Keys{"network:default", "image:web:1", "image:web:2"});

  seen.networks = complete(desired).networks;
  next.memory.images = {"image:web:1"};
  CHECK(keys(look(&desired, seen, next.memory)) == Keys{"image:web:2"});
  next.memory.images = {"image:web:1", "image:web:2"};
  next = look(&desired, seen, next.memory);
  REQUIRE(keys(next) == Keys{"create:a", "create:b"});
  for (const Operation& operation : next.operations) {
    assume(operation.op, {.id = operation.key}, seen);
  }
  CHECK(keys(look(&desired, seen, next.memory)) == Keys{"start:create:a", "start:create:b"});
}

TEST_CASE("an operation that runs or has just failed is not begun again") {
  const auto desired = wanted();
  CHECK(keys(look(&desired, {}, {}, {"network:default"})) == Keys{"image:web:1", "image:web:2"});
  Memory memory;
  memory.failures["network:default"] = {
      .error = internal("no address pool"), .count = 1, .retry_at = {50}};
  const Plan early = look(&desired, {}, memory, kNothing, {10});
  CHECK_FALSE(keys(early).contains("network:default"));
  CHECK(early.again_at == runtime::MonoTime{50});
  CHECK(keys(look(&desired, {}, memory, kNothing, {50})).contains("network:default"));
}

// On a real engine, containers that waited for others were taken for outdated and made anew without
// end.
TEST_CASE("containers that never come to fit are made at a slower and slower pace") {
  const auto desired = wanted();
  Observation seen = complete(desired);
  seen.containers.clear();
  Memory memory;
  memory.images = {"image:web:1", "image:web:2"};
  int made = 0;
  runtime::MonoTime now{1};
  const runtime::MonoTime hour = now + 1h;
  while (now < hour) {
    Plan next = look(&desired, seen, std::move(memory), kNothing, now);
    made += static_cast<int>(keys(next).count("create:a"));
    memory = std::move(next.memory);
    now = now + 100ms;
  }
  CHECK(made > 10);
  CHECK(made < 80);
}

TEST_CASE("containers go first, then networks and volumes [S26]") {
  auto desired = wanted(Phase::kTerminating);
  Observation seen = complete(desired);
  seen.containers[1].state = ContainerState::kExited;
  CHECK(keys(look(&desired, seen)) == Keys{"stop:c-a", "remove:c-b"});
  seen.containers.clear();
  CHECK(keys(look(&desired, seen)) == Keys{"remove-network:n"});
  CHECK_FALSE(look(&desired, seen).report);
  const Plan last = look(&desired, {});
  REQUIRE(last.report);
  CHECK(last.report->phase == Phase::kTerminated);
  CHECK_FALSE(last.gone);
  CHECK(look(nullptr, {}).gone);
  CHECK_FALSE(look(nullptr, {}).report);
}

TEST_CASE("a full disk is no failure of the project, and is said [E35]") {
  const auto desired = wanted();
  Memory memory;
  memory.failures["network:default"] = {
      .error = internal("mkdir: no space left on device"), .count = 1, .retry_at = {50}};
  memory.images = {"image:web:1", "image:web:2"};
  const Plan next = look(&desired, {}, memory, kNothing, {10});
  REQUIRE(next.report);
  CHECK(next.report->phase == Phase::kScheduled);
  CHECK(next.report->message.find("no space left on device") != std::string::npos);
}

TEST_CASE("a container that the engine cannot start any more is made anew [E35]") {
  // It stayed down for ever after the engine was killed in the middle of its start.
  const auto desired = wanted();
  Observation seen = complete(desired);
  seen.containers[0].state = ContainerState::kCreated;
  Memory memory;
  memory.images = {"image:web:1", "image:web:2"};
  const auto keys_after = [&](Code code) {
    memory.failures["start:c-a"] = {{code, "task c-a: already exists", {}}, 1, {}};
    return keys(look(&desired, seen, memory));
  };
  CHECK(keys_after(Code::kInvalid) == Keys{"start:c-a"});
  CHECK(keys_after(Code::kConflict) == Keys{"remove:c-a"});
  // Also while its image is looked for: nobody is told that the project has failed.
  const auto said = look(&desired, seen, {.failures = memory.failures}).report;
  CHECK((!said || said->phase != Phase::kFailed));
}

TEST_CASE("what cannot be removed now is never reported as gone [S26]") {
  const auto desired = wanted(Phase::kTerminating);
  Observation seen = complete(desired);
  seen.containers.clear();
  Memory memory;
  memory.failures["remove-network:n"] = {.error = conflict("in use"), .count = 1, .retry_at = {50}};
  CHECK_FALSE(look(&desired, seen, memory).report);
  CHECK_FALSE(look(nullptr, seen, memory).gone);
}

TEST_CASE("nothing is said from an assumption or while something is under way") {
  const auto desired = wanted();
  const Observation seen = complete(desired);
  CHECK(look(&desired, seen).report);
  CHECK_FALSE(look(&desired, seen, {}, {"stop:x"}).report);
  const Situation assumed{.owner = kOwner,
                          .project = kName,
                          .desired = &desired,
                          .seen = seen,
                          .verified = false,
                          .running = kNothing,
                          .now = {}};
  CHECK_FALSE(plan(assumed, {}).report);
  const auto ending = wanted(Phase::kTerminating);
  CHECK_FALSE(look(&ending, {}, {}, {"create:a"}).report);
}

TEST_CASE("a silent engine is no failure of the project [E35]") {
  const auto desired = wanted();
  Memory memory;
  SECTION("it is away") {
    memory.failures["network"] = {.error = unavailable("refused"), .count = 9, .retry_at = {99}};
    memory.failures["image:web:1"] = memory.failures["network"];
  }
  SECTION("it hangs") {
    memory.failures["network"] = {.error = timed_out("silence"), .count = 9, .retry_at = {99}};
  }
  const Plan next = look(&desired, {}, memory);
  CHECK((!next.report || next.report->phase == Phase::kScheduled));
}

TEST_CASE("exits are explained [E33]") {
  const auto text = [](std::int64_t code, bool oom) {
    return explain_exit({.exit_code = code, .oom_killed = oom}, "");
  };
  CHECK(explain_exit({.exit_code = 1}, "a\nb\n\n") == "exited with code 1; last lines:\na\nb");
  CHECK(explain_exit({.exit_code = 1}, "\n") == "exited with code 1");
  CHECK(text(1, false) == "exited with code 1");
  CHECK(text(126, false) == "exited with code 126 (the command is not executable)");
  CHECK(text(127, false) == "exited with code 127 (command not found)");
  CHECK(text(137, false) == "exited with code 137 (killed, SIGKILL)");
  CHECK(text(137, true) == "exited with code 137 (killed: out of memory)");
  CHECK(text(139, false) == "exited with code 139 (segmentation fault, SIGSEGV)");
}
