// Byte streams from an engine that has bad days: frames, heads, uploads, and what was never opened.
#include "services/agent/docker/streams/docker_streams.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <condition_variable>
#include <mutex>
#include <string>
#include <thread>

#include "services/agent/docker/streams/engine_endpoint.h"
#include "services/agent/docker/streams/late_endpoint.h"
#include "services/agent/docker/streams/processes.h"
#include "tests/catch_compat.h"
#include "tests/unit/scripted_docker.h"

using namespace cara;
using namespace cara::docker;
using namespace std::chrono_literals;
using Read = host::Endpoint::Read;
using schema::Channel;

namespace {
std::string frame(char stream, const std::string& text) {
  const std::size_t size = text.size();
  return std::string{stream, 0, 0, 0, 0, 0, static_cast<char>(size >> 8), static_cast<char>(size)} +
         text;
}

// The engine's end of a connection whose other end an endpoint has.
class Peer {
 public:
  Peer() {
    REQUIRE(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, fds_.data()) == 0);
  }
  ~Peer() { end(); }
  Peer(const Peer&) = delete;
  Peer& operator=(const Peer&) = delete;
  int other() const { return fds_[1]; }
  void say(const std::string& bytes) const {
    REQUIRE(::send(fds_[0], bytes.data(), bytes.size(), MSG_NOSIGNAL) ==
            static_cast<ssize_t>(bytes.size()));
  }
  std::string hear() const {
    std::string bytes(1024 * 1024, '\0');
    const ssize_t count = ::recv(fds_[0], bytes.data(), bytes.size(), 0);
    bytes.resize(count < 0 ? 0 : static_cast<std::size_t>(count));
    return bytes;
  }
  void end() {
    if (fds_[0] >= 0) ::close(fds_[0]);
    fds_[0] = -1;
  }

 private:
  std::array<int, 2> fds_{};
};

bool is_ready(int fd, short events) {
  pollfd polled{.fd = fd, .events = events, .revents = 0};
  return ::poll(&polled, 1, 0) == 1 && (polled.revents & events) != 0;
}

schema::StreamOpen open_of(const std::string& verb) {
  schema::StreamOpen opening{.role = "admin", .id = "a", .verb = verb, .container = "c1"};
  opening.request.service = "web";
  if (verb == "logs") opening.request.logs.emplace();
  if (verb == "exec") opening.request.exec = schema::ExecOptions{.command = {"sh"}};
  if (verb == "forward") opening.request.forward = schema::ForwardOptions{80};
  if (verb == "copy") opening.request.copy = schema::CopyOptions{.path = "/x"};
  return opening;
}

constexpr const char* kContainer =
    R"({"Id":"c1","Name":"/shop-web","Config":{"Tty":false,"Labels":{"cara.service":"web"}},
        "State":{"Status":"running","StartedAt":"2026-01-02T03:04:05.000000007Z"}})";

struct Engine {
  explicit Engine(FakeDocker::Script script)
      : server([script = std::move(script)](const std::string& request) {
          if (has(request, "GET /version")) {
            return FakeAnswer{.body = R"({"ApiVersion":"1.41","MinAPIVersion":"1.12"})"};
          }
          return script(request);
        }) {}
  Result<std::unique_ptr<host::Endpoint>> open(const std::string& verb) {
    return streams.open(open_of(verb));
  }
  FakeDocker server;
  DockerEngine engine{{.endpoint = *parse_endpoint(server.host())}};
  DockerStreams streams{engine, {.endpoint = *parse_endpoint(server.host()), .open_limit = 300ms}};
};

}  // namespace

TEST_CASE("frames are taken apart wherever the engine's pieces end") {
  const std::string all =
      frame(1, "one\n") + frame(2, "two\n") + frame(2, "") + frame(1, "three\n");
  for (std::size_t piece = 1; piece <= all.size(); ++piece) {
    for (const std::size_t limit : {std::size_t{1}, std::size_t{3}, std::size_t{100}}) {
      FrameReader reader;
      std::string shown, out, err;
      for (std::size_t at = 0; at < all.size(); at += piece) {
        shown += all.substr(at, piece);
        while (!shown.empty()) {
          const auto read = reader.read(shown, limit);
          REQUIRE(read.ok());
          REQUIRE(read->data.size() <= limit);
          (read->channel == Channel::kStdout ? out : err) += read->data;
          shown.erase(0, read->consumed);
          if (read->consumed == 0) break;
        }
      }
      CHECK(shown.empty());
      CHECK(out == "one\nthree\n");
      CHECK(err == "two\n");
      CHECK(reader.is_at_end());
    }
  }
}

TEST_CASE("frames that follow each other are one piece, up to the other channel") {
  FrameReader reader;
  const std::string all = frame(1, "a") + frame(1, "b") + frame(2, "c");
  const auto first = reader.read(all, 100);
  CHECK(first->data == "ab");
  const auto second = reader.read(all.substr(first->consumed), 100);
  CHECK(second->data == "c");
  CHECK(second->channel == Channel::kStderr);
}

TEST_CASE("a log entry without a newline gets one, but for the parts of a long line [E48]") {
  const std::string stamp = "2026-11-28T21:16:10.123456789Z ";
  const std::string part = stamp + std::string(16'384, 'x');
  const std::string all = frame(1, stamp + "bye") + frame(2, "err") + frame(1, part) +
                          frame(1, part) + frame(1, stamp + "end\n") + frame(1, stamp + "!");
  for (const std::size_t limit : {std::size_t{1}, std::size_t{1000}, std::size_t{100'000}}) {
    FrameReader reader(FrameReader::Of::kLogs);
    std::string shown = all + frame(1, ""), out;
    while (!shown.empty()) {
      const auto read = reader.read(shown, limit);
      REQUIRE(read.ok());
      CHECK(read->data.size() <= limit);
      if (read->channel == Channel::kStdout) out += read->data;
      shown.erase(0, read->consumed);
    }
    CHECK(out == stamp + "bye\n" + part + part + stamp + "end\n" + stamp + "!\n");
  }
}

TEST_CASE("what is no frame ends the stream, and so does half a one [S53]") {
  FrameReader reader;
  CHECK_FALSE(reader.read("plain text", 100).ok());
  Peer peer;
  EngineEndpoint cut(peer.other(), EngineEndpoint::Shape::kFrames);
  peer.say(frame(1, "hello").substr(0, 10));
  CHECK(cut.read(100).data == "he");
  CHECK(cut.read(100).status == Read::kAgain);
  peer.end();
  const Read end = cut.read(100);
  REQUIRE(end.status == Read::kFailed);
  CHECK(end.error.code == Code::kUnavailable);
}

TEST_CASE("what an endpoint has no room for stays where poll sees it") {
  Peer peer;
  EngineEndpoint endpoint(peer.other(), EngineEndpoint::Shape::kFrames);
  peer.say(frame(1, "hello") + frame(2, "err"));
  CHECK(endpoint.read(2).data == "he");
  CHECK(is_ready(endpoint.read_fd(), POLLIN));
  CHECK(endpoint.read(100).data == "llo");
  CHECK(is_ready(endpoint.read_fd(), POLLIN));
  CHECK(endpoint.read(100).data == "err");
  CHECK_FALSE(is_ready(endpoint.read_fd(), POLLIN));
  peer.end();
  CHECK(endpoint.read(100).status == Read::kEnd);
}

TEST_CASE("an upload goes in chunks, and ends with what the engine says") {
  Chores chores(1);
  Peer peer;
  UploadEndpoint upload(peer.other(), "copy to service `web`", chores);
  CHECK(*upload.write("hello", Channel::kStdout) == 5);
  CHECK(peer.hear() == "5\r\nhello\r\n");
  upload.end_of_input();
  CHECK(peer.hear() == "0\r\n\r\n");
  CHECK(upload.read(100).status == Read::kAgain);
  SECTION("all is well") {
    peer.say("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
    CHECK(upload.read(100).status == Read::kEnd);
  }
  SECTION("it refuses") {
    peer.say("HTTP/1.1 403 Forbidden\r\n\r\n{\"message\":\"rootfs is read-only\"}");
    CHECK(upload.read(100).status == Read::kAgain);
    peer.end();
    const Read end = upload.read(100);
    REQUIRE(end.status == Read::kFailed);
    CHECK(end.error.code == Code::kForbidden);
    CHECK(end.error.message == "copy to service `web`: rootfs is read-only");
  }
  SECTION("it says nothing") {
    peer.end();
    const Read end = upload.read(100);
    REQUIRE(end.status == Read::kFailed);
    CHECK(has(end.error.message, "without an answer"));
  }
}

TEST_CASE("an upload that the engine takes slowly is whole, and one that it breaks off says why") {
  Chores chores(1);
  Peer peer;
  UploadEndpoint upload(peer.other(), "copy to service `web`", chores);
  const std::string piece(32'768, 'x');
  std::string heard;
  std::size_t chunks = 0;
  for (int i = 0; i < 100; ++i) {
    std::size_t taken = 0;
    while (taken == 0) {
      const auto written = upload.write(piece, Channel::kStdout);
      REQUIRE(written.ok());
      taken = *written;
      if (taken == 0) heard += peer.hear();
    }
    REQUIRE(taken == piece.size());
    ++chunks;
  }
  upload.end_of_input();
  for (std::string more = peer.hear(); !heard.ends_with("0\r\n\r\n"); more = peer.hear()) {
    heard += more;
  }
  CHECK(heard.size() == chunks * (piece.size() + 8) + 5);

  Peer refusing;
  UploadEndpoint refused(refusing.other(), "copy to service `web`", chores);
  refusing.say("HTTP/1.1 400 Bad Request\r\n\r\n{\"message\":\"not a directory\"}");
  refusing.end();
  const auto written = refused.write(piece, Channel::kStdout);
  REQUIRE_FALSE(written.ok());
  CHECK(written.error().message == "copy to service `web`: not a directory");
}

TEST_CASE("a stream whose endpoint is late: what came meanwhile is its own") {
  auto [late, opener] = LateEndpoint::make();
  CHECK_FALSE(is_ready(late->read_fd(), POLLIN));
  CHECK_FALSE(is_ready(late->write_fd(), POLLOUT));
  CHECK(*late->write("early", Channel::kStdout) == 0);
  late->end_of_input();
  SECTION("it comes") {
    Peer peer;
    Chores chores(1);
    std::unique_ptr<host::Endpoint> upload =
        std::make_unique<UploadEndpoint>(peer.other(), "copy", chores);
    opener->done(std::move(upload));
    CHECK(is_ready(late->read_fd(), POLLIN));
    CHECK(is_ready(late->write_fd(), POLLOUT));
    CHECK(late->read(100).status == Read::kAgain);
    CHECK(late->read_fd() == peer.other());
    CHECK(late->write_fd() == peer.other());
    CHECK(peer.hear() == "0\r\n\r\n");
  }
  SECTION("it does not") {
    opener->done(unavailable("no engine"));
    CHECK(is_ready(late->read_fd(), POLLIN));
    const Read end = late->read(100);
    REQUIRE(end.status == Read::kFailed);
    CHECK(end.error.message == "no engine");
  }
  SECTION("nobody waits for it any more") {
    late->abandon();
    CHECK(opener->is_cancelled());
    Peer peer;
    std::unique_ptr<host::Endpoint> raw =
        std::make_unique<EngineEndpoint>(peer.other(), EngineEndpoint::Shape::kRaw);
    opener->done(std::move(raw));
    CHECK_FALSE(is_ready(late->read_fd(), POLLIN));
    CHECK(::fcntl(peer.other(), F_GETFD) == -1);  // it is closed
  }
}

TEST_CASE("an engine that never answers costs no more than the limit [E35]") {
  for (const std::string verb : {"logs", "exec", "copy"}) {
    Engine engine([](const std::string& request) {
      return has(request, "GET /v1.41/containers/c1/json") ? FakeAnswer{.body = kContainer}
                                                           : FakeAnswer{.hangs = true};
    });
    const auto opened = engine.open(verb);
    INFO(verb);
    REQUIRE_FALSE(opened.ok());
    CHECK(opened.error().code == Code::kTimeout);
    CHECK(has(opened.error().message, "gave no answer in time"));
  }
}

TEST_CASE("an engine that lies is told from one that refuses [S53]") {
  const auto refused = [](const std::string& verb, const std::string& part, FakeAnswer answer) {
    Engine engine([&](const std::string& request) {
      if (has(request, part)) return answer;
      if (has(request, "/exec ") || request.ends_with("/exec"))
        return FakeAnswer{.body = R"({"Id":"e1"})"};
      return FakeAnswer{.body = kContainer};
    });
    const auto opened = engine.open(verb);
    REQUIRE_FALSE(opened.ok());
    return opened.error();
  };
  CHECK(refused("logs", "/json", {.body = "nonsense"}).code == Code::kInternal);
  CHECK(refused("logs", "/json", {.status = 404, .body = R"({"message":"No such container: c1"})"})
            .code == Code::kNotFound);
  const Error driver =
      refused("logs", "/logs",
              {.status = 501,
               .body = R"({"message":"configured logging driver does not support reading"})"});
  CHECK(driver.message ==
        "read the logs of service `web`: configured logging driver does not support reading");
  CHECK(refused("exec", "/exec", {.body = "{}"}).code == Code::kInternal);
  CHECK(
      refused("exec", "/start", {.status = 409, .body = R"({"message":"Container c1 is paused"})"})
          .message == "run a command in service `web`: Container c1 is paused");
  CHECK(refused("forward", "nothing", {}).message == "service `web` has no address on a network");
  CHECK(has(refused("dance", "nothing", {}).message, "knows no stream `dance`"));
}

TEST_CASE("which lines of the logs are asked for") {
  const Target target{.service = "web", .started_ns = 3'000'000'000, .finished_ns = 1'000'000'000};
  CHECK(*logs_query({}, target) == "stdout=1&stderr=1&timestamps=1&tail=all");
  CHECK(*logs_query({.follow = true, .tail = 5, .since_ns = 1'700'000'000'000'000'012}, target) ==
        "stdout=1&stderr=1&timestamps=1&tail=5&follow=1&since=1700000000.000000012");
  CHECK(*logs_query({.tail = 5, .previous = true}, target) ==
        "stdout=1&stderr=1&timestamps=1&tail=all&until=2.000000000");
  const Target ended{.service = "web", .started_ns = 3'000'000'000, .finished_ns = 4'000'000'000};
  CHECK(logs_query({.previous = true}, ended)->ends_with("&until=2.800000000"));
  CHECK_FALSE(logs_query({.previous = true}, {.service = "web", .started_ns = 1}).ok());
}

TEST_CASE("going on in the logs of a container counts in that one only [E49]") {
  const auto asks_since = [](const std::string& container) {
    std::string asked;
    Engine engine([&](const std::string& request) {
      if (has(request, "/logs")) asked = request;
      return FakeAnswer{.body = has(request, "/logs") ? "" : kContainer};
    });
    auto opening = open_of("logs");
    opening.request.logs = schema::LogsOptions{.since_ns = 5, .container = container};
    REQUIRE(engine.streams.open(opening).ok());
    return has(asked, "&since=0.000000005");
  };
  CHECK(asks_since("c1"));
  CHECK(asks_since(""));
  CHECK_FALSE(asks_since("c0"));
  CHECK(LateEndpoint::make("c1").first->container() == "c1");
}

TEST_CASE("what the engine's JSON says of containers, commands and use") {
  const auto target = read_target(kContainer);
  REQUIRE(target);
  CHECK(target->service == "web");
  CHECK(target->running);
  CHECK(target->started_ns == 1'767'323'045'000'000'007);
  CHECK(target->finished_ns == 0);
  for (const std::string garbage : {"", "[]", "null", "7", "{", "{\"Id\":7}"}) {
    CHECK_FALSE(read_target(garbage));
    CHECK_FALSE(read_exec(garbage));
  }
  const auto state = read_exec(R"({"ID":"e","Running":false,"ExitCode":3,"Pid":42})");
  CHECK(state->exit_code == 3);
  CHECK(state->pid == 42);
  const auto sample = read_sample(
      R"({"read":"1970-01-01T00:00:02Z","cpu_stats":{"cpu_usage":{"total_usage":5}},
          "memory_stats":{"usage":100,"limit":1000,"stats":{"inactive_file":30}},
          "pids_stats":{"current":2},
          "networks":{"eth0":{"rx_bytes":7,"tx_bytes":8},"eth1":{"rx_bytes":1,"tx_bytes":1}}})");
  CHECK(sample->at_ns == 2'000'000'000);
  CHECK(sample->memory_bytes == 70);
  CHECK(sample->received == 8);
  CHECK(sample->sent == 9);
  CHECK(read_sample("{}")->cpu_ns == 0);
  const std::string body = write_exec({.command = {"a", "b c"},
                                       .tty = true,
                                       .input = true,
                                       .user = "me",
                                       .env = {{.name = "A", .value = "1=2"}}});
  CHECK(has(body, R"("Cmd":["a","b c"])"));
  CHECK(has(body, R"("Env":["A=1=2"])"));
  CHECK(has(body, R"("User":"me")"));
  CHECK(has(body, R"("DetachKeys")"));
}

TEST_CASE("signals by name, and nobody else's processes") {
  CHECK(signal_number("INT") == 2);
  CHECK(signal_number("SIGKILL") == 9);
  CHECK_FALSE(signal_number("SEGV?"));
  CHECK_FALSE(ExecSession::find(::getpid(), "0123456789abcdef0123"));
  CHECK_FALSE(ExecSession::find(0, "x"));
  CHECK_FALSE(ExecSession::find(-5, "x"));
  CHECK_FALSE(ExecSession::find(1, ""));
}
