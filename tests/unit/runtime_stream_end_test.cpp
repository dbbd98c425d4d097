// One end of a byte stream against the other, without a bus.
#include "services/runtime/stream_end.h"
#include "tests/catch_compat.h"

using namespace cara;
using namespace cara::runtime;
using namespace std::chrono_literals;
using schema::Channel;
using schema::FrameKind;
using schema::StreamFrame;

namespace {

struct Pair {
  explicit Pair(std::int64_t window = 100)
      : client(StreamEnd::Side::kClient, window, 0, now),
        agent(StreamEnd::Side::kAgent, window, window, now) {}

  void open() { REQUIRE(client.receive(agent.opened(now), now).ok()); }

  MonoTime now{.us = 1'000'000};
  StreamEnd client;
  StreamEnd agent;
};

std::string text(std::int64_t size) { return std::string(static_cast<std::size_t>(size), 'x'); }

}  // namespace

TEST_CASE("a client sends nothing before its stream is open") {
  Pair pair;
  CHECK(pair.client.sendable() == 0);
  CHECK(pair.agent.sendable() == 100);
  pair.open();
  CHECK(pair.client.is_open());
  CHECK(pair.client.sendable() == 100);
}

TEST_CASE(
    "nobody sends more than the other end has granted, and what was passed on is granted anew") {
  Pair pair;
  pair.open();
  REQUIRE(
      pair.client.receive(pair.agent.data(text(70), Channel::kStdout, pair.now), pair.now).ok());
  CHECK(pair.agent.sendable() == 30);
  CHECK_FALSE(pair.client.consumed(40, pair.now).has_value());  // not worth a frame
  const auto credit = pair.client.consumed(30, pair.now);
  REQUIRE(credit.has_value());
  CHECK(credit->bytes == 70);
  REQUIRE(pair.agent.receive(*credit, pair.now).ok());
  CHECK(pair.agent.sendable() == 100);
}

TEST_CASE("one frame has at most a chunk") {
  Pair pair(schema::kDefaultWindow);
  pair.open();
  CHECK(pair.agent.sendable() == schema::kMaxChunk);
}

TEST_CASE("who sends more than it was granted is refused") {
  Pair pair;
  pair.open();
  StreamFrame greedy = pair.agent.data(text(100), Channel::kStdout, pair.now);
  greedy.data.data += "x";
  const auto news = pair.client.receive(greedy, pair.now);
  REQUIRE_FALSE(news.ok());
  CHECK(news.error().code == Code::kInvalid);
}

TEST_CASE("a lost frame ends the stream, an old one is ignored [E49]") {
  Pair pair;
  pair.open();
  const StreamFrame first = pair.agent.data("a", Channel::kStdout, pair.now);
  const StreamFrame lost = pair.agent.data("b", Channel::kStdout, pair.now);
  const StreamFrame third = pair.agent.data("c", Channel::kStdout, pair.now);
  REQUIRE(*pair.client.receive(first, pair.now));
  CHECK_FALSE(*pair.client.receive(first, pair.now));
  const auto news = pair.client.receive(third, pair.now);
  REQUIRE_FALSE(news.ok());
  CHECK(news.error() == unavailable("a part of the stream was lost on the bus"));
  // A clean end that misses something is none.
  CHECK_FALSE(pair.client.receive(pair.agent.close({.exit_code = 0}, pair.now), pair.now).ok());
}

TEST_CASE("each way ends by itself; a close ends both and says why [E49]") {
  Pair pair;
  pair.open();
  REQUIRE(*pair.agent.receive(pair.client.end(pair.now), pair.now));
  CHECK(pair.agent.peer_has_ended());
  CHECK(pair.client.sendable() == 0);
  CHECK(pair.agent.sendable() == 100);
  REQUIRE(*pair.client.receive(pair.agent.data("z", Channel::kStderr, pair.now), pair.now));
  REQUIRE(*pair.client.receive(pair.agent.close({.exit_code = 3}, pair.now), pair.now));
  CHECK(pair.client.closed());
  CHECK(pair.client.result().exit_code == 3);
  CHECK_FALSE(pair.client.result().error.has_value());
}

TEST_CASE("an end that knows no numbers can still say why it closes") {
  Pair pair;
  pair.open();
  REQUIRE(*pair.client.receive(pair.agent.data("z", Channel::kStdout, pair.now), pair.now));
  StreamEnd stranger(StreamEnd::Side::kAgent, 0, 0, pair.now);
  REQUIRE(
      *pair.client.receive(stranger.close({{}, gone("it is not open here")}, pair.now), pair.now));
  CHECK(pair.client.result().error == gone("it is not open here"));
}

TEST_CASE("data behind the end is refused") {
  Pair pair;
  pair.open();
  REQUIRE(pair.client.receive(pair.agent.end(pair.now), pair.now).ok());
  StreamFrame late{.kind = FrameKind::kData, .seq = 3, .data = {"late"}};
  CHECK_FALSE(pair.client.receive(late, pair.now).ok());
}

TEST_CASE("quiet ends ping, silent ones are given up") {
  Pair pair;
  pair.open();
  CHECK_FALSE((*pair.agent.tick(pair.now + 4s)).has_value());
  const auto ping = pair.agent.tick(pair.now + 5s);
  REQUIRE((ping.ok() && ping->has_value()));
  CHECK((*ping)->kind == FrameKind::kPing);
  REQUIRE(*pair.client.receive(**ping, pair.now + 5s));
  CHECK(pair.client.tick(pair.now + 24s).ok());
  const auto given_up = pair.client.tick(pair.now + 25s);
  REQUIRE_FALSE(given_up.ok());
  CHECK(given_up.error() == unavailable("the node's agent is silent: it is gone, or cut off"));
  CHECK(pair.agent.tick(pair.now + 20s).error() ==
        unavailable("the client is silent: it is gone, or cut off"));
}

TEST_CASE("a stream that nobody opens times out") {
  Pair pair;
  CHECK(pair.client.tick(pair.now + 14s).ok());
  CHECK(pair.client.tick(pair.now + 15s).error().code == Code::kTimeout);
}

TEST_CASE("grants that are none are refused, and none grows over the largest window") {
  Pair pair;
  pair.open();
  CHECK_FALSE(
      pair.agent.receive({.kind = FrameKind::kCredit, .seq = 1, .bytes = -1}, pair.now).ok());
  Pair other(schema::kMaxWindow);
  other.open();
  const StreamFrame most{.kind = FrameKind::kCredit, .seq = 1, .bytes = schema::kMaxWindow};
  REQUIRE(other.agent.receive(most, other.now).ok());
  std::int64_t sent = 0;
  while (other.agent.sendable() > 0) {
    const std::int64_t size = other.agent.sendable();
    (void)other.agent.data(text(size), Channel::kStdout, other.now);
    sent += size;
  }
  CHECK(sent == schema::kMaxWindow);
}
