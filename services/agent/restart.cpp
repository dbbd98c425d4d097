#include "services/agent/restart.h"

namespace cara::agent {
namespace {

void count_exit(const ContainerInfo& container, runtime::MonoTime now, ServiceMemory& memory) {
  const auto ran = std::chrono::milliseconds(container.finished_at.ms - container.started_at.ms);
  memory.quick_failures = ran >= kStableAfter ? 1 : memory.quick_failures + 1;
  memory.counted = container.finished_at;
  memory.restart_at = now + kRestartBackoff.after(memory.quick_failures);
  memory.up_since.reset();
  memory.last_lines.reset();
  const bool failed_start = !memory.was_ready || (memory.restarts == 0 && ran < kFailedStart);
  if (failed_start || memory.quick_failures >= kMaxQuickFailures) memory.broken = true;
}

Verdict judge_exited(const ContainerInfo& container, runtime::MonoTime now, ServiceMemory& memory) {
  if (memory.interrupted || !container.finished_at.is_set()) return {.need = Need::kStart};
  if (container.exit_code == 0) {
    if (!memory.done_since) memory.done_since = now;
    memory.broken = false;
    memory.was_ready = true;
    return {.ready = true};
  }
  if (container.finished_at != memory.counted) count_exit(container, now, memory);
  Verdict verdict;
  if (memory.broken) {
    verdict.failure =
        memory.quick_failures >= kMaxQuickFailures ? "CrashLoopBackOff" : "ContainerExited";
  }
  if (!memory.last_lines) {
    verdict.need = Need::kLogs;
  } else if (now < memory.restart_at) {
    verdict.again_at = memory.restart_at;
  } else {
    verdict.need = Need::kStart;
  }
  return verdict;
}

Verdict judge_running(const ContainerInfo& container, runtime::MonoTime now,
                      ServiceMemory& memory) {
  memory.interrupted = false;
  if (memory.done_since) {
    memory.done_since.reset();
    memory.up_since.reset();
  }
  if (!memory.up_since) memory.up_since = now;
  if (container.health == Health::kUnhealthy) return {.failure = "Unhealthy"};
  if (container.health == Health::kStarting) return {};
  if (now - *memory.up_since >= kStableAfter) {
    memory.quick_failures = 0;
    memory.broken = false;
  }
  if (memory.broken) return {.again_at = *memory.up_since + kStableAfter};
  memory.was_ready = true;
  return {.ready = true};
}

}  // namespace

Verdict judge(const ContainerInfo& container, bool verified, runtime::MonoTime now,
              ServiceMemory& memory) {
  switch (container.state) {
    case ContainerState::kCreated:
      return {.need = Need::kStart};
    case ContainerState::kExited:
      return judge_exited(container, now, memory);
    case ContainerState::kRunning:
      return verified ? judge_running(container, now, memory) : Verdict{};
    case ContainerState::kRestarting:
    case ContainerState::kPaused:
    case ContainerState::kRemoving:
    case ContainerState::kDead:
      return {};
  }
  return {};
}

void interrupt(ServiceMemory& memory, runtime::MonoTime away_since) {
  const bool long_done = memory.done_since && *memory.done_since + kShutdownWindow < away_since;
  if (memory.up_since && !long_done) memory.interrupted = true;
}

}  // namespace cara::agent
