// What only a real engine can show: names, shared data, the environment as the program sees it.
#include <algorithm>
#include <string>

#include "tests/contract/docker_harness.h"

using namespace cara;
using namespace cara::agent;
using namespace cara::contract;

namespace {

constexpr const char* kAsk = "cara-test/ask:1";  // runs $ASK in a shell

// The output of a container that ends by itself.
std::string output_of(Project& project, const ContainerSpec& spec) {
  const std::string id = project.run(CreateContainer{spec}).id;
  project.run(StartContainer{id});
  project.wait_for(spec.name, ContainerState::kExited);
  return project.run(TailLogs{id, 1'000}).text;
}

}  // namespace

TEST_CASE("services reach each other by their names, and only on their own network [S5]") {
  Project project("dns");
  Project stranger("dns2");
  auto db = project.spec("dns-db", kRuns);
  db.endpoints = {{.network = project.network("cara-dns"), .aliases = {"db"}, .ipv4 = {}}};
  project.run(StartContainer{project.run(CreateContainer{db}).id});
  const std::string address = project.container("dns-db").address;

  auto ask = project.spec("dns-ask", kAsk);
  ask.endpoints = {{.network = db.endpoints[0].network, .aliases = {}, .ipv4 = {}}};
  ask.service.env = {{"ASK", "ping -c 1 -W 2 db"}};
  const std::string answer = output_of(project, ask);
  CHECK(answer.find("PING db (" + address + ")") != std::string::npos);
  CHECK(answer.find("1 packets received") != std::string::npos);

  auto other = stranger.spec("dns2-ask", kAsk);
  other.endpoints = {{.network = stranger.network("cara-dns2"), .aliases = {}, .ipv4 = {}}};
  other.service.env = {{"ASK", "ping -c 1 -W 1 db; true"}};
  CHECK(output_of(stranger, other).find("bad address") != std::string::npos);
}

TEST_CASE("two containers with one volume see the same data [S10]") {
  Project project("share");
  project.run(CreateVolume{"cara-share-v", project.labels()});
  auto writer = project.spec("share-writer", kAsk);
  writer.mounts = {{.volume = "cara-share-v", .path = "/w"}};
  writer.service.env = {{"ASK", "echo shared >/w/file"}};
  output_of(project, writer);
  auto reader = project.spec("share-reader", kAsk);
  reader.mounts = {{.volume = "cara-share-v", .path = "/r"}};
  reader.service.env = {{"ASK", "cat /r/file"}};
  CHECK(output_of(project, reader) == "shared\n");
}

TEST_CASE("the program sees its variables as written, in order [S3] [E13]") {
  Project project("env");
  auto spec = project.spec("env-show", "cara-test/env:1");
  spec.service.env = {{"ZULU", "first"},   {"NEWLINE", "a\nb"},
                      {"EQUALS", "=a=b="}, {"QUOTES", "\"'`\\"},
                      {"DOLLAR", "$HOME"}, {"UNICODE", "gr\u00fc\u00df \u4e16"},
                      {"EMPTY", ""},       {"ALPHA", "last"}};
  const std::string seen = output_of(project, spec);
  std::string expected;
  for (const auto& variable : spec.service.env)
    expected += variable.name + "=" + variable.value + "\1";
  INFO(seen);
  CHECK(seen.find(expected) != std::string::npos);
}

TEST_CASE("a variable of 100 KB arrives whole [E13]") {
  Project project("large");
  auto spec = project.spec("large-count", kAsk);
  spec.service.env = {{"ASK", "echo ${#LARGE}"}, {"LARGE", std::string(100'000, 'x')}};
  CHECK(output_of(project, spec) == "100000\n");
}

TEST_CASE("a container has what every one of ours has: no restart, no new privileges, short logs") {
  Project project("limits");
  project.create("limits-web", kRuns);
  const auto inspect = [](const std::string& field) {
    std::string text =
        docker_harness().dockerd().docker("inspect -f \"{{json " + field + "}}\" limits-web");
    while (text.ends_with('\n')) text.pop_back();
    return text;
  };
  CHECK(inspect(".HostConfig.RestartPolicy.Name") == "\"no\"");
  CHECK(inspect(".HostConfig.SecurityOpt") == "[\"no-new-privileges\"]");
  CHECK(inspect(".HostConfig.LogConfig.Type") == "\"json-file\"");
  CHECK(inspect(".HostConfig.LogConfig.Config") == "{\"max-file\":\"3\",\"max-size\":\"10m\"}");
  CHECK(inspect(".HostConfig.Privileged") == "false");
}

TEST_CASE("an image behind a login is forbidden, not missing [E17]") {
  Project project("login");
  CHECK(project.refused(EnsureImage{"127.0.0.1:5000/secret/app:1"}).code == Code::kForbidden);
}

TEST_CASE("a network with a stranger's container in it is not torn out of its hands [E4]") {
  Project project("guest");
  const std::string network = project.network("cara-guest");
  auto& dockerd = docker_harness().dockerd();
  dockerd.docker("run -d --name guest --network cara-guest " + std::string(kRuns));
  const Error error = project.refused(RemoveNetwork{network});
  CHECK(error.code == Code::kConflict);
  CHECK(error.message.find("guest") != std::string::npos);
  dockerd.docker("rm -f guest");
  project.run(RemoveNetwork{network});
}

TEST_CASE("an event stream that ends is followed again, and says so [E35]") {
  std::mutex mutex;
  std::vector<EngineEvent> events;
  const auto seen = [&](const std::string& project, const std::string& action) {
    const std::lock_guard lock(mutex);
    return std::count_if(events.begin(), events.end(), [&](const EngineEvent& event) {
      return event.project == project && event.action == action;
    });
  };
  {
    const docker::EventWatch watch(docker_harness().endpoint(), kNode,
                                   [&](const EngineEvent& event) {
                                     const std::lock_guard lock(mutex);
                                     events.push_back(event);
                                   });
    CHECK(harness().wait_until([&] { return seen("", "connected") == 1; }));
    Project project("stream");
    project.start("stream-web", kExits0);
    CHECK(harness().wait_until([&] { return seen("stream", "die") == 1; }));
    docker_harness().dockerd().docker("volume create cara-stream-v");
    docker_harness().dockerd().docker("volume rm cara-stream-v");
    CHECK(harness().wait_until([&] { return seen("", "volume destroy") == 1; }));
  }
  const auto before = [&] {
    const std::lock_guard lock(mutex);
    return events.size();
  }();
  Project project("stream2");
  project.start("stream2-web", kExits0);
  project.wait_for("stream2-web", ContainerState::kExited);
  CHECK(events.size() == before);
}
