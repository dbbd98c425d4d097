// The whole way of a stream: the apiserver's operation, the agent's actor, the pumps, the engine.
#include <sys/prctl.h>
#include <sys/wait.h>

#include <csignal>
#include <filesystem>
#include <map>

#include "schema/messages.h"
#include "services/runtime/host/bus_client.h"
#include "tests/contract/stream_world.h"

using namespace cara;
using namespace cara::contract;

namespace {

// A program of the build that ends with the test.
class Program {
 public:
  explicit Program(std::vector<std::string> arguments) {
    arguments.front() = std::string(CARA_BIN_DIR) + "/" + arguments.front();
    std::vector<char*> argv;
    for (std::string& argument : arguments) argv.push_back(argument.data());
    argv.push_back(nullptr);
    pid_ = ::fork();
    if (pid_ != 0) return;
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    ::execv(argv[0], argv.data());
    ::_exit(127);
  }
  ~Program() {
    ::kill(pid_, SIGTERM);
    ::waitpid(pid_, nullptr, 0);
  }
  Program(const Program&) = delete;
  Program& operator=(const Program&) = delete;

 private:
  pid_t pid_ = -1;
};

struct Folder {
  Folder() { REQUIRE(::mkdtemp(path.data()) != nullptr); }
  ~Folder() { std::filesystem::remove_all(path); }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;
  std::string path = "/tmp/cara-streams-XXXXXX";
};

class Cluster {
 public:
  StreamWorld& world = StreamWorld::get();

  template <class Reply, class Request>
  Result<Reply> ask(const std::string& operation, const Request& request,
                    schema::Role role = schema::Role::kAdmin) {
    auto& client = clients_[role];
    if (!client) {
      const schema::Identity who{role, role == schema::Role::kAdmin ? kAlice.id : "x"};
      auto connected = host::BusClient::connect({.url = world.nats.url(), .identity = who});
      if (!connected) return connected.error();
      client = std::move(*connected);
    }
    const auto body = client->request(operation, schema::pack_message(request), 5s);
    if (!body) return body.error();
    return schema::unpack_reply<Reply>(*body);
  }
  template <class Condition>
  void wait_for(const Condition& condition) {
    for (int i = 0; i < 6; ++i) {
      if (eventually(condition)) return;
    }
    FAIL("it did not come to pass");
  }
  schema::Phase phase() {
    const auto reply = ask<schema::ProjectReply>("project.get", schema::GetRequest{"shop"});
    return reply ? reply->project.status.phase : schema::Phase::kPending;
  }
  Result<std::string> stream(Call& call, const std::string& verb, StreamRequest request) {
    world.listen(call, request);
    const auto reply = ask<schema::StreamReply>("stream." + verb, request);
    if (!reply) return reply.error();
    return reply->node;
  }

 private:
  std::map<schema::Role, std::unique_ptr<host::BusClient>> clients_;
  Folder folder_;
  // `n1` is the node of the other cases' pump.
  Program apiserver_{{"cara-apiserver", "--nats", world.nats.url(), "--db", folder_.path + "/db"}};
  Program agent_{{"cara-agent", "--nats", world.nats.url(), "--node", "whole", "--docker-host",
                  world.dockerd.host(), "--state-dir", folder_.path + "/agent"}};
};

Value shop() {
  const auto service = [](const std::string& name, const std::string& command) {
    return Value(Map{{"name", name},
                     {"image", "cara-test/base:1"},
                     {"command", Value(Array{Value("/bin/sh"), Value("-c"), Value(command)})}});
  };
  return Map{
      {"apiVersion", "caravanserai/v1"},
      {"kind", "Project"},
      {"metadata", Value(Map{{"name", "shop"}})},
      {"spec", Value(Map{{"services", Value(Array{service("web", "echo hello; sleep 100000")})}})}};
}

}  // namespace

TEST_CASE("from the apiserver to the container and back [E49]") {
  Cluster cluster;
  cluster.wait_for([&] {
    const auto node = cluster.ask<schema::NodeReply>("node.get", schema::GetRequest{"whole"});
    return node && node->node.status.state == schema::NodeState::kReady;
  });
  const auto applied = cluster.ask<schema::ApplyReply>(
      "project.apply", schema::ApplyRequest{.request_id = "a", .manifest = shop()});
  if (!applied) FAIL(applied.error().message);
  Call pending;
  const auto early =
      cluster.stream(pending, "logs", {.project = "shop", .logs = schema::LogsOptions{}});
  REQUIRE_FALSE(early.ok());
  INFO(early.error().message);
  CHECK(has(early.error().message, "project/shop is Pending and has no node"));
  cluster.world.client->close(pending.id, {});

  const auto bound = cluster.ask<schema::RevisionReply>(
      "project.bind",
      schema::BindRequest{.name = "shop",
                          .uid = applied->project.metadata.uid,
                          .revision = applied->project.metadata.revision,
                          .node = "whole"},
      schema::Role::kSched);
  if (!bound) FAIL(bound.error().message);
  cluster.wait_for([&] { return cluster.phase() == schema::Phase::kRunning; });

  Call logs;
  const auto told = cluster.stream(
      logs, "logs", {.project = "shop", .logs = schema::LogsOptions{.follow = true}});
  REQUIRE(told.ok());
  CHECK(*told == "whole");
  CHECK(logs.shows(" hello\n"));
  cluster.world.client->close(logs.id, {});
  CHECK_FALSE(logs.wait().error.has_value());

  Call exec;
  REQUIRE(cluster
              .stream(exec, "exec",
                      {.project = "shop", .service = "web", .exec = shell("cat; exit 6", true)})
              .ok());
  exec.type("typed");
  exec.end_input();
  CHECK(exec.wait().exit_code == 6);
  CHECK(exec.seen->output() == "typed");

  Call stats;
  REQUIRE(cluster.stream(stats, "stats", {.node = "whole"}).ok());
  CHECK_FALSE(stats.wait().error.has_value());
  const auto usage = schema::unpack_message<schema::NodeUsage>(stats.seen->output());
  REQUIRE(usage.ok());
  REQUIRE(usage->containers.size() == 1);
  CHECK(usage->containers[0].project == "shop");

  Call missing;
  REQUIRE(
      cluster.stream(missing, "copy", {.project = "shop", .copy = schema::CopyOptions{"/nosuch"}})
          .ok());
  const Error refused = missing.refusal();
  CHECK(refused.code == Code::kNotFound);
  CHECK(has(refused.message, "copy from service `web`: "));

  REQUIRE(cluster
              .ask<schema::DeleteReply>("project.delete",
                                        schema::DeleteRequest{.request_id = "d", .name = "shop"})
              .ok());
  cluster.wait_for([&] { return cluster.phase() == schema::Phase::kTerminated; });
}
