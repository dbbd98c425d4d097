// The connection of the hollow agents on a real nats-server that is killed, frozen or silent.
#include <algorithm>
#include <functional>
#include <string>
#include <vector>

#include "services/runtime/host/clock.h"
#include "tests/catch_compat.h"
#include "tests/hollow/connection.h"
#include "tests/hollow/server_config.h"
#include "tests/integration/nats_server.h"
#include "tests/integration/quiet_server.h"

using namespace cara;
using namespace cara::hollow;
using namespace std::chrono_literals;
using cara::test::NatsServer;

namespace {

class Recorder final : public ConnectionListener {
 public:
  void on_connected() override { said.push_back("connected"); }
  void on_lost(const std::string& why) override { said.push_back("lost: " + why); }
  void on_connect_failed(const std::string& why) override { said.push_back("failed: " + why); }
  void on_message(ServerMessage message) override { messages.push_back(std::move(message)); }
  void on_error(const std::string& words) override { said.push_back("error: " + words); }

  bool heard(const std::string& text) const {
    return std::any_of(said.begin(), said.end(), [&](const std::string& line) {
      return line.find(text) != std::string::npos;
    });
  }

  std::vector<std::string> said;
  std::vector<ServerMessage> messages;
};

struct Bench {
  explicit Bench(const std::string& url, ClientHello hello = {.name = "bench"})
      : address(resolve(url)->address),
        connection(loop, address, std::move(hello), recorder, random) {
    connection.start();
  }

  bool within(Duration patience, const std::function<bool()>& condition) {
    const MonoTime end = host::mono_now() + patience;
    const std::function<void()> look = [&] {
      if (condition() || host::mono_now() >= end) return loop.stop();
      loop.after(10ms, look);
    };
    loop.after(0ms, look);
    loop.run();
    return condition();
  }
  bool is_up_within(Duration patience) {
    return within(patience, [this] { return connection.is_up(); });
  }

  sockaddr_in address;
  Loop loop;
  Recorder recorder;
  runtime::IdSource random{{.high = 1, .low = 2}};
  Connection connection;
};

}  // namespace

TEST_CASE("a hollow agent's message comes back, and nobody listening is an answer") {
  const NatsServer server;
  Bench bench(server.url());
  REQUIRE(bench.is_up_within(10s));
  CHECK(bench.connection.max_payload() == 1024 * 1024);
  bench.connection.subscribe("a.*", "");
  const std::string large(700'000, 'x');
  bench.connection.publish("a.b", "r.s", large);
  bench.connection.publish("nobody.there", "a.inbox", "?");
  bench.connection.flush();
  auto& messages = bench.recorder.messages;
  REQUIRE(bench.within(10s, [&] { return messages.size() == 2; }));
  CHECK(messages[0].reply == "r.s");
  CHECK(messages[0].payload == large);
  CHECK(messages[1].subject == "a.inbox");
  CHECK(messages[1].status == kNoResponders);
}

TEST_CASE("a hollow agent is back when its server was killed [E43]") {
  NatsServer server;
  Bench bench(server.url());
  REQUIRE(bench.is_up_within(10s));
  server.kill();
  REQUIRE(bench.within(10s, [&] { return bench.recorder.heard("lost: "); }));
  REQUIRE(bench.within(10s, [&] { return bench.recorder.heard("failed: cannot connect"); }));
  server.start();
  CHECK(bench.is_up_within(20s));
}

TEST_CASE("a hollow agent notices a frozen server by its own pings [F28]") {
  NatsServer server;
  Bench bench(server.url());
  REQUIRE(bench.is_up_within(10s));
  server.freeze();
  CHECK(bench.within(25s, [&] { return bench.recorder.heard("does not answer pings"); }));
  server.thaw();
  CHECK(bench.is_up_within(20s));
}

TEST_CASE("a hollow agent gives up a handshake that does not end") {
  const cara::test::QuietServer server;
  Bench bench(server.url());
  CHECK(bench.within(20s, [&] { return bench.recorder.said.size() >= 2; }));
  CHECK(bench.recorder.said[1] == "failed: the NATS server did not answer in time");
}

TEST_CASE("a frozen hollow agent reads nothing; thawed, it reads what came meanwhile") {
  const NatsServer server;
  Bench bench(server.url());
  Bench other(server.url());
  REQUIRE(bench.is_up_within(10s));
  REQUIRE(other.is_up_within(10s));
  bench.connection.subscribe("a", "");
  bench.connection.subscribe("ready", "");
  bench.connection.publish("ready", "", "");
  bench.connection.flush();
  REQUIRE(bench.within(10s, [&] { return bench.recorder.messages.size() == 1; }));
  bench.connection.freeze();
  other.connection.subscribe("a", "");
  other.connection.publish("a", "", "1");
  other.connection.flush();
  REQUIRE(other.within(10s, [&] { return other.recorder.messages.size() == 1; }));
  CHECK_FALSE(bench.within(100ms, [&] { return bench.recorder.messages.size() == 2; }));
  bench.connection.thaw();
  CHECK(bench.within(10s, [&] { return bench.recorder.messages.size() == 2; }));
  CHECK(bench.recorder.said == std::vector<std::string>{"connected"});
}

TEST_CASE("a hollow agent may do what its user may, and is told what it may not [I29]") {
  const schema::Identity who{schema::Role::kAgent, "n1"};
  const NatsServer server(server_config({.identities = {who}, .max_connections = 10}));
  Bench bench(server.url(), {.name = "n1", .user = user_of(who), .password = password_of(who)});
  REQUIRE(bench.is_up_within(10s));
  bench.connection.publish("cara.v1.hb.n1", "", "");
  bench.connection.publish("cara.v1.hb.n2", "", "");
  bench.connection.flush();
  REQUIRE(bench.within(10s, [&] { return bench.recorder.said.size() == 2; }));
  CHECK(bench.recorder.said[1] == "error: Permissions Violation for Publish to \"cara.v1.hb.n2\"");
  CHECK(bench.connection.is_up());

  Bench thief(server.url(), {.name = "n2", .user = user_of(who), .password = "guessed"});
  CHECK(thief.within(10s, [&] { return thief.recorder.heard("error: Authorization Violation"); }));
  CHECK_FALSE(thief.connection.is_up());
}

TEST_CASE("a URL may name a user; a host that is not there is said") {
  const auto server = resolve("nats://me:se:cret@127.0.0.1:4333");
  REQUIRE(server.ok());
  CHECK(server->user == "me");
  CHECK(server->password == "se:cret");
  CHECK(ntohs(server->address.sin_port) == 4333);
  CHECK(ntohs(resolve("127.0.0.1")->address.sin_port) == 4222);
  const auto wrong = resolve("nats://u:secret@[");
  REQUIRE_FALSE(wrong.ok());
  CHECK(wrong.error().message.find("secret") == std::string::npos);
}
