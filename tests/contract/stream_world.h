// StreamWorld: byte streams on a real Docker engine, from a client's pump over a real nats-server
// to the agent's pump and the engine.
#pragma once

#include <fcntl.h>
#include <sched.h>
#include <sys/socket.h>
#include <unistd.h>

#include <future>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "schema/wire.h"
#include "services/agent/docker/streams/stream_server.h"
#include "tests/catch_compat.h"
#include "tests/contract/private_dockerd.h"
#include "tests/integration/nats_server.h"
#include "tests/integration/running_host.h"

namespace cara::contract {

using namespace cara::test;
using namespace std::chrono_literals;
using runtime::StreamResult;
using schema::StreamRequest;

inline const schema::Identity kAlice{schema::Role::kAdmin, "alice"};
inline constexpr const char* kRuns = "cara-test/runs:1";

inline bool has(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

// What a client has on its side: input that the test types, and what came.
struct Seen {
  mutable std::mutex mutex;
  std::string out;  // under mutex
  std::string err;  // under mutex
  std::string output() const {
    const std::lock_guard lock(mutex);
    return out;
  }
  std::string errors() const {
    const std::lock_guard lock(mutex);
    return err;
  }
};

class Screen final : public host::Endpoint {
 public:
  Screen(int input, std::shared_ptr<Seen> seen) : input_(input), seen_(std::move(seen)) {}
  ~Screen() override { ::close(input_); }
  int read_fd() const override { return input_; }
  int write_fd() const override { return -1; }
  Read read(std::size_t limit) override {
    std::string bytes(limit, '\0');
    const ssize_t count = ::read(input_, bytes.data(), limit);
    if (count < 0) return {};
    if (count == 0) return {.status = Read::kEnd};
    bytes.resize(static_cast<std::size_t>(count));
    return {.status = Read::kData, .data = std::move(bytes)};
  }
  Result<std::size_t> write(std::string_view bytes, schema::Channel channel) override {
    const std::lock_guard lock(seen_->mutex);
    (channel == schema::Channel::kStdout ? seen_->out : seen_->err) += bytes;
    return bytes.size();
  }

 private:
  const int input_;
  const std::shared_ptr<Seen> seen_;
};

// One stream of a client.
class Call {
 public:
  std::shared_ptr<Seen> seen = std::make_shared<Seen>();

  ~Call() { end_input(); }
  void type(std::string_view bytes) const {
    while (!bytes.empty()) {
      const ssize_t count = ::send(input_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (count <= 0) return;
      bytes.remove_prefix(static_cast<std::size_t>(count));
    }
  }
  void end_input() {
    if (input_ >= 0) ::close(input_);
    input_ = -1;
  }
  bool shows(const std::string& text) const {
    return eventually([&] { return has(seen->output(), text); });
  }
  StreamResult wait() {
    REQUIRE(future_.wait_for(60s) == std::future_status::ready);
    return future_.get();
  }
  // REQUIREs that it fails.
  Error refusal() {
    const StreamResult result = wait();
    REQUIRE(result.error.has_value());
    return *result.error;
  }
  bool is_over() const { return future_.wait_for(0s) == std::future_status::ready; }

  schema::StreamId id;

 private:
  friend class StreamWorld;
  int input_ = -1;
  std::shared_ptr<std::promise<StreamResult>> promise_ =
      std::make_shared<std::promise<StreamResult>>();
  std::future<StreamResult> future_ = promise_->get_future();
};

class StreamWorld {
 public:
  static StreamWorld& get() {
    static StreamWorld world;
    return world;
  }

  PrivateDockerd dockerd;
  NatsServer nats;
  docker::Endpoint endpoint = *docker::parse_endpoint(dockerd.host());
  docker::DockerEngine engine{{.endpoint = endpoint}};
  std::unique_ptr<docker::StreamServer> server = make_server({});
  std::unique_ptr<host::StreamPump> client = make_client("c0ffee");

  std::unique_ptr<docker::StreamServer> make_server(docker::StreamOptions options) {
    options.endpoint = endpoint;
    if (options.node.empty()) options.node = "n1";
    options.exec.kill_grace = 500ms;
    return std::make_unique<docker::StreamServer>(engine, options,
                                                  host::ConnectOptions{.url = nats.url()});
  }
  std::unique_ptr<host::StreamPump> make_client(const std::string& token) {
    auto pump = std::make_unique<host::StreamPump>(
        host::StreamPump::Options{.connect = {.url = nats.url()},
                                  .side = host::StreamPump::Side::kClient,
                                  .subscription = schema::streams_out_subjects(kAlice, token)});
    REQUIRE(pump->wait_connected(10s));
    return pump;
  }

  // As the agent does when the apiserver told it.
  void open(Call& call, const std::string& verb, const std::string& container,
            StreamRequest request, host::StreamPump* pump = nullptr,
            const std::string& token = "c0ffee") {
    listen(call, request, pump, token);
    const auto served = server->serve(schema::pack_message(opening(verb, container, request)));
    if (!served.ok()) FAIL(served.error().message);
  }
  // The client's side, ready to be told.
  void listen(Call& call, StreamRequest& request, host::StreamPump* pump = nullptr,
              const std::string& token = "c0ffee") {
    std::array<int, 2> ends{};
    REQUIRE(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()) == 0);
    ::fcntl(ends[1], F_SETFL, O_NONBLOCK);
    call.input_ = ends[0];
    call.id = {"n1", kAlice, token, ++number_};
    request.client = token;
    request.number = call.id.number;
    request.window = schema::kDefaultWindow;
    host::StreamPump& side = pump == nullptr ? *client : *pump;
    REQUIRE(side.add(call.id, 0, std::make_unique<Screen>(ends[1], call.seen),
                     [promise = call.promise_](const StreamResult& result) {
                       promise->set_value(result);
                     })
                .ok());
  }
  static schema::StreamOpen opening(const std::string& verb, const std::string& container,
                                    const StreamRequest& request) {
    return {
        .role = "admin", .id = "alice", .verb = verb, .container = container, .request = request};
  }
  void exec(Call& call, const std::string& container, schema::ExecOptions options,
            host::StreamPump* pump = nullptr, const std::string& token = "c0ffee") {
    open(call, "exec", container, {.exec = std::move(options)}, pump, token);
  }
  void logs(Call& call, const std::string& container, schema::LogsOptions options) {
    open(call, "logs", container, {.logs = options});
  }
  void copy(Call& call, const std::string& container, schema::CopyOptions options) {
    open(call, "copy", container, {.copy = std::move(options)});
  }

  std::string run(const std::string& arguments) {
    std::string id = dockerd.docker("run -d " + arguments);
    while (!id.empty() && id.back() == '\n') id.pop_back();
    return id;
  }

 private:
  std::int64_t number_ = 0;
};

// A container of this case.
struct Container {
  explicit Container(const std::string& arguments) : id(StreamWorld::get().run(arguments)) {}
  ~Container() { StreamWorld::get().dockerd.docker("rm -f " + id); }
  Container(const Container&) = delete;
  Container& operator=(const Container&) = delete;
  bool runs(const std::string& command) const {
    return has(StreamWorld::get().dockerd.docker("top " + id + " -o pid,args"), command);
  }
  const std::string id;
};

inline schema::ExecOptions shell(const std::string& script, bool input = false) {
  return {.command = {"/bin/sh", "-c", script}, .input = input};
}

}  // namespace cara::contract
