#include "services/agent/restart.h"

#include "schema/time.h"

namespace cara::agent {
namespace {

class Judge {
 public:
  Judge(const ContainerInfo& container, const ServiceRules& service, const RestartRules& rules,
        runtime::MonoTime now, ServiceMemory& memory)
      : container_(container), service_(service), rules_(rules), now_(now), memory_(memory) {}

  Verdict exited();
  Verdict running();

 private:
  bool is_done() const;
  void count_exit();
  Verdict unhealthy();

  const ContainerInfo& container_;
  const ServiceRules& service_;
  const RestartRules& rules_;
  const runtime::MonoTime now_;
  ServiceMemory& memory_;
};

void Judge::count_exit() {
  const auto ran = std::chrono::milliseconds(container_.finished_at.ms - container_.started_at.ms);
  memory_.quick_failures = ran >= kStableAfter ? 1 : memory_.quick_failures + 1;
  memory_.counted = container_.finished_at;
  memory_.restart_at = now_ + rules_.backoff.after(memory_.quick_failures);
  memory_.up_since.reset();
  memory_.started = false;
  memory_.last_lines.reset();
  const bool failed_start = !memory_.was_ready || (memory_.restarts == 0 && ran < kFailedStart);
  if (failed_start || memory_.quick_failures >= rules_.max_quick_failures) memory_.broken = true;
}

bool Judge::is_done() const {
  return container_.exit_code == 0 && service_.one_shot && !memory_.unhealthy;
}

Verdict Judge::exited() {
  if (memory_.interrupted || !container_.finished_at.is_set()) return {.need = Need::kStart};
  if (is_done()) {
    if (!memory_.done_since) memory_.done_since = now_;
    memory_.broken = false;
    memory_.was_ready = true;
    return {.ready = true, .done = true};
  }
  if (container_.finished_at != memory_.counted) count_exit();
  const bool again = service_.policy != schema::RestartPolicy::kNever;
  Verdict verdict;
  if (memory_.broken || !again) {
    verdict.failure = again && memory_.quick_failures >= rules_.max_quick_failures
                          ? "CrashLoopBackOff"
                          : "ContainerExited";
  }
  if (!memory_.last_lines) {
    verdict.need = Need::kLogs;
  } else if (!again) {
    return verdict;
  } else if (now_ < memory_.restart_at) {
    verdict.again_at = memory_.restart_at;
  } else {
    verdict.need = Need::kStart;
  }
  return verdict;
}

Verdict Judge::unhealthy() {
  Verdict verdict{.failure = "Unhealthy"};
  if (service_.restart_unhealthy) {
    memory_.unhealthy = true;
    verdict.need = Need::kStop;
  }
  return verdict;
}

Verdict Judge::running() {
  memory_.interrupted = false;
  if (memory_.done_since) {
    memory_.done_since.reset();
    memory_.up_since.reset();
  }
  if (!memory_.up_since) memory_.up_since = now_;
  if (container_.health == Health::kUnhealthy) return unhealthy();
  if (container_.health == Health::kStarting) return {};
  const runtime::MonoTime up_since = *memory_.up_since;
  if (now_ - up_since >= kStableAfter) {
    memory_.quick_failures = 0;
    memory_.broken = false;
    memory_.unhealthy = false;
  }
  if (memory_.broken) return {.again_at = up_since + kStableAfter};
  const bool checked = container_.health == Health::kHealthy;
  if (!checked && now_ - up_since < service_.start_period) {
    return {.again_at = up_since + service_.start_period};
  }
  memory_.was_ready = true;
  return {.ready = true};
}

}  // namespace

ServiceRules rules_of(const std::vector<schema::ServiceDef>& services,
                      const schema::ServiceDef& service) {
  ServiceRules rules{.policy = service.restart_policy,
                     .one_shot = schema::is_one_shot(services, service)};
  if (!service.healthcheck) return rules;
  rules.restart_unhealthy = service.healthcheck->action == schema::HealthAction::kRestart;
  const auto period = parse_duration_ms(service.healthcheck->start_period);
  if (!service.healthcheck->start_period.empty() && period) {
    rules.start_period = std::chrono::milliseconds(*period);
  }
  return rules;
}

Verdict judge(const ContainerInfo& container, const ServiceRules& service,
              const RestartRules& rules, bool verified, runtime::MonoTime now,
              ServiceMemory& memory) {
  Judge judge(container, service, rules, now, memory);
  switch (container.state) {
    case ContainerState::kCreated:
    case ContainerState::kPaused:  // by somebody's hand
      return {.need = Need::kStart};
    case ContainerState::kExited:
      return judge.exited();
    case ContainerState::kRunning:
      return verified ? judge.running() : Verdict{};
    case ContainerState::kRestarting:
    case ContainerState::kRemoving:
    case ContainerState::kDead:
      return {};
  }
  return {};
}

void interrupt(ServiceMemory& memory, runtime::MonoTime away_since) {
  const bool long_done = memory.done_since && *memory.done_since + kShutdownWindow < away_since;
  const bool ran = memory.up_since || memory.started;
  if (ran && !long_done) memory.interrupted = true;
}

}  // namespace cara::agent
