// Names, networks, shared namespaces and files of containers: what services/agent/engine.h
// promises.
#include <algorithm>

#include "tests/contract/harness.h"

using namespace cara;
using namespace cara::agent;
using namespace cara::contract;

namespace {

bool holds(const std::vector<std::string>& all, const std::string& one) {
  return std::find(all.begin(), all.end(), one) != all.end();
}

}  // namespace

TEST_CASE("a container is renamed, twice is the same, and a taken name is refused [E34]") {
  Project project("names");
  const std::string id = project.start("names-a.next", kRuns);
  project.create("names-b", kRuns);
  project.run(RenameContainer{id, "names-a"});
  CHECK(project.container("names-a").id == id);
  project.run(RenameContainer{id, "names-a"});
  CHECK(project.container("names-a").state == ContainerState::kRunning);

  const Error error = project.refused(RenameContainer{id, "names-b"});
  CHECK(error.code == Code::kConflict);
  CHECK(error.message.find("names-b") != std::string::npos);
  CHECK(project.container("names-a").id == id);
  CHECK(project.refused(RenameContainer{"0123456789ab", "names-c"}).code == Code::kNotFound);
}

TEST_CASE("a container is on all its networks before it starts, and stays there [E15]") {
  Project project("both");
  auto spec = project.spec("both-web", kRuns);
  const std::string first = project.network("cara-both");
  const std::string second = project.network("cara-both-back");
  spec.endpoints = {{.network = first, .aliases = {"web"}, .ipv4 = {}},
                    {.network = second, .aliases = {"web", "store"}, .ipv4 = {}}};
  const std::string id = project.run(CreateContainer{spec}).id;
  for (const bool started : {false, true}) {
    if (started) project.run(StartContainer{id});
    const auto seen = project.container("both-web");
    CHECK(holds(seen.networks, first));
    CHECK(holds(seen.networks, second));
  }
  CHECK(project.run(CreateContainer{spec}).id == id);
}

TEST_CASE("a fixed address is the container's") {
  Project project("fixed");
  auto spec = project.spec("fixed-web", kRuns);
  const std::string network =
      project.run(CreateNetwork{"cara-fixed", project.labels(), false, "10.199.9.0/24"}).id;
  spec.endpoints = {{.network = network, .aliases = {}, .ipv4 = "10.199.9.77"}};
  project.run(StartContainer{project.run(CreateContainer{spec}).id});
  CHECK(project.container("fixed-web").address == "10.199.9.77");
}

TEST_CASE("who joins a container tells it, and starts only while that one runs [E34]") {
  Project project("join");
  const std::string main = project.start("join-main", kRuns);
  auto spec = project.spec("join-side", kRuns);
  spec.service.network_mode = "Service:main";
  spec.service.ports = {{.port = "80"}};
  spec.network_of = main;
  const std::string side = project.run(CreateContainer{spec}).id;
  CHECK(project.container("join-side").joined == std::vector<std::string>{main});
  project.run(StartContainer{side});
  CHECK(project.container("join-side").state == ContainerState::kRunning);

  project.run(StopContainer{side, 1'000});
  project.run(StopContainer{main, 1'000});
  const Error error = project.refused(StartContainer{side});
  INFO(error.message);
  CHECK(error.code == Code::kInvalid);
  CHECK(error.message.find("non running container") != std::string::npos);
  project.run(StartContainer{main});
  project.run(StartContainer{side});
  CHECK(project.container("join-side").state == ContainerState::kRunning);
}

TEST_CASE("a volume of files tells which, and other files replace them") {
  Project project("files");
  CreateVolume op{"cara-files-conf", project.labels(), {{"a.conf", {"one", "0444"}}}, "hash-1"};
  project.run(op);
  project.run(op);
  REQUIRE(project.observe().volumes.size() == 1);
  CHECK(project.observe().volumes[0].content == "hash-1");
  op.files = {{"b.conf", {"two", "0400"}}};
  op.content = "hash-2";
  project.run(op);
  REQUIRE(project.observe().volumes.size() == 1);
  CHECK(project.observe().volumes[0].content == "hash-2");
  project.run(RemoveVolume{"cara-files-conf"});
  CHECK(project.observe().volumes.empty());
  project.run(CreateVolume{"cara-files-conf", project.labels(), {}, ""});
  CHECK(project.observe().volumes.at(0).content.empty());
}

TEST_CASE("files are not written over what is somebody else's [E4]") {
  Project project("fdecoy");
  Project other("fother");
  other.run(CreateVolume{"cara-fdecoy-conf", other.labels(), {{"a", {"theirs", "0444"}}}, "t"});
  const CreateVolume op{"cara-fdecoy-conf", project.labels(), {{"a", {"ours", "0444"}}}, "o"};
  CHECK(project.refused(op).code == Code::kConflict);
  CHECK(project.observe().volumes.empty());
  CHECK(other.observe().volumes.at(0).content == "t");
}

TEST_CASE("a container remembers how long it may take to end") {
  Project project("grace");
  auto spec = project.spec("grace-web", kRuns);
  CHECK(spec.service.stop_grace_period == "10s");
  project.run(CreateContainer{spec});
  CHECK(project.container("grace-web").stop_grace_ms == 10'000);
  spec = project.spec("grace-slow", kRuns);
  spec.service.stop_grace_period = "3s";
  project.run(CreateContainer{spec});
  CHECK(project.container("grace-slow").stop_grace_ms == 3'000);
}

TEST_CASE("who does not listen is killed when its time is over") {
  Project project("deaf");
  const std::string id = project.start("deaf-web", kDeaf);
  project.run(StopContainer{id, 1'000});
  CHECK(project.container("deaf-web").state == ContainerState::kExited);
  CHECK(project.container("deaf-web").exit_code == 137);
}

TEST_CASE("a paused container that is removed is gone [E34]") {
  Project project("cold");
  const std::string id = project.start("cold-web", kRuns);
  harness().pause("cold-web");
  project.run(RemoveContainer{id});
  CHECK(project.observe().containers.empty());
}
