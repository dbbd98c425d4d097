#include "services/agent/plan.h"

#include <algorithm>
#include <utility>

#include "schema/formats.h"
#include "schema/lifecycle.h"
#include "services/agent/node_rules.h"
#include "services/agent/planner.h"

namespace cara::agent {
namespace {

constexpr std::string_view kPullPrefix = "image:";

// The node's trouble and not the project's; it goes on as soon as there is room.
bool is_disk_full(const Error& error) {
  return error.message.find("no space left on device") != std::string::npos;
}

// Silence of the engine says nothing about the project; only a pull may take too long by itself.
bool is_problem(const EngineOp& op, const Error& error) {
  if (error.code == Code::kUnavailable || is_disk_full(error)) return false;
  // Its own fault, and a new container is on its way.
  if (error.code == Code::kConflict && std::holds_alternative<StartContainer>(op)) return false;
  return error.code != Code::kTimeout || std::holds_alternative<EnsureImage>(op);
}

}  // namespace

Plan Planner::run() {
  const bool wanted =
      situation_.desired != nullptr && !schema::is_ending(situation_.desired->phase);
  if (wanted) {
    converge(*situation_.desired);
  } else {
    tear_down();
    memory_.serving = false;
    plan_.serving.reason = situation_.project + " is being removed";
  }
  memory_.planned_before = true;
  plan_.memory = std::move(memory_);
  return std::move(plan_);
}

// --- Steps that every kind of plan is made of ---------------------------------------------------

bool Planner::want(std::string key, std::string subject, EngineOp op) {
  unfinished_ = true;
  const auto failure = memory_.failures.find(key);
  if (failure != memory_.failures.end()) {
    if (is_problem(op, failure->second.error)) {
      problems_.push_back(explain_failure(op, subject, failure->second.error));
    } else if (is_disk_full(failure->second.error)) {
      waiting_.push_back(explain_failure(op, subject, failure->second.error).message);
    }
    if (situation_.now.mono < failure->second.retry_at) {
      again_at(failure->second.retry_at);
      return false;
    }
  }
  if (situation_.running.contains(key)) return false;
  plan_.operations.push_back({std::move(key), std::move(subject), std::move(op)});
  return true;
}

void Planner::again_at(runtime::MonoTime time) {
  plan_.again_at = plan_.again_at ? std::min(*plan_.again_at, time) : time;
}

// Nothing of ours is changing the project's objects, and they were seen as they are.
bool Planner::is_settled() const {
  const auto pull = [](const std::string& key) { return is_pull(key); };
  return situation_.verified &&
         std::all_of(situation_.running.begin(), situation_.running.end(), pull) &&
         std::all_of(plan_.operations.begin(), plan_.operations.end(),
                     [](const Operation& operation) { return is_pull(operation.key); });
}

// --- Not wanted: remove everything --------------------------------------------------------------

void Planner::tear_down() {
  const Observation& seen = situation_.seen;
  Containers all;
  for (const ContainerInfo& container : seen.containers) all.push_back(&container);
  remove_all(all);
  if (seen.containers.empty()) {
    // A container that is being created right now would need both.
    for (const NetworkInfo& network : seen.networks) remove(network);
    for (const VolumeInfo& volume : seen.volumes) {
      if (!is_kept(volume)) remove(volume);
    }
  }
  if (unfinished_ || !is_settled()) return;
  if (situation_.desired == nullptr) {
    plan_.gone = true;
  } else {
    plan_.report = Report{.phase = schema::Phase::kTerminated,
                          .reason = "Removed",
                          .message = "All containers, networks and volumes are removed",
                          .services = {}};
  }
}

// --- Wanted -------------------------------------------------------------------------------------

void Planner::converge(const schema::DesiredProject& desired) {
  if (!memory_.since) memory_.since = situation_.now.mono;
  const bool known_as_running = desired.phase == schema::Phase::kRunning;
  if (!memory_.planned_before && known_as_running) memory_.was_running = memory_.serving = true;
  if (desired.spec.paused) {
    pause();
  } else if (!is_allowed(desired)) {
    unfinished_ = true;
  } else if (remove_stale(desired)) {
    // What was made for another assignment goes first: its names are needed.
    find_services(desired);
    want_images(desired);
  } else {
    make_services(desired);
  }
  serve(desired);
  report(desired);
}

bool Planner::is_allowed(const schema::DesiredProject& desired) {
  std::vector<std::string> reasons = forbidden(desired.spec, situation_.rules);
  for (std::string& reason : reasons) {
    problems_.push_back({"NotAllowed", std::move(reason)});
  }
  return problems_.empty();
}

// True while there is anything of another uid or assignment.
bool Planner::remove_stale(const schema::DesiredProject& desired) {
  const Observation& seen = situation_.seen;
  Containers stale;
  for (const ContainerInfo& container : seen.containers) {
    if (!belongs_to(container.labels, desired)) stale.push_back(&container);
  }
  remove_all(stale);
  if (!stale.empty()) return true;
  bool any = false;
  for (const NetworkInfo& network : seen.networks) {
    if (belongs_to(network.labels, desired)) continue;
    remove(network);
    any = true;
  }
  for (const VolumeInfo& volume : seen.volumes) {
    if (is_kept(volume) || belongs_to(volume.labels, desired)) continue;
    remove(volume);
    any = true;
  }
  return any;
}

// Containers are stopped and kept, in the order in which they would be removed.
void Planner::pause() {
  Containers running;
  for (const ContainerInfo& container : situation_.seen.containers) {
    if (is_running(container)) running.push_back(&container);
  }
  for (const ContainerInfo* container : running) {
    if (must_wait_for(*container, running)) {
      unfinished_ = true;
    } else {
      stop(*container);
    }
    // Whoever goes on with it later knows that it did not end by itself.
    ServiceMemory& memory = memory_.services[label(container->labels, kLabelService)];
    if (memory.container != container->id) memory = ServiceMemory{.container = container->id};
    memory.interrupted = true;
  }
}

void Planner::make_services(const schema::DesiredProject& desired) {
  find_networks(desired);
  find_services(desired);
  const bool have_images = want_images(desired);
  const bool have_volumes = want_volumes(desired);
  const bool have_networks = want_networks(desired);
  const bool complete = have_images && have_volumes && have_networks;
  // Until all that the new spec needs is here, what runs by the old one goes on running.
  if (complete) replace(desired);
  const bool known_before = memory_.planned_before;
  std::erase_if(memory_.services,
                [&](const auto& service) { return !slots_.contains(service.first); });
  for (auto& [name, slot] : slots_) {
    const ContainerInfo* container = slot.fit;
    if (container == nullptr && !complete) container = slot.old;
    if (container != nullptr) watch(desired, slot, *container, known_before);
  }
  for (auto& [name, slot] : slots_) {
    const ContainerInfo* container = slot.fit;
    if (container == nullptr && !complete) container = slot.old;
    if (container == nullptr) continue;
    act(slot, *container);
    if (slot.fit != nullptr) promote(desired, slot);
    rejoin(slot);
  }
  if (!unfinished_) remove_unused(desired);
}

void Planner::remove_unused(const schema::DesiredProject& desired) {
  for (const VolumeInfo& volume : situation_.seen.volumes) {
    const std::string name = label(volume.labels, kLabelVolume);
    const auto& wanted = desired.spec.volumes;
    const bool used = std::any_of(wanted.begin(), wanted.end(), [&](const auto& each) {
      return each.name == name && each.type != schema::VolumeType::kHostPath;
    });
    if (!used && !is_kept(volume)) remove(volume);
  }
  for (const NetworkInfo& network : situation_.seen.networks) {
    const auto& known = around_.networks;
    const bool used = std::any_of(known.begin(), known.end(),
                                  [&](const auto& each) { return each.second == network.id; });
    if (!used) remove(network);
  }
}

// ------------------------------------------------------------------------------------------------

bool is_pull(const std::string& key) { return key.starts_with(kPullPrefix); }

std::string image_key(const schema::ServiceDef& service) {
  const std::string platform = service.platform.empty() ? "" : " " + service.platform;
  return std::string(kPullPrefix) + service.image + platform;
}

Plan plan(const Situation& situation, Memory memory) {
  return Planner(situation, std::move(memory)).run();
}

}  // namespace cara::agent
