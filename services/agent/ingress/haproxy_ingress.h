// HaproxyIngress: the node's router is a HAProxy process. It is configured once, and told routes
// while it runs. It outlives this object: the next life of the agent finds it.
//
// One thread of its own watches the process, the certificates and the logs. A lock makes one thing
// happen after the other; it is held for some seconds when HAProxy starts slowly or is frozen.
#pragma once

#include <chrono>
#include <functional>
#include <mutex>
#include <string>
#include <thread>

#include "services/agent/ingress.h"
#include "services/agent/ingress/certificates.h"
#include "services/agent/ingress/config_text.h"
#include "services/agent/ingress/launcher.h"
#include "services/agent/ingress/live_map.h"

namespace cara::haproxy {

class HaproxyIngress final : public agent::Ingress {
 public:
  static constexpr std::chrono::milliseconds kFirstPause{100};  // between attempts to start
  static constexpr std::chrono::milliseconds kLongestPause{5'000};
  static constexpr std::chrono::seconds kGoodLife{10};  // whoever lived so long is started at once
  static constexpr std::int64_t kMaxOwnLogBytes = 1024 * 1024;

  struct Options {
    std::string folder;  // of HAProxy alone
    IngressConfig config;
    // Called from the constructor, execute's thread or the own one; must not call back.
    std::function<void(const agent::IngressEvent&)> on_event;
    // What the node's owner should know: a sentence.
    std::function<void(const std::string&)> say;
    std::chrono::milliseconds look_every{2'000};  // at certificates and logs
    std::int64_t max_access_log_bytes = 10 * 1024 * 1024;
  };

  // Returns when HAProxy runs, or has failed to start once.
  explicit HaproxyIngress(Options options);
  ~HaproxyIngress() override;
  HaproxyIngress(const HaproxyIngress&) = delete;
  HaproxyIngress& operator=(const HaproxyIngress&) = delete;

  Result<agent::IngressReply> execute(const agent::IngressOp& op) override;

 private:
  using Clock = std::chrono::steady_clock;

  Result<agent::IngressReply> set_routes(const agent::SetRoutes& op);
  Result<agent::IngressReply> count(const agent::CountRequests& op);

  void watch();
  void step();  // REQUIRES: the lock
  void bring_up();
  Result<Ok> try_to_start();
  Result<Ok> take_over();
  void report(const std::string& trouble);
  void wait(std::chrono::milliseconds longest);

  Options options_;
  std::mutex lock_;  // of everything below, but wake_
  Launcher launcher_;
  LiveMap routes_;
  LiveMap hop_;
  Certificates certificates_;
  bool is_first_start_ = true;
  bool wants_start_ = true;
  bool stopping_ = false;
  std::string trouble_ = "HAProxy was not started yet";
  std::chrono::milliseconds pause_{0};
  Clock::time_point started_at_;
  Clock::time_point next_start_;
  Clock::time_point next_look_;
  int wake_;  // an eventfd
  std::thread thread_;
};

}  // namespace cara::haproxy
