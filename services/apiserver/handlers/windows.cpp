#include "services/apiserver/handlers/windows.h"

#include <algorithm>

#include "services/apiserver/handlers/common.h"

namespace cara::apiserver {
namespace {

using runtime::Duration;
using schema::Project;

constexpr Duration kExclusiveMargin = std::chrono::seconds(15);

// How long a project has waited for its lost node: by the monotonic clock if this process saw it
// begin, else by the time in its condition.
Duration waited(const Context& context, const Project& project, const schema::Condition& since) {
  const auto seen = context.watch.waiting_since(project.metadata.uid);
  const Duration all = seen ? context.now.mono - *seen
                            : Duration(std::chrono::milliseconds(context.now.wall.ms -
                                                                 since.last_transition_time.ms));
  const auto restarted = context.watch.waits_restarted_at();
  return restarted ? std::min(all, context.now.mono - *restarted) : all;
}

Result<Ok> check_window(const Context& context, const Project& project, const char* condition,
                        Duration window) {
  const std::string who = called("project", project.metadata.name);
  const schema::Condition* since = find_condition(project.status.conditions, condition);
  if (since == nullptr) return conflict(who + " does not wait for a lost node");
  if (!context.watch.settled(context.now.mono)) {
    return conflict("the apiserver has just started and does not know yet which nodes are lost");
  }
  const Duration left = window - waited(context, project, *since);
  if (left <= Duration::zero()) return Ok{};
  const auto ms = std::chrono::duration_cast<std::chrono::milliseconds>(left).count() + 1;
  return conflict(who + " waits for its node for another " + format_duration_ms(ms));
}

// From the loss of its node until a project may start elsewhere. Of MoveExclusive no copy may be
// left by then: the node notices that it is cut off, and stops it.
Duration grace_of(const Context& context, const Project& project) {
  const Duration grace = context.options.grace_period;
  if (project.spec.on_node_loss != schema::OnNodeLoss::kMoveExclusive) return grace;
  std::int64_t longest_stop_ms = 0;
  for (const schema::ServiceDef& service : project.spec.services) {
    const Result<std::int64_t> stop = parse_duration_ms(service.stop_grace_period);
    if (stop) longest_stop_ms = std::max(longest_stop_ms, *stop);
  }
  return std::max(grace, context.options.node_timeout + std::chrono::milliseconds(longest_stop_ms) +
                             kExclusiveMargin);
}

}  // namespace

Result<Ok> check_grace(const Context& context, const Project& project) {
  return check_window(context, project, schema::kConditionNotReadyAt, grace_of(context, project));
}

Result<Ok> check_termination(const Context& context, const Project& project) {
  return check_window(context, project, schema::kConditionTerminatingAt,
                      context.options.termination_timeout);
}

}  // namespace cara::apiserver
