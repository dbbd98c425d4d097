// IngressWorld: a HaproxyIngress with a folder of its own and free ports. Whatever HAProxy a test
// has started ends with it. Another build: CARA_TEST_HAPROXY=PATH.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <filesystem>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <vector>

#include "services/agent/ingress/haproxy_ingress.h"
#include "tests/integration/origin.h"

namespace cara::test {

class IngressWorld {
 public:
  IngressWorld();
  ~IngressWorld();
  IngressWorld(const IngressWorld&) = delete;
  IngressWorld& operator=(const IngressWorld&) = delete;

  // The agent's life.
  void start();
  void stop() { ingress_.reset(); }

  haproxy::IngressConfig& config() { return config_; }
  std::int64_t max_access_log_bytes = 10 * 1024 * 1024;
  std::uint16_t port() const { return config_.listen.front().port; }
  std::filesystem::path folder() const { return folder_ / "ingress"; }
  std::filesystem::path scratch() const { return folder_; }
  pid_t pid();  // of HAProxy; 0: none answers

  Result<agent::IngressReply> execute(const agent::IngressOp& op) { return ingress_->execute(op); }
  // REQUIREs that it works.
  void route(std::vector<agent::Route> routes, const std::string& hop_key = "");
  std::int64_t under_way(const std::string& address);
  Client::Answer ask(const std::string& bytes) { return Client(port()).ask(bytes); }

  std::vector<std::string> troubles() const;  // of every event; empty: it runs
  std::vector<std::string> sentences() const;
  std::string log(const std::string& name) const;

 private:
  std::filesystem::path folder_;
  haproxy::IngressConfig config_;
  mutable std::mutex lock_;
  std::vector<std::string> troubles_;
  std::vector<std::string> sentences_;
  std::set<pid_t> pids_;
  std::unique_ptr<haproxy::HaproxyIngress> ingress_;
};

agent::Route to_container(const std::string& host, const std::string& address,
                          const std::string& path = "/");
agent::Route to_nowhere(const std::string& host, const std::string& reason);
agent::Route to_node(const std::string& host, const std::string& address);

}  // namespace cara::test
