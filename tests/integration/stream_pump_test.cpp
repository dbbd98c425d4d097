// Byte streams between two pumps over a real nats-server.
#include "services/runtime/host/stream_pump.h"

#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <future>
#include <memory>
#include <thread>

#include "services/runtime/host/socket_endpoint.h"
#include "tests/catch_compat.h"
#include "tests/integration/nats_server.h"
#include "tests/integration/running_host.h"

using namespace cara;
using namespace cara::test;
using namespace std::chrono_literals;
using host::SocketEndpoint;
using host::StreamPump;
using runtime::StreamResult;

namespace {

const schema::Identity kAlice{schema::Role::kAdmin, "alice"};

schema::StreamId stream_id(std::int64_t number) { return {"n1", kAlice, "c0ffee", number}; }

// What is left for the test of a socket pair, whose other half an endpoint has.
class Peer {
 public:
  Peer() { REQUIRE(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds_.data()) == 0); }
  ~Peer() { end(); }
  Peer(const Peer&) = delete;
  Peer& operator=(const Peer&) = delete;
  std::unique_ptr<host::Endpoint> endpoint() { return std::make_unique<SocketEndpoint>(fds_[1]); }
  void say(std::string_view bytes) {
    while (!bytes.empty()) {
      const ssize_t count = send(fds_[0], bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (count <= 0) return;
      bytes.remove_prefix(static_cast<std::size_t>(count));
    }
  }
  void half_close() const { shutdown(fds_[0], SHUT_WR); }
  void end() {
    if (fds_[0] >= 0) close(fds_[0]);
    fds_[0] = -1;
  }
  // Until the other side ends.
  std::string hear_all() const {
    std::string all;
    std::array<char, 65'536> piece{};
    ssize_t count = 0;
    while ((count = recv(fds_[0], piece.data(), piece.size(), 0)) > 0) {
      all.append(piece.data(), static_cast<std::size_t>(count));
    }
    return all;
  }
  std::string hear(std::size_t size) const {
    std::string all(size, '\0');
    all.resize(static_cast<std::size_t>(
        std::max<ssize_t>(0, recv(fds_[0], all.data(), size, MSG_WAITALL))));
    return all;
  }

 private:
  std::array<int, 2> fds_{};
};

struct Deaf : host::BusListener {
  void on_message(host::BusMessage) override {}
  void on_closed() override {}
  void on_denied(std::string) override {}
  void on_missed() override {}
};

struct Ending {
  // The pump may end a stream behind the test that has begun it.
  std::shared_ptr<std::promise<StreamResult>> promise =
      std::make_shared<std::promise<StreamResult>>();
  std::future<StreamResult> future = promise->get_future();
  StreamPump::Over over() const {
    return [told = promise](const StreamResult& result) { told->set_value(result); };
  }
  StreamResult wait() {
    REQUIRE(future.wait_for(60s) == std::future_status::ready);
    return future.get();
  }
};

struct World {
  NatsServer server;
  StreamPump agent{{.connect = {.url = server.url()},
                    .side = StreamPump::Side::kAgent,
                    .subscription = schema::streams_in_subjects("n1")}};
  std::unique_ptr<StreamPump> client = make_client();

  std::unique_ptr<StreamPump> make_client() {
    return std::make_unique<StreamPump>(
        StreamPump::Options{.connect = {.url = server.url()},
                            .side = StreamPump::Side::kClient,
                            .subscription = schema::streams_out_subjects(kAlice, "c0ffee")});
  }
  World() {
    REQUIRE(agent.wait_connected(10s));
    REQUIRE(client->wait_connected(10s));
  }
  void open(std::int64_t number, Peer& near, Ending& near_end, Peer& far, Ending& far_end) {
    REQUIRE(client->add(stream_id(number), 0, near.endpoint(), near_end.over()).ok());
    REQUIRE(
        agent.add(stream_id(number), schema::kDefaultWindow, far.endpoint(), far_end.over()).ok());
  }
};

}  // namespace

TEST_CASE("bytes go both ways, and each way ends by itself [E49]") {
  World world;
  Peer near, far;
  Ending near_end, far_end;
  world.open(1, near, near_end, far, far_end);
  near.say("hello");
  CHECK(far.hear(5) == "hello");
  near.half_close();
  CHECK(far.hear_all().empty());  // the end has arrived
  far.say("still here");
  CHECK(near.hear(10) == "still here");
  far.end();
  CHECK_FALSE(near_end.wait().error.has_value());
  CHECK_FALSE(far_end.wait().error.has_value());
  CHECK(eventually([&] { return world.agent.open_streams() + world.client->open_streams() == 0; }));
}

TEST_CASE("much goes through whole, and a reader that waits holds back its own stream only [E49]") {
  World world;
  Peer near, far, slow_near, slow_far;
  Ending near_end, far_end, slow_near_end, slow_far_end;
  world.open(1, near, near_end, far, far_end);
  world.open(2, slow_near, slow_near_end, slow_far, slow_far_end);
  std::string much(64 * 1024 * 1024, '\0');
  for (std::size_t i = 0; i < much.size(); ++i) much[i] = static_cast<char>(i * 7 + i / 4096);
  std::thread slow_writer([&] {
    slow_far.say(much);
    slow_far.end();
  });
  std::thread writer([&] {
    far.say(much);
    far.end();
  });
  near.half_close();
  slow_near.half_close();
  CHECK(near.hear_all() == much);  // while nobody reads the other one
  CHECK(slow_near.hear_all() == much);
  writer.join();
  slow_writer.join();
  CHECK_FALSE(near_end.wait().error.has_value());
  CHECK_FALSE(slow_near_end.wait().error.has_value());
}

TEST_CASE("a hundred streams at once") {
  World world;
  std::vector<Peer> near(100), far(100);
  std::vector<Ending> near_end(100), far_end(100);
  for (std::size_t i = 0; i < 100; ++i) {
    world.open(static_cast<std::int64_t>(i), near[i], near_end[i], far[i], far_end[i]);
  }
  for (std::size_t i = 0; i < 100; ++i) {
    near[i].say(std::to_string(i));
    near[i].half_close();
  }
  for (std::size_t i = 0; i < 100; ++i) {
    CHECK(far[i].hear_all() == std::to_string(i));
    far[i].end();
  }
  for (Ending& end : near_end) CHECK_FALSE(end.wait().error.has_value());
}

TEST_CASE("an agent that is started anew: its streams end at once, with a reason [E49]") {
  World world;
  Peer near;
  Ending near_end;
  REQUIRE(world.client->add(stream_id(1), 0, near.endpoint(), near_end.over()).ok());
  // As if an agent had opened it and had then lost its memory.
  auto opener = std::make_unique<StreamPump>(
      StreamPump::Options{.connect = {.url = world.server.url()},
                          .side = StreamPump::Side::kAgent,
                          .subscription = "cara.v1.stream.other.*.*.*.*.in"});
  REQUIRE(opener->wait_connected(10s));
  Peer far;
  Ending far_end;
  REQUIRE(opener->add(stream_id(1), 1024, far.endpoint(), far_end.over()).ok());
  far.say("hi");
  CHECK(near.hear(2) == "hi");
  near.say("are you there?");
  const StreamResult result = near_end.wait();
  REQUIRE(result.error.has_value());
  CHECK(result.error->code == Code::kGone);
}

TEST_CASE("a lost connection ends the streams of both sides, and new ones work again [E49]") {
  World world;
  Peer near, far;
  Ending near_end, far_end;
  world.open(1, near, near_end, far, far_end);
  near.say("x");
  CHECK(far.hear(1) == "x");
  world.server.kill();
  CHECK(near_end.wait().error->code == Code::kUnavailable);
  CHECK(far_end.wait().error->code == Code::kUnavailable);
  world.server.start();
  REQUIRE(world.agent.wait_connected(20s));
  REQUIRE(world.client->wait_connected(20s));
  Peer near_again, far_again;
  Ending near_again_end, far_again_end;
  world.open(2, near_again, near_again_end, far_again, far_again_end);
  near_again.say("y");
  CHECK(far_again.hear(1) == "y");
}

TEST_CASE("a client that closes before its stream is open: what is opened then is closed [E49]") {
  World world;
  Peer near, far;
  Ending near_end, far_end;
  schema::StreamId unopened = stream_id(1);
  unopened.node.clear();  // where it will be is not known yet
  REQUIRE(world.client->add(unopened, 0, near.endpoint(), near_end.over()).ok());
  world.client->close(unopened, {});
  near_end.wait();
  REQUIRE(world.agent.add(stream_id(1), 0, far.endpoint(), far_end.over()).ok());
  const StreamResult result = far_end.wait();
  REQUIRE(result.error.has_value());
  CHECK(result.error->message == "the client has closed the stream");
}

TEST_CASE("a client that closes: the agent's side is told, and cleans up") {
  World world;
  Peer near, far;
  Ending near_end, far_end;
  world.open(1, near, near_end, far, far_end);
  near.say("x");
  CHECK(far.hear(1) == "x");
  world.client->close(stream_id(1), {});
  CHECK(far.hear_all().empty());
  near_end.wait();
  far_end.wait();
}

TEST_CASE("a pump that ends tells the other end at once [E49]") {
  World world;
  Peer near, far;
  Ending near_end, far_end;
  world.open(1, near, near_end, far, far_end);
  near.say("x");
  CHECK(far.hear(1) == "x");
  world.client.reset();
  CHECK(far_end.wait().error->message == "the client has ended");
}

TEST_CASE("no more streams than allowed, and garbage among the frames stops nothing [S53]") {
  World world;
  StreamPump small({.connect = {.url = world.server.url()},
                    .side = StreamPump::Side::kAgent,
                    .subscription = schema::streams_in_subjects("n2"),
                    .max_streams = 1});
  REQUIRE(small.wait_connected(10s));
  Peer one, two;
  Ending one_end, two_end;
  REQUIRE(small.add(stream_id(1), 0, one.endpoint(), one_end.over()).ok());
  const auto refused = small.add(stream_id(2), 0, two.endpoint(), two_end.over());
  REQUIRE_FALSE(refused.ok());
  CHECK(refused.error().message == "there are already 1 streams open; close some");

  Deaf deaf;
  host::BusEar ear(deaf);
  auto noise = host::NatsConnection::open({.url = world.server.url()}, ear);
  REQUIRE(noise.ok());
  for (const char* subject :
       {"cara.v1.stream.n1.admin.alice.c0ffee.1.in", "cara.v1.stream.n1.king.a.b.x.in",
        "cara.v1.stream.n1.admin.alice.c0ffee.99999999999999999999.in"}) {
    CHECK((*noise)->publish(subject, "", "garbage").ok());
  }
  Peer near, far;
  Ending near_end, far_end;
  world.open(3, near, near_end, far, far_end);
  near.say("z");
  CHECK(far.hear(1) == "z");
}
