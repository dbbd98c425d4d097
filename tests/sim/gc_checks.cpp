#include "tests/sim/gc_checks.h"

#include <fmt/format.h>

#include <algorithm>

#include "schema/lifecycle.h"

namespace cara::sim {
namespace {

using schema::Phase;
using schema::Project;

// A gc pulls every second, asks again after 2 s, and waits 2 s for an answer.
constexpr Duration kDoneWithin = std::chrono::seconds(15);
// Where a fifth of all messages is lost.
constexpr Duration kDoneWithinLossy = std::chrono::seconds(45);

}  // namespace

void GcChecks::add(std::map<Key, Due>& duties, const Project& project) const {
  const MonoTime time = cluster_.world().now();
  const auto& conditions = project.status.conditions;
  const bool ending = schema::is_ending(project.status.phase);
  const auto put = [&](Duty duty, MonoTime since, Duration window) {
    const Key key{project.metadata.uid, duty};
    const auto before = duties_.find(key);
    if (before != duties_.end()) since = before->second.since;
    duties[key] = {project.metadata.name, since, window};
  };
  if (project.status.phase == Phase::kTerminated) put(Duty::kReap, time, {});
  if (!ending && project.spec.expire_at) {
    const auto left =
        std::chrono::milliseconds(project.spec.expire_at->ms - cluster_.world().wall().ms);
    const Key key{project.metadata.uid, Duty::kExpire};
    // The deadline may have been changed.
    duties[key] = {project.metadata.name, time + left, {}};
  }
  const bool is_lost = schema::find_condition(conditions, schema::kConditionNotReadyAt) != nullptr;
  if (!ending && is_lost && project.spec.on_node_loss != schema::OnNodeLoss::kStay) {
    put(Duty::kEvict, time, nodes_.window_of(project));
  }
  if (schema::find_condition(conditions, schema::kConditionTerminatingAt) != nullptr) {
    put(Duty::kEnd, time, cluster_.options().apiserver.termination_timeout);
  }
}

void GcChecks::look(const Snapshot& now) {
  std::map<Key, Due> duties;
  for (const auto& [name, project] : now.projects) add(duties, project);
  duties_ = std::move(duties);
}

std::string GcChecks::sentence(Duty duty) {
  switch (duty) {
    case Duty::kExpire:
      return "is past its deadline and goes on [I25]";
    case Duty::kEvict:
      return "is still on its lost node though its window is over [S31]";
    case Duty::kEnd:
      return "is still Terminating on its lost node though its window is over [S34]";
    case Duty::kReap:
      return "has ended and its record is still there [I27]";
  }
  CARA_CHECK(false);
}

void GcChecks::look_at_duties() {
  const World& world = cluster_.world();
  const bool lossy = cluster_.world().bus().faults().lost > 0;
  if (lossy) lossy_until_ = world.now();
  if (duties_.empty()) return;
  if (cluster_.moves_held()) held_until_ = world.now();
  const auto server = cluster_.apiserver_well_since();
  std::optional<MonoTime> gc;
  for (int i = 1; i <= cluster_.options().gcs; ++i) {
    const auto well = world.well_since(Cluster::gc(i));
    if (well) gc = gc ? std::min(*gc, *well) : *well;
  }
  if (!server || !gc) return;
  // It has to learn first which nodes are lost.
  const MonoTime settled = *server + cluster_.options().apiserver.node_timeout;
  const MonoTime able = std::max({settled, *gc, lossy ? MonoTime{} : lossy_until_});
  const Duration limit = lossy ? kDoneWithinLossy : kDoneWithin;
  for (const auto& [key, due] : duties_) {
    const auto& [uid, duty] = key;
    MonoTime since = due.since;
    if (duty == Duty::kEvict || duty == Duty::kEnd) since = std::max(since, held_until_);
    if (world.now() - std::max(able, since + due.window) <= limit) continue;
    fail_(fmt::format("project {} ({}) {}", due.name, uid, sentence(duty)));
  }
}

}  // namespace cara::sim
