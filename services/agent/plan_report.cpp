// What is said about a project.
#include <algorithm>
#include <utility>

#include "schema/time.h"
#include "services/agent/planner.h"

namespace cara::agent {
namespace {

std::string join(const std::vector<std::string>& parts) {
  std::string text;
  for (const std::string& part : parts) {
    if (text.size() + part.size() > kMaxMessageBytes) return text + "; ...";
    text += (text.empty() ? "" : "; ") + part;
  }
  return text;
}

}  // namespace

void Planner::report(const schema::DesiredProject& desired) {
  if (!is_settled()) return;
  const bool overdue = is_overdue(desired);
  Report report;
  if (!problems_.empty()) {
    std::vector<std::string> messages;
    for (const Problem& problem : problems_) messages.push_back(problem.message);
    report = {.phase = schema::Phase::kFailed,
              .reason = problems_.front().reason,
              .message = join(messages),
              .services = {},
              .give_up = overdue};
  } else if (overdue) {
    report = {.phase = schema::Phase::kFailed,
              .reason = "HealthyDeadlineExceeded",
              .message = "not Running within " + desired.spec.update_policy.healthy_deadline +
                         ": " + join(waiting_),
              .services = {},
              .give_up = true};
  } else if (desired.spec.paused && !unfinished_) {
    report.reason = "Paused";
    report.message = "spec.paused: all containers are stopped";
  } else if (!unfinished_) {
    // Who reads that it runs may send it a request.
    if (!is_routed(desired)) return;
    memory_.was_running = true;
    memory_.made.clear();
    report.phase = schema::Phase::kRunning;
    report.reason = "AgentReady";
    report.message = "All containers are running";
  } else if (desired.phase == schema::Phase::kScheduled) {
    report.reason = "Starting";
    report.message = join(waiting_);
  } else {
    return;  // between two states: the last one said still holds
  }
  for (const schema::ServiceDef& service : desired.spec.services) {
    report.services.push_back(status_of(service));
  }
  report.ingress = situation_.ingress.rules;
  plan_.report = std::move(report);
}

// This generation has never been Running, and its time is over.
bool Planner::is_overdue(const schema::DesiredProject& desired) {
  const bool waits = unfinished_ || !problems_.empty();
  if (!waits || memory_.was_running || desired.spec.paused) return false;
  const auto limit = parse_duration_ms(desired.spec.update_policy.healthy_deadline);
  if (!limit) return false;
  const runtime::MonoTime deadline = *memory_.since + std::chrono::milliseconds(*limit);
  if (situation_.now.mono >= deadline) return true;
  again_at(deadline);
  return false;
}

schema::ServiceStatus Planner::status_of(const schema::ServiceDef& service) const {
  const auto slot = slots_.find(service.name);
  const ContainerInfo* container = nullptr;
  if (slot != slots_.end()) {
    container = slot->second.fit != nullptr ? slot->second.fit : slot->second.old;
  } else {
    for (const ContainerInfo& each : situation_.seen.containers) {
      if (label(each.labels, kLabelService) == service.name) container = &each;
    }
  }
  schema::ServiceStatus status = service_status(container);
  status.name = service.name;
  const auto memory = memory_.services.find(service.name);
  if (memory != memory_.services.end()) status.restarts = memory->second.restarts;
  return status;
}

void Planner::occurred(std::string reason, std::string message, std::string about) {
  plan_.occurrences.push_back({std::move(reason), std::move(message), std::move(about)});
}

}  // namespace cara::agent
