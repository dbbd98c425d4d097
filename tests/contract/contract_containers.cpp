// Containers: what services/agent/engine.h promises about them.
#include <algorithm>

#include "tests/contract/harness.h"

using namespace cara;
using namespace cara::agent;
using namespace cara::contract;

TEST_CASE("a container is made, started, stopped and removed, each step twice [S48] [S50]") {
  Project project("life");
  const std::string network = project.network("cara-life");
  auto spec = project.spec("life-web", kRuns);
  spec.endpoints = {{.network = network, .aliases = {"web"}, .ipv4 = {}}};
  const std::string id = project.run(CreateContainer{spec}).id;
  CHECK(project.run(CreateContainer{spec}).id == id);
  CHECK(project.container("life-web").state == ContainerState::kCreated);
  CHECK_FALSE(project.container("life-web").started_at.is_set());
  CHECK(project.container("life-web").labels == project.labels());

  project.run(StartContainer{id});
  project.run(StartContainer{id});
  const auto running = project.container("life-web");
  CHECK(running.id == id);
  CHECK(running.state == ContainerState::kRunning);
  CHECK(running.health == Health::kNone);
  CHECK(running.started_at.is_set());
  CHECK_FALSE(running.address.empty());
  CHECK(project.run(CreateContainer{spec}).id == id);

  project.run(StopContainer{id, 5'000});
  project.run(StopContainer{id, 5'000});
  const auto stopped = project.container("life-web");
  CHECK(stopped.state == ContainerState::kExited);
  CHECK(stopped.exit_code == 143);
  CHECK(stopped.finished_at >= stopped.started_at);
  CHECK(stopped.address.empty());

  project.run(RemoveContainer{id});
  project.run(RemoveContainer{id});
  project.run(StopContainer{id, 0});
  CHECK(project.observe().containers.empty());
}

TEST_CASE("a container that waits for its start tells its networks, the first by id [S51] [E36]") {
  Project project("nets");
  const std::string first = project.network("cara-nets-a");
  const std::string second = project.network("cara-nets-b");
  auto spec = project.spec("nets-web", kRuns);
  spec.endpoints = {{.network = first, .aliases = {"web"}, .ipv4 = {}},
                    {.network = second, .aliases = {"web"}, .ipv4 = {}}};
  const std::string id = project.run(CreateContainer{spec}).id;
  const auto tells = [&](const std::string& network) {
    const auto seen = project.container("nets-web").networks;
    return std::find(seen.begin(), seen.end(), network) != seen.end();
  };
  CHECK(tells(first));
  CHECK((tells(second) || tells("cara-nets-b")));
  project.run(StartContainer{id});
  CHECK(tells(first));
  CHECK(tells(second));
  project.run(StopContainer{id, 5'000});
  CHECK(tells(first));
  CHECK(tells(second));
}

TEST_CASE("a running container is removed by force") {
  Project project("force");
  project.run(RemoveContainer{project.start("force-web", kRuns)});
  CHECK(project.observe().containers.empty());
}

TEST_CASE("a foreign container of our name is refused and stays [E1] [E3]") {
  Project project("cdecoy");
  Project other("c");
  const std::string theirs = other.create("cdecoy-web", kRuns);
  const Error error = project.refused(CreateContainer{project.spec("cdecoy-web", kRuns)});
  CHECK(error.code == Code::kConflict);
  CHECK(error.message.find("cdecoy-web") != std::string::npos);
  CHECK(project.observe().containers.empty());
  CHECK(other.container("cdecoy-web").id == theirs);
}

TEST_CASE("a container is not made of a missing image, network or volume") {
  Project project("parts");
  auto spec = project.spec("parts-web", kMissing);
  CHECK(project.refused(CreateContainer{spec}).code == Code::kNotFound);
  spec = project.spec("parts-web", kRuns);
  spec.endpoints = {{.network = "0123456789abcdef", .aliases = {}, .ipv4 = {}}};
  CHECK(project.refused(CreateContainer{spec}).code == Code::kNotFound);
  spec = project.spec("parts-web", kRuns);
  spec.mounts = {{.volume = "cara-parts-nosuch", .path = "/data"}};
  CHECK(project.refused(CreateContainer{spec}).code == Code::kNotFound);
  CHECK(project.observe() == Observation{});
}

TEST_CASE("what ends by itself tells its exit code [E33]") {
  struct Case {
    const char* image;
    std::int64_t exit_code;
  };
  Project project("exit");
  for (const Case& c : {Case{kExits0, 0}, Case{kExits3, 3}, Case{kKilled, 137}}) {
    INFO(c.image);
    const std::string id = project.start("exit-web", c.image);
    project.wait_for("exit-web", ContainerState::kExited);
    CHECK(project.container("exit-web").exit_code == c.exit_code);
    CHECK_FALSE(project.container("exit-web").oom_killed);
    project.run(RemoveContainer{id});
  }
}

TEST_CASE("what cannot start says so in the engine's words, with 126 or 127 [E33]") {
  struct Case {
    const char* image;
    std::int64_t exit_code;
    const char* says;
  };
  Project project("bad");
  for (const Case& c : {Case{kNoCommand, 127, "no such file or directory"},
                        Case{kNotExecutable, 126, "permission denied"}}) {
    INFO(c.image);
    const std::string id = project.create("bad-web", c.image);
    const Error error = project.refused(StartContainer{id});
    INFO(error.message);
    CHECK(error.code == Code::kInvalid);
    CHECK(error.message.find(c.says) != std::string::npos);
    const auto seen = project.container("bad-web");
    CHECK(seen.state == ContainerState::kCreated);
    CHECK(seen.exit_code == c.exit_code);
    CHECK_FALSE(seen.error.empty());
    project.run(RemoveContainer{id});
  }
}

TEST_CASE("a container that is gone cannot be started") {
  Project project("gone");
  CHECK(project.refused(StartContainer{"0123456789ab"}).code == Code::kNotFound);
}

TEST_CASE("a container whose network was removed by hand does not start [E34]") {
  Project project("nonet");
  auto spec = project.spec("nonet-web", kRuns);
  spec.endpoints = {{.network = project.network("cara-nonet"), .aliases = {}, .ipv4 = {}}};
  const std::string id = project.run(CreateContainer{spec}).id;
  project.run(RemoveNetwork{spec.endpoints[0].network});
  CHECK(project.refused(StartContainer{id}).code == Code::kInvalid);
}

TEST_CASE("health goes from starting to healthy or unhealthy [S23]") {
  Project project("health");
  const std::string good = project.start("health-good", kHealthy);
  project.start("health-bad", kUnhealthy);
  CHECK(project.container("health-good").health == Health::kStarting);
  project.wait_for("health-good", Health::kHealthy);
  const Timestamp started = project.container("health-good").started_at;
  project.run(StartContainer{good});
  CHECK(project.container("health-good").health == Health::kHealthy);
  CHECK(project.container("health-good").started_at == started);
  project.wait_for("health-bad", Health::kUnhealthy);
  CHECK(project.container("health-bad").state == ContainerState::kRunning);
}

TEST_CASE("a container killed by hand starts again, as the same one [E34]") {
  Project project("again");
  const std::string id = project.start("again-web", kRuns);
  harness().kill("again-web");
  project.wait_for("again-web", ContainerState::kExited);
  CHECK(project.container("again-web").exit_code == 137);
  project.run(StartContainer{id});
  CHECK(project.container("again-web").state == ContainerState::kRunning);
  CHECK(project.container("again-web").id == id);
}

TEST_CASE("a paused container counts as paused, and a start makes it run [E34]") {
  Project project("pause");
  const std::string id = project.start("pause-web", kRuns);
  harness().pause("pause-web");
  CHECK(project.container("pause-web").state == ContainerState::kPaused);
  project.run(StartContainer{id});
  CHECK(project.container("pause-web").state == ContainerState::kRunning);
  harness().pause("pause-web");
  project.run(StopContainer{id, 1'000});
  CHECK(project.container("pause-web").state == ContainerState::kExited);
}

TEST_CASE("the last log lines are there after the end [S24]") {
  Project project("logs");
  const std::string id = project.start("logs-web", kExits3);
  project.wait_for("logs-web", ContainerState::kExited);
  CHECK(project.run(TailLogs{id, 10}).text == kSaid);
  CHECK(project.run(TailLogs{id, 1}).text == "two\n");
  CHECK(project.run(TailLogs{id, 0}).text.empty());
  project.run(RemoveContainer{id});
  CHECK(project.refused(TailLogs{id, 10}).code == Code::kNotFound);
}

TEST_CASE("an image's own volumes go with the container [E17]") {
  Project project("own");
  const auto before = harness().anonymous_volumes();
  const std::string id = project.start("own-web", kOwnVolume);
  CHECK(harness().anonymous_volumes() == before + 1);
  project.run(RemoveContainer{id});
  CHECK(harness().anonymous_volumes() == before);
}
