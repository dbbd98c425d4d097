// Launcher: gets a HAProxy with the wanted configuration to run: adopts one of an earlier life of
// the agent, replaces one with another configuration without dropping a connection, or starts one.
// Not thread-safe.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "services/agent/ingress/admin_socket.h"
#include "services/agent/ingress/config_text.h"
#include "services/agent/ingress/haproxy_process.h"

namespace cara::haproxy {

class Launcher {
 public:
  static constexpr std::chrono::seconds kStartPatience{5};
  static constexpr std::size_t kMaxLeaving = 64;  // old processes that still have connections

  Launcher(std::string folder, IngressConfig config);

  enum class Found {
    kNothing,  // none runs
    kSame,     // one runs as it should
    kOther,    // one runs with another configuration
  };
  // What is left of an earlier life; it is the current one from now on. kTimeout: one runs and does
  // not answer.
  Result<Found> look();
  // Starts one; another that runs hands over its sockets and ends with its last connection. If it
  // fails, the other one goes on. The error is HAProxy's own words.
  Result<Ok> start();

  // Nothing: none runs that we know of.
  HaproxyProcess* current() { return current_ ? &*current_ : nullptr; }
  void forget_current() { current_.reset(); }
  // Those that leave, without those that have ended.
  std::vector<HaproxyProcess>& leaving();
  const AdminSocket& admin() const { return admin_; }

 private:
  Result<Ok> wait_until_it_answers(HaproxyProcess& process, std::int64_t log_start) const;

  std::string folder_;
  IngressConfig config_;
  AdminSocket admin_;
  std::optional<HaproxyProcess> current_;
  std::vector<HaproxyProcess> leaving_;
};

// For an agent without ingress: one that an earlier life of it has started ends with its last
// connection. True: there was one.
bool end_leftover(const std::string& folder);

}  // namespace cara::haproxy
