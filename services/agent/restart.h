// judge(): what one container's state means for its service, and what to do about it. Pure.
//
// A service that fails on its first start, or several times quickly in a row, has failed. It goes
// on being restarted, but counts as up again only when it has stayed up: the phase does not flap.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "schema/service.h"
#include "services/agent/engine.h"
#include "services/runtime/actor.h"
#include "services/runtime/backoff.h"

namespace cara::agent {

// A container that ran at least this long was no quick failure.
inline constexpr runtime::Duration kStableAfter = std::chrono::seconds(10);
// One that ended sooner, the first time, never came up: it may have been seen running in between.
inline constexpr runtime::Duration kFailedStart = std::chrono::seconds(2);

// The node's: flags of the agent.
struct RestartRules {
  std::uint32_t max_quick_failures = 3;
  runtime::Backoff backoff{.base = std::chrono::seconds(1), .max = std::chrono::seconds(10)};
};

// The service's: from its spec.
struct ServiceRules {
  schema::RestartPolicy policy = schema::RestartPolicy::kAlways;
  bool one_shot = false;  // exit code 0 is done
  bool restart_unhealthy = false;
  runtime::Duration start_period{};  // without a check: up so long is healthy
};
ServiceRules rules_of(const std::vector<schema::ServiceDef>& services,
                      const schema::ServiceDef& service);

// One service's past: what its restarts depend on beyond what the engine shows now.
struct ServiceMemory {
  std::string container;  // the id that all of this is about
  Timestamp counted;      // finished_at of the last exit that was counted
  std::uint32_t quick_failures = 0;
  std::int64_t restarts = 0;
  runtime::MonoTime restart_at;
  bool was_ready = false;  // since the container was made
  bool broken = false;     // failed by exits, until it has stayed up for kStableAfter
  bool interrupted =
      false;               // stopped through no fault of its own: start it, whatever it exited with
  bool started = false;    // by us, and not counted as ended since
  bool unhealthy = false;  // we stopped it for that; counts as a failure
  std::optional<runtime::MonoTime> up_since;
  std::optional<runtime::MonoTime> done_since;  // exited with 0
  std::optional<std::string> last_lines;        // of the counted exit
  std::string last_failure;                     // in words, until it is ready again
};

enum class Need { kNothing, kStart, kLogs, kStop };

struct Verdict {
  bool ready = false;  // up and healthy, or done
  bool done = false;   // it has exited with 0, as it should
  Need need = Need::kNothing;
  std::string failure;                        // CamelCase reason; empty: none
  std::optional<runtime::MonoTime> again_at;  // the verdict changes then by itself
};

// `verified`: the container was observed so, not assumed after an operation.
// REQUIRES: the container is neither dead nor being removed
Verdict judge(const ContainerInfo& container, const ServiceRules& service,
              const RestartRules& rules, bool verified, runtime::MonoTime now,
              ServiceMemory& memory);

// The engine was away. What ran until then is to run again; an engine that shuts down stops its
// containers, and some exit with 0 then as if they were done.
inline constexpr runtime::Duration kShutdownWindow = std::chrono::seconds(30);
void interrupt(ServiceMemory& memory, runtime::MonoTime away_since);

}  // namespace cara::agent
