// The engine hangs, dies and comes back [E35].
#include <chrono>
#include <mutex>

#include "tests/contract/docker_harness.h"

using namespace cara;
using namespace cara::agent;
using namespace cara::contract;

namespace {

docker::DockerEngine impatient() {
  return docker::DockerEngine({.endpoint = docker_harness().endpoint(),
                               .read_limit = std::chrono::milliseconds(500),
                               .write_limit = std::chrono::milliseconds(500),
                               .inspect_limit = std::chrono::milliseconds(500)});
}

// Thawed at the end of the case, whatever happens.
struct Frozen {
  Frozen() { docker_harness().dockerd().shell("freeze_dockerd"); }
  ~Frozen() { docker_harness().dockerd().shell("thaw_dockerd"); }
};

}  // namespace

TEST_CASE("an engine that hangs costs no longer than the limit, and works again after [E35]") {
  docker::DockerEngine engine(
      {.endpoint = docker_harness().endpoint(), .read_limit = std::chrono::milliseconds(500)});
  REQUIRE(engine.execute(GetInfo{}).ok());
  {
    const Frozen frozen;
    const auto start = std::chrono::steady_clock::now();
    const auto reply = engine.execute(Observe{{{kLabelNode, kNode}}});
    REQUIRE_FALSE(reply.ok());
    CHECK(reply.error().code == Code::kTimeout);
    CHECK(std::chrono::steady_clock::now() - start < std::chrono::seconds(3));
  }
  CHECK(harness().wait_until([&] { return engine.execute(GetInfo{}).ok(); }));
}

TEST_CASE("an engine that is gone is unavailable, and found again when it is back [E35] [S51]") {
  Project project("outage");
  project.start("outage-web", kRuns);
  const std::string id = project.container("outage-web").id;
  const auto connected = [] {
    std::size_t count = 0;
    for (const auto& event : harness().events()) count += event.action == "connected" ? 1 : 0;
    return count;
  };
  const auto before = connected();
  auto engine = impatient();
  auto& dockerd = docker_harness().dockerd();
  dockerd.shell("crash_dockerd");
  const auto reply = engine.execute(GetInfo{});
  REQUIRE_FALSE(reply.ok());
  CHECK(reply.error().code == Code::kUnavailable);
  CHECK(reply.error().message.find("docker.sock") != std::string::npos);

  dockerd.shell("start_dockerd");
  CHECK(harness().wait_until([&] { return connected() > before; }));
  const auto seen = project.container("outage-web");
  CHECK(seen.id == id);
  CHECK(seen.state == ContainerState::kExited);
  project.run(StartContainer{id});
  CHECK(project.container("outage-web").state == ContainerState::kRunning);
}

TEST_CASE("a host where nobody listens is unavailable at once") {
  docker::DockerEngine nowhere({.endpoint = *docker::parse_endpoint("unix:///nonexistent.sock")});
  CHECK(nowhere.execute(GetInfo{}).error().code == Code::kUnavailable);
  docker::DockerEngine closed({.endpoint = *docker::parse_endpoint("tcp://127.0.0.1:1")});
  CHECK(closed.execute(GetInfo{}).error().code == Code::kUnavailable);
}
