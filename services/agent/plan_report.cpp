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
    report = {schema::Phase::kFailed, problems_.front().reason, join(messages), {}, overdue};
  } else if (overdue) {
    report = {
        schema::Phase::kFailed,
        "HealthyDeadlineExceeded",
        "not Running within " + desired.spec.update_policy.healthy_deadline + ": " + join(waiting_),
        {},
        true};
  } else if (desired.spec.paused && !unfinished_) {
    report = {schema::Phase::kScheduled, "Paused", "spec.paused: all containers are stopped", {}};
  } else if (!unfinished_) {
    memory_.was_running = true;
    memory_.made.clear();
    report = {schema::Phase::kRunning, "AgentReady", "All containers are running", {}};
  } else if (desired.phase == schema::Phase::kScheduled) {
    report = {schema::Phase::kScheduled, "Starting", join(waiting_), {}};
  } else {
    return;  // between two states: the last one said still holds
  }
  for (const schema::ServiceDef& service : desired.spec.services) {
    report.services.push_back(status_of(service));
  }
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
