// Networks and volumes: what services/agent/engine.h promises about them.
#include "tests/contract/harness.h"

using namespace cara;
using namespace cara::agent;
using namespace cara::contract;

namespace {

// An object of somebody else.
const Labels kForeign{{"com.example", "foreign"}};

struct Foreigner {
  ~Foreigner() {
    auto& engine = harness().engine();
    const auto seen = engine.execute(Observe{kForeign});
    if (!seen.ok()) return;
    for (const auto& c : seen->observation.containers) (void)engine.execute(RemoveContainer{c.id});
    for (const auto& n : seen->observation.networks) (void)engine.execute(RemoveNetwork{n.id});
    for (const auto& v : seen->observation.volumes) (void)engine.execute(RemoveVolume{v.name});
  }
};

}  // namespace

TEST_CASE("the engine tells its version and size") {
  Project project("info");
  const auto info = project.run(GetInfo{}).info;
  CHECK_FALSE(info.engine_version.empty());
  CHECK_FALSE(info.api_version.empty());
  CHECK_FALSE(info.os.empty());
  CHECK_FALSE(info.kernel.empty());
  CHECK((info.architecture == "amd64" || info.architecture == "arm64"));
  CHECK(info.cpus > 0);
  CHECK(info.memory_bytes > 0);
}

TEST_CASE("the engine tells what is free, of its own data's disk and of the memory") {
  Project project("free");
  const auto reply = project.run(GetInfo{});
  const Readings& now = reply.readings;
  CHECK(now.disk_bytes > 0);
  REQUIRE(now.disk_free_bytes);
  CHECK(*now.disk_free_bytes <= now.disk_bytes);
  REQUIRE(now.memory_free_bytes);
  CHECK(*now.memory_free_bytes > 0);
  CHECK(*now.memory_free_bytes <= reply.info.memory_bytes);
}

TEST_CASE("objects are found by a label whatever its value, containers in brief") {
  Project one("one");
  Project two("two");
  one.network("cara-one");
  one.run(CreateVolume{"cara-one-data", one.labels()});
  two.start("two-app", kRuns);
  const std::string done = two.start("two-done", kExits3);
  two.wait_for("two-done", ContainerState::kExited);
  const auto all = one.run(Observe{.any_value_of = kLabelProject, .brief = true}).observation;
  REQUIRE(all.networks.size() == 1);
  CHECK(all.networks[0].labels == one.labels());
  REQUIRE(all.volumes.size() == 1);
  CHECK(all.volumes[0].name == "cara-one-data");
  REQUIRE(all.containers.size() == 2);
  CHECK(all.containers[0].name == "two-app");
  CHECK(all.containers[0].labels == two.labels());
  CHECK(all.containers[0].state == ContainerState::kRunning);
  CHECK(all.containers[1].id == done);
  CHECK(all.containers[1].state == ContainerState::kExited);
  CHECK(all.containers[1].exit_code == 0);  // a list does not tell
  CHECK(one.run(Observe{.labels = two.labels(), .any_value_of = "no.such.label"}).observation ==
        Observation{});
}

TEST_CASE("a network is made once, however often it is asked for [S47]") {
  Project project("net");
  const std::string id = project.network("cara-net");
  CHECK_FALSE(id.empty());
  CHECK(project.network("cara-net") == id);
  const auto seen = project.observe();
  REQUIRE(seen.networks.size() == 1);
  CHECK(seen.networks[0].id == id);
  CHECK(seen.networks[0].name == "cara-net");
  CHECK(seen.networks[0].labels == project.labels());

  project.run(RemoveNetwork{id});
  project.run(RemoveNetwork{id});
  CHECK(project.observe().networks.empty());
}

TEST_CASE("a network whose name is part of another's is another one") {
  Project project("part");
  const std::string longer = project.network("cara-part-long");
  const std::string shorter = project.network("cara-part");
  CHECK(longer != shorter);
  CHECK(project.observe().networks.size() == 2);
}

TEST_CASE("a foreign network of our name is refused and stays [E3]") {
  Foreigner foreigner;
  Project project("decoy");
  const std::string theirs = project.run(CreateNetwork{"cara-decoy", kForeign}).id;
  const Error error = project.refused(CreateNetwork{"cara-decoy", project.labels()});
  CHECK(error.code == Code::kConflict);
  CHECK(error.message.find("cara-decoy") != std::string::npos);
  CHECK(project.observe().networks.empty());
  const auto seen = project.run(Observe{kForeign}).observation;
  REQUIRE(seen.networks.size() == 1);
  CHECK(seen.networks[0].id == theirs);
}

TEST_CASE("a volume is made once, and removed once nobody uses it [S49]") {
  Project project("vol");
  project.run(CreateVolume{"cara-vol-data", project.labels()});
  project.run(CreateVolume{"cara-vol-data", project.labels()});
  REQUIRE(project.observe().volumes.size() == 1);
  CHECK(project.observe().volumes[0].name == "cara-vol-data");
  CHECK(project.observe().volumes[0].labels == project.labels());

  auto spec = project.spec("vol-web", kRuns);
  spec.mounts = {{.volume = "cara-vol-data", .path = "/data"}};
  const std::string id = project.run(CreateContainer{spec}).id;
  CHECK(project.refused(RemoveVolume{"cara-vol-data"}).code == Code::kConflict);
  project.run(RemoveContainer{id});
  project.run(RemoveVolume{"cara-vol-data"});
  project.run(RemoveVolume{"cara-vol-data"});
  CHECK(project.observe().volumes.empty());
}

TEST_CASE("a foreign volume of our name is refused and stays [E4]") {
  Foreigner foreigner;
  Project project("vdecoy");
  project.run(CreateVolume{"cara-vdecoy-v", kForeign});
  const Error error = project.refused(CreateVolume{"cara-vdecoy-v", project.labels()});
  CHECK(error.code == Code::kConflict);
  CHECK(error.message.find("cara-vdecoy-v") != std::string::npos);
  CHECK(project.run(Observe{kForeign}).observation.volumes.size() == 1);
}

TEST_CASE("each network has a subnet of its own, also one that is asked for [E15]") {
  Project project("subnet");
  project.network("cara-subnet-a");
  project.network("cara-subnet-b");
  project.run(CreateNetwork{"cara-subnet-c", project.labels(), true, "10.199.7.0/24"});
  const auto networks = project.observe().networks;
  REQUIRE(networks.size() == 3);
  CHECK(networks[0].subnet.starts_with("10.20"));
  CHECK(networks[1].subnet.starts_with("10.20"));
  CHECK(networks[0].subnet != networks[1].subnet);
  CHECK_FALSE(networks[0].internal);
  CHECK(networks[2].subnet == "10.199.7.0/24");
  CHECK(networks[2].internal);

  const Error error =
      project.refused(CreateNetwork{"cara-subnet-d", project.labels(), false, "10.199.7.0/24"});
  CHECK(error.code == Code::kInvalid);
  CHECK(error.message.find("10.199.7.0/24") != std::string::npos);
  CHECK(project.observe().networks.size() == 3);
}

TEST_CASE("an observation holds what carries every label, sorted by name") {
  Project project("seen");
  Project other("unseen");
  project.create("seen-b", kRuns);
  project.create("seen-a", kRuns);
  other.create("unseen-a", kRuns);
  const auto seen = project.observe();
  REQUIRE(seen.containers.size() == 2);
  CHECK(seen.containers[0].name == "seen-a");
  CHECK(seen.containers[1].name == "seen-b");
  CHECK(project.run(Observe{{{kLabelNode, kNode}}}).observation.containers.size() == 3);
  CHECK(project.run(Observe{{{kLabelNode, "elsewhere"}}}).observation == Observation{});
}
