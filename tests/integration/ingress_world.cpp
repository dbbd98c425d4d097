#include "tests/integration/ingress_world.h"

#include <signal.h>
#include <sys/wait.h>

#include <cstdlib>
#include <fstream>
#include <sstream>
#include <stdexcept>

#include "tests/catch_compat.h"
#include "tests/integration/nats_server.h"

namespace cara::test {

IngressWorld::IngressWorld() {
  std::string pattern = (std::filesystem::temp_directory_path() / "cara-in-XXXXXX").string();
  if (mkdtemp(pattern.data()) == nullptr) throw std::runtime_error("no temporary directory");
  folder_ = pattern;
  config_.listen = {{.ip = "127.0.0.1", .port = free_port()}};
  const char* another = std::getenv("CARA_TEST_HAPROXY");
  config_.program = another == nullptr ? "haproxy" : another;
}

IngressWorld::~IngressWorld() {
  (void)pid();
  stop();
  for (const pid_t pid : pids_) {
    kill(pid, SIGKILL);
    waitpid(pid, nullptr, 0);
  }
  std::filesystem::remove_all(folder_);
}

void IngressWorld::start() {
  ingress_ = std::make_unique<haproxy::HaproxyIngress>(
      haproxy::HaproxyIngress::Options{.folder = folder(),
                                       .config = config_,
                                       .on_event =
                                           [this](const agent::IngressEvent& event) {
                                             const std::lock_guard guard(lock_);
                                             troubles_.push_back(event.trouble);
                                           },
                                       .say =
                                           [this](const std::string& sentence) {
                                             const std::lock_guard guard(lock_);
                                             sentences_.push_back(sentence);
                                           },
                                       .look_every = std::chrono::milliseconds(50),
                                       .max_access_log_bytes = max_access_log_bytes});
  (void)pid();
}

pid_t IngressWorld::pid() {
  const auto pid = haproxy::AdminSocket(folder() / haproxy::kAdminSocket).pid();
  if (!pid) return 0;
  pids_.insert(*pid);
  return *pid;
}

void IngressWorld::route(std::vector<agent::Route> routes, const std::string& hop_key) {
  const auto done = execute(agent::SetRoutes{.routes = std::move(routes), .hop_key = hop_key});
  INFO((done.ok() ? "" : done.error().message));
  REQUIRE(done.ok());
}

std::int64_t IngressWorld::under_way(const std::string& address) {
  const auto reply = execute(agent::CountRequests{{address}});
  return reply.ok() ? reply->under_way.at(address) : -1;
}

std::vector<std::string> IngressWorld::troubles() const {
  const std::lock_guard guard(lock_);
  return troubles_;
}

std::vector<std::string> IngressWorld::sentences() const {
  const std::lock_guard guard(lock_);
  return sentences_;
}

std::string IngressWorld::log(const std::string& name) const {
  std::ifstream file(folder() / name);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

agent::Route to_container(const std::string& host, const std::string& address,
                          const std::string& path) {
  return {.host = host,
          .path = path,
          .project = "shop",
          .rule = "web",
          .kind = agent::RouteKind::kContainer,
          .address = address};
}

agent::Route to_nowhere(const std::string& host, const std::string& reason) {
  return {.host = host,
          .project = "shop",
          .rule = "web",
          .kind = agent::RouteKind::kNone,
          .reason = reason};
}

agent::Route to_node(const std::string& host, const std::string& address) {
  return {.host = host,
          .project = "shop",
          .rule = "web",
          .kind = agent::RouteKind::kNode,
          .address = address,
          .node = "worker-02"};
}

}  // namespace cara::test
