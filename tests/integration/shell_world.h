// A cluster that a test plays, for caractrl's byte streams on a real nats-server: what stands in
// for the apiserver and the agent, and a caractrl in this process.
#pragma once

#include <arpa/inet.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <memory>
#include <sstream>
#include <thread>

#include "cli/bus_api.h"
#include "cli/verb.h"
#include "schema/codec.h"
#include "schema/wire.h"
#include "services/runtime/host/clock.h"
#include "services/runtime/host/socket_endpoint.h"
#include "services/runtime/host/stream_pump.h"
#include "tests/catch_compat.h"
#include "tests/integration/nats_server.h"
#include "tests/integration/running_host.h"

namespace cara::test {

using namespace std::chrono_literals;
using host::Endpoint;
using host::StreamPump;
using runtime::StreamResult;

// What a container has printed, with times that are a second apart.
class Container {
 public:
  Container(std::string id, int first_second) : id_(std::move(id)), second_(first_second) {}

  void print(const std::string& text) {
    const std::lock_guard lock(mutex_);
    lines_.push_back({second_, stamp(second_) + " " + text + "\n"});
    ++second_;
  }
  void stop() { stopped_ = true; }

  // Its lines as a stream; one for each reader.
  class Reader final : public Endpoint {
   public:
    Reader(std::shared_ptr<Container> container, const schema::LogsOptions& wanted)
        : container_(std::move(container)), follow_(wanted.follow), tick_(eventfd(1, EFD_CLOEXEC)) {
      const bool ours = wanted.container.empty() || wanted.container == container_->id_;
      if (ours && wanted.since_ns) since_s_ = (*wanted.since_ns + 999'999'999) / 1'000'000'000;
    }
    ~Reader() override { close(tick_); }
    std::string container() const override { return container_->id_; }
    int read_fd() const override { return tick_; }  // always ready
    int write_fd() const override { return -1; }
    Result<std::size_t> write(std::string_view bytes, schema::Channel) override {
      return bytes.size();
    }
    Read read(std::size_t limit) override {
      const bool stopped = container_->stopped_;
      std::string bytes = container_->from(next_, since_s_).substr(rest_, limit);
      if (!bytes.empty()) {
        rest_ += bytes.size();
        const std::string& whole = container_->from(next_, since_s_);
        if (rest_ == whole.size()) ++next_, rest_ = 0;
        return {.status = Read::kData, .data = std::move(bytes)};
      }
      if (stopped || !follow_) return {.status = Read::kEnd};
      std::this_thread::sleep_for(1ms);
      return {};
    }

   private:
    const std::shared_ptr<Container> container_;
    const bool follow_;
    const int tick_;
    std::int64_t since_s_ = 0;
    std::size_t next_ = 0;
    std::size_t rest_ = 0;  // bytes of the line that were sent
  };

 private:
  static std::string stamp(std::int64_t second) {
    return to_string(Timestamp{second * 1000}).substr(0, 19) + ".000000000Z";
  }
  // The line at `next` or the first one behind it that is wanted.
  std::string from(std::size_t& next, std::int64_t since_s) {
    const std::lock_guard lock(mutex_);
    while (next < lines_.size() && lines_[next].first < since_s) ++next;
    return next < lines_.size() ? lines_[next].second : "";
  }

  const std::string id_;
  std::mutex mutex_;
  std::int64_t second_;
  std::vector<std::pair<std::int64_t, std::string>> lines_;
  std::atomic<bool> stopped_ = false;
};

// A command that answers `<` and what it was told; it ends with 42 when its input does.
class Echo final : public Endpoint {
 public:
  explicit Echo(std::atomic<int>& signals) : signals_(signals) {
    REQUIRE(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, fds_.data()) == 0);
  }
  ~Echo() override {
    for (const int fd : fds_) close(fd);
  }
  int read_fd() const override { return fds_[0]; }
  Read read(std::size_t limit) override {
    std::string bytes(std::min<std::size_t>(limit, 1000), '\0');
    const ssize_t count = ::read(fds_[0], bytes.data(), bytes.size());
    if (count < 0) return {};
    if (count == 0) return {.status = Read::kEnd};
    bytes.resize(static_cast<std::size_t>(count));
    return {.status = Read::kData, .data = bytes};
  }
  int write_fd() const override { return fds_[1]; }
  Result<std::size_t> write(std::string_view bytes, schema::Channel) override {
    const ssize_t count = ::write(fds_[1], bytes.data(), bytes.size());
    return count < 0 ? std::size_t{0} : static_cast<std::size_t>(count);
  }
  void end_of_input() override { shutdown(fds_[1], SHUT_WR); }
  void signal(const std::string& name) override {
    if (name == "INT") ++signals_;
  }
  void finish(Done done) override { done({.exit_code = 42, .error = {}}); }

 private:
  std::atomic<int>& signals_;
  std::array<int, 2> fds_{};
};

// The apiserver and the node's agent.
class Cluster {
 public:
  NatsServer server;
  std::shared_ptr<Container> container;
  std::atomic<int> signals = 0;
  std::uint16_t origin = 0;  // where a forwarded port is

  Cluster()
      : apiserver_({.url = server.url(),
                    .identity = {schema::Role::kApiserver, "one"},
                    .subscriptions = {{schema::kApiSubjects, schema::kApiQueue}},
                    .reaction = [this](const runtime::Event& event) { return react(event); }}) {
    restart_agent();
    REQUIRE(is_served());
  }

  void restart_agent() {
    const std::lock_guard lock(mutex_);
    agent_.reset();
    agent_ = std::make_unique<StreamPump>(
        StreamPump::Options{.connect = {.url = server.url()},
                            .side = StreamPump::Side::kAgent,
                            .subscription = schema::streams_in_subjects("n1")});
    agent_->wait_connected(20s);
  }
  void replace(std::shared_ptr<Container> next) {
    const std::lock_guard lock(mutex_);
    container = std::move(next);
  }
  std::size_t open_streams() {
    const std::lock_guard lock(mutex_);
    return agent_->open_streams();
  }

 private:
  runtime::Effects react(const runtime::Event& event) {
    const auto* got = std::get_if<runtime::Delivered>(&event);
    if (got == nullptr || !got->reply) return {};
    const auto call = schema::parse_api_subject(got->subject);
    if (!call) return {};
    return {runtime::Respond{.to = *got->reply, .body = answer(*call, got->body)}};
  }

  runtime::Payload answer(const schema::ApiCall& call, const runtime::Payload& body) {
    if (call.kind == "project") {
      schema::ProjectReply reply;
      reply.project.metadata = {.name = "shop", .uid = "u"};
      reply.project.spec.services = {{.name = "web", .image = "x"}};
      reply.project.status.node_ref = "n1";
      return schema::pack_message(reply);
    }
    const auto request = schema::unpack_message<schema::StreamRequest>(body);
    if (call.kind != "stream" || !request) return schema::pack_error(invalid("what?"));
    const std::lock_guard lock(mutex_);
    auto endpoint = make(*request);
    if (!endpoint) return schema::pack_error(endpoint.error());
    const auto added =
        agent_->add({"n1", call.caller, request->client, request->number}, request->window,
                    std::move(*endpoint), [](const StreamResult&) {});
    if (!added) return schema::pack_error(added.error());
    return schema::pack_message(schema::StreamReply{"n1"});
  }

  Result<std::unique_ptr<Endpoint>> make(const schema::StreamRequest& request) {
    using Made = std::unique_ptr<Endpoint>;
    if (request.logs && !container) return conflict("project \"shop\" has no container yet");
    if (request.logs) return Made(std::make_unique<Container::Reader>(container, *request.logs));
    if (request.exec) return Made(std::make_unique<Echo>(signals));
    const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    address.sin_port = htons(request.forward->port == 80 ? origin : 1);
    auto endpoint = std::make_unique<host::SocketEndpoint>(fd);  // connects by the way
    connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address);
    return Made(std::move(endpoint));
  }

  bool is_served() {
    return eventually([this] {
      auto api = cli::connect_to_bus({.url = server.url(),
                                      .identity = {schema::Role::kAdmin, "t"},
                                      .log_level = "error",
                                      .log_format = "text"},
                                     [] { return false; });
      return api &&
             (*api)->call("project.get", schema::pack_message(schema::GetRequest{"shop"}), 1s).ok();
    });
  }

  std::mutex mutex_;  // of the agent and what it has
  std::unique_ptr<StreamPump> agent_;
  RunningHost apiserver_;
};

// A caractrl in this process.
class Command {
 public:
  Command(Cluster& cluster, std::vector<std::string> words, std::array<int, 3> files = {0, 1, 2})
      : context_{.in = in_,
                 .out = out_,
                 .err = err_,
                 .connect =
                     [this](const cli::Connection& connection) {
                       return cli::connect_to_bus(connection,
                                                  [this] { return interrupted_.load(); });
                     },
                 .environment = [](const std::string&) { return std::nullopt; },
                 .login_name = [] { return "alice"; },
                 .new_id = [] { return "id"; },
                 .now = [] { return host::now().wall; },
                 .mono_now = host::mono_now,
                 .wait_begins = [] {},
                 .interrupted = [this] { return interrupted_.load(); },
                 .is_terminal = {},
                 .files = files} {
    words.insert(words.begin(), {"--nats", cluster.server.url(), "--log-level", "error"});
    thread_ = std::thread([this, words] { exit_ = cli::run(context_, words); });
  }
  ~Command() { end(); }

  void interrupt() { interrupted_ = true; }
  int end() {
    interrupt();
    return wait();
  }
  int wait() {
    if (thread_.joinable()) thread_.join();
    return exit_;
  }
  std::string out() const { return out_.text(); }
  std::string err() const { return err_.text(); }

 private:
  // Read by the test while the command writes.
  class Text final : public std::ostream {
   public:
    Text() : std::ostream(&buffer_) {}
    std::string text() const { return buffer_.text(); }

   private:
    struct Buffer final : std::streambuf {
      int overflow(int c) override {
        const std::lock_guard lock(mutex);
        if (c != traits_type::eof()) whole += static_cast<char>(c);
        return c;
      }
      std::streamsize xsputn(const char* bytes, std::streamsize size) override {
        const std::lock_guard lock(mutex);
        whole.append(bytes, static_cast<std::size_t>(size));
        return size;
      }
      std::string text() const {
        const std::lock_guard lock(mutex);
        return whole;
      }
      mutable std::mutex mutex;
      std::string whole;
    };
    Buffer buffer_;
  };

  std::atomic<bool> interrupted_ = false;
  std::istringstream in_;
  Text out_;
  Text err_;
  cli::Context context_;
  int exit_ = -1;
  std::thread thread_;
};

}  // namespace cara::test
