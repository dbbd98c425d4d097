// Logs, ports, files and statistics, as streams.
#include "tests/contract/stream_world.h"

using namespace cara;
using namespace cara::contract;

TEST_CASE("logs: all, the last, since, and what comes [E49]") {
  StreamWorld& world = StreamWorld::get();
  const Container container(
      "cara-test/base:1 /bin/sh -c \"echo one; echo two >&2; echo three; sleep 1000\"");
  const auto lines = [](const std::string& text) {
    std::multiset<std::string> all;
    std::size_t at = 0;
    for (std::size_t end = text.find('\n'); end != std::string::npos; end = text.find('\n', at)) {
      const std::string line = text.substr(at, end - at);
      all.insert(line.substr(line.find(' ') + 1));
      at = end + 1;
    }
    return all;
  };
  CHECK(eventually([&] { return has(world.dockerd.docker("logs " + container.id), "three"); }));
  Call all;
  world.logs(all, container.id, {});
  CHECK_FALSE(all.wait().error.has_value());
  CHECK(lines(all.seen->output()) == std::multiset<std::string>{"one", "three"});
  CHECK(lines(all.seen->errors()) == std::multiset<std::string>{"two"});
  const std::string first = all.seen->output().substr(0, all.seen->output().find(' '));
  CHECK(has(first, "T"));
  CHECK(first.ends_with("Z"));

  Call last;
  world.logs(last, container.id, {.tail = 1});
  last.wait();
  CHECK(lines(last.seen->output() + last.seen->errors()).size() == 1);
  Call none;
  world.logs(none, container.id, {.since_ns = 4'000'000'000'000'000'000});
  none.wait();
  CHECK(none.seen->output().empty());
}

TEST_CASE("logs are followed until the container ends, and a silent one is followed, too [E49]") {
  StreamWorld& world = StreamWorld::get();
  const Container container(
      "cara-test/base:1 /bin/sh -c \"until [ -e /go ]; do sleep 0.1; done; echo went; "
      "until [ -e /end ]; do sleep 0.1; done\"");
  Call call;
  world.logs(call, container.id, {.follow = true});
  world.dockerd.docker("exec " + container.id + " touch /go");
  CHECK(call.shows("went"));
  CHECK_FALSE(call.is_over());
  world.dockerd.docker("exec " + container.id + " touch /end");
  CHECK_FALSE(call.wait().error.has_value());
}

TEST_CASE("logs of the run before, and of a container with a terminal [E49]") {
  StreamWorld& world = StreamWorld::get();
  const Container container(
      "-t cara-test/base:1 /bin/sh -c \"echo run; sleep 2; cat /n; echo second >>/n\"");
  const auto ended = [&](const std::string& runs) {
    return eventually([&] {
      return world.dockerd.docker("wait " + container.id) == "0\n" &&
             has(world.dockerd.docker("logs " + container.id), runs);
    });
  };
  CHECK(ended("run"));
  world.dockerd.docker("start " + container.id);
  CHECK(ended("second"));
  Call before;
  world.logs(before, container.id, {.previous = true});
  before.wait();
  CHECK(has(before.seen->output(), " run"));
  CHECK_FALSE(has(before.seen->output(), "second"));

  const Container once(kRuns);
  Call call;
  world.logs(call, once.id, {.previous = true});
  const Error refused = call.refusal();
  CHECK(refused.code == Code::kNotFound);
  CHECK(has(refused.message, "has no previous run"));
}

namespace {

// This thread, in the network of the private engine, as a node's agent would be.
struct InEngineNetwork {
  InEngineNetwork() {
    std::string name = StreamWorld::get().dockerd.shell("dockerd_name");
    while (!name.empty() && name.back() == '\n') name.pop_back();
    const int there = ::open(("/run/netns/" + name).c_str(), O_RDONLY | O_CLOEXEC);
    REQUIRE(::setns(there, CLONE_NEWNET) == 0);
    ::close(there);
  }
  ~InEngineNetwork() {
    ::setns(home_, CLONE_NEWNET);
    ::close(home_);
  }
  InEngineNetwork(const InEngineNetwork&) = delete;
  InEngineNetwork& operator=(const InEngineNetwork&) = delete;

 private:
  const int home_ = ::open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
};

}  // namespace

TEST_CASE("a port of a container: bytes both ways, half-close, and nobody there [E49]") {
  StreamWorld& world = StreamWorld::get();
  const Container container("cara-test/base:1 nc -ll -p 8000 -e /bin/sh -c \"cat; echo bye\"");
  // The engine's network is not the bus's: opened here, pumped as always.
  docker::DockerStreams streams(world.engine, {.endpoint = world.endpoint, .node = "n1"});
  const auto open = [&](std::int64_t port, StreamRequest request) {
    request.forward = schema::ForwardOptions{port};
    const InEngineNetwork inside;
    return streams.open(StreamWorld::opening("forward", container.id, request));
  };
  CHECK(eventually([&] { return open(8000, {}).ok(); }));
  Call call;
  StreamRequest request;
  world.listen(call, request);
  auto opened = open(8000, request);
  REQUIRE(opened.ok());
  REQUIRE(world.server->pump()
              .add(call.id, request.window, std::move(*opened), [](const StreamResult&) {})
              .ok());
  call.type("ping");
  CHECK(call.shows("ping"));
  call.end_input();
  CHECK_FALSE(call.wait().error.has_value());
  CHECK(call.seen->output() == "pingbye\n");

  const auto refused = open(8001, {});
  REQUIRE_FALSE(refused.ok());
  CHECK(refused.error().code == Code::kUnavailable);
  CHECK(has(refused.error().message, "port 8001 of service"));
  CHECK(has(refused.error().message, "Connection refused"));
}

TEST_CASE("files go into a container and come out of it as they were [E49]") {
  StreamWorld& world = StreamWorld::get();
  const Container from(kRuns);
  const Container to(kRuns);
  world.dockerd.docker("exec " + from.id +
                       " sh -c \"mkdir -p /d/e; head -c 3000000 /dev/urandom >/d/e/f; "
                       "echo hi >/d/g; chmod 751 /d/e; ln -s g /d/l\"");
  Call down;
  world.copy(down, from.id, {.path = "/d"});
  CHECK_FALSE(down.wait().error.has_value());
  const std::string archive = down.seen->output();
  CHECK(archive.size() > 3'000'000);
  CHECK(archive.ends_with(std::string(1024, '\0')));

  Call up;
  world.copy(up, to.id, {.path = "/tmp/..", .upload = true});
  up.type(archive);
  CHECK_FALSE(up.is_over());
  up.end_input();
  const StreamResult result = up.wait();
  CHECK_FALSE(result.error.has_value());
  const std::string look = " sh -c \"md5sum /d/e/f /d/g; stat -c %a /d/e; readlink /d/l\"";
  CHECK(world.dockerd.docker("exec " + to.id + look) ==
        world.dockerd.docker("exec " + from.id + look));

  const auto refused = [&](const schema::CopyOptions& options) {
    Call call;
    world.copy(call, to.id, options);
    const Error error = call.refusal();
    CHECK(error.code == Code::kNotFound);
    return error.message;
  };
  CHECK(has(refused({.path = "/nosuch/file"}), "/nosuch/file"));
  CHECK(has(refused({.path = "/nosuch", .upload = true}), "there is no folder /nosuch in it"));
  CHECK(has(refused({.path = "/etc/passwd", .upload = true}), "there is no folder /etc/passwd"));

  Call garbage;
  world.copy(garbage, to.id, {.path = "/tmp", .upload = true});
  garbage.type(std::string(100'000, 'x'));
  garbage.end_input();
  const StreamResult bad = garbage.wait();
  REQUIRE(bad.error.has_value());
  CHECK(has(bad.error->message, "copy to service"));
}

TEST_CASE("what a node and its containers use [E49]") {
  StreamWorld& world = StreamWorld::get();
  const Container container(
      "--label cara.node=n1 --label cara.project=shop --label cara.service=web -m 64m "
      "cara-test/base:1 /bin/sh -c \"while true; do :; done\"");
  Call call;
  world.open(call, "stats", "", {.node = "n1"});
  CHECK_FALSE(call.wait().error.has_value());
  const auto usage = schema::unpack_message<schema::NodeUsage>(call.seen->output());
  REQUIRE(usage.ok());
  CHECK(usage->node == "n1");
  CHECK(usage->cpu_millis > 0);
  CHECK(usage->memory_bytes > 0);
  CHECK(usage->load.memory_bytes > 0);
  REQUIRE(usage->containers.size() == 1);
  CHECK(usage->containers[0].project == "shop");
  CHECK(usage->containers[0].service == "web");
  CHECK(usage->containers[0].load.cpu_millis > 0);
}
