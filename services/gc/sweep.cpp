#include "services/gc/sweep.h"

#include <algorithm>

#include "schema/check.h"
#include "schema/lifecycle.h"

namespace cara::gc {

std::string_view operation(Action action) {
  switch (action) {
    case Action::kExpire:
      return "project.expire";
    case Action::kEvict:
      return "project.evict";
    case Action::kReap:
      return "project.reap";
  }
  CARA_CHECK(false);
}

std::optional<Action> decide(const schema::Project& project, Timestamp now) {
  const schema::ProjectStatus& status = project.status;
  const bool ending = schema::is_ending(status.phase);
  if (status.phase == schema::Phase::kTerminated) return Action::kReap;
  if (!ending && project.spec.expire_at && *project.spec.expire_at <= now) return Action::kExpire;
  if (!ending && project.spec.on_node_loss == schema::OnNodeLoss::kStay) return std::nullopt;
  // How long it may stay like this only the apiserver knows: it saw when the node fell silent.
  const char* since = ending ? schema::kConditionTerminatingAt : schema::kConditionNotReadyAt;
  if (schema::find_condition(status.conditions, since) != nullptr) return Action::kEvict;
  return std::nullopt;
}

Sweep sweep(const Projects& projects, Timestamp now) {
  Sweep result;
  for (const auto& [name, project] : projects) {
    if (decide(project, now)) result.due.push_back(name);
    const auto& expiry = project.spec.expire_at;
    if (!expiry || *expiry <= now || schema::is_ending(project.status.phase)) continue;
    result.expiry = result.expiry ? std::min(*result.expiry, *expiry) : *expiry;
  }
  return result;
}

}  // namespace cara::gc
