// judge(): what one container's state means for its service, and when to start it again. Pure.
//
// A service that fails on its first start, or kMaxQuickFailures times in a row, has failed. It goes
// on being restarted, but counts as up again only when it has stayed up: the phase does not flap.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "services/agent/engine.h"
#include "services/runtime/actor.h"
#include "services/runtime/backoff.h"

namespace cara::agent {

// A container that ran at least this long was no quick failure.
inline constexpr runtime::Duration kStableAfter = std::chrono::seconds(10);
// One that ended sooner, the first time, never came up: it may have been seen running in between.
inline constexpr runtime::Duration kFailedStart = std::chrono::seconds(2);
inline constexpr std::uint32_t kMaxQuickFailures = 3;
inline constexpr runtime::Backoff kRestartBackoff{.base = std::chrono::seconds(1),
                                                  .max = std::chrono::seconds(10)};

// One service's past: what its restarts depend on beyond what the engine shows now.
struct ServiceMemory {
  std::string container;  // the id that all of this is about
  Timestamp counted;      // finished_at of the last exit that was counted
  std::uint32_t quick_failures = 0;
  std::int64_t restarts = 0;
  runtime::MonoTime restart_at;
  bool was_ready = false;    // since the container was made
  bool broken = false;       // failed by exits, until it has stayed up for kStableAfter
  bool interrupted = false;  // the engine went away under it: start it, whatever it exited with
  std::optional<runtime::MonoTime> up_since;
  std::optional<runtime::MonoTime> done_since;  // exited with 0
  std::optional<std::string> last_lines;        // of the counted exit
};

enum class Need { kNothing, kStart, kLogs };

struct Verdict {
  bool ready = false;  // up and healthy, or done
  Need need = Need::kNothing;
  std::string failure;                        // CamelCase reason; empty: none
  std::optional<runtime::MonoTime> again_at;  // the verdict changes then by itself
};

// `verified`: the container was observed so, not assumed after an operation.
// REQUIRES: the container is neither paused, dead nor being removed
Verdict judge(const ContainerInfo& container, bool verified, runtime::MonoTime now,
              ServiceMemory& memory);

// The engine was away. What ran until then is to run again; an engine that shuts down stops its
// containers, and some exit with 0 then as if they were done.
inline constexpr runtime::Duration kShutdownWindow = std::chrono::seconds(30);
void interrupt(ServiceMemory& memory, runtime::MonoTime away_since);

}  // namespace cara::agent
