// Containers: which are as they should be, what replaces the others, what starts and when.
#include <algorithm>
#include <utility>

#include "services/agent/planner.h"

namespace cara::agent {
namespace {

// Containers that never come to fit, for whatever reason, must not keep the engine busy.
constexpr std::uint32_t kMadeAtOnce = 5;
constexpr runtime::Backoff kMakeBackoff{.base = std::chrono::seconds(1),
                                        .max = std::chrono::seconds(60)};

// The engine stopped trusting it: only a new one helps.
bool is_usable(ContainerState state) {
  return state != ContainerState::kDead && state != ContainerState::kRemoving;
}

bool contains(const std::vector<std::string>& all, const std::string& one) {
  return std::find(all.begin(), all.end(), one) != all.end();
}

// Those that others join come before them.
std::vector<const schema::ServiceDef*> in_order(const std::vector<schema::ServiceDef>& services) {
  std::vector<const schema::ServiceDef*> order;
  std::set<std::string> placed;
  while (order.size() < services.size()) {
    const std::size_t before = order.size();
    for (const schema::ServiceDef& service : services) {
      if (placed.contains(service.name)) continue;
      const auto joined = schema::joined_services(service);
      if (!std::all_of(joined.begin(), joined.end(),
                       [&](const std::string& name) { return placed.contains(name); })) {
        continue;
      }
      placed.insert(service.name);
      order.push_back(&service);
    }
    if (order.size() == before) break;  // a ring: refused when it was applied
  }
  return order;
}

}  // namespace

// --- Which container is whose -------------------------------------------------------------------

void Planner::find_services(const schema::DesiredProject& desired) {
  std::map<std::string, Containers> by_service;
  for (const ContainerInfo& container : situation_.seen.containers) {
    by_service[label(container.labels, kLabelService)].push_back(&container);
  }
  for (const schema::ServiceDef* service : in_order(desired.spec.services)) {
    Slot& slot = slots_[service->name];
    slot.service = service;
    find_fit(desired, slot, by_service[service->name]);
    if (slot.fit != nullptr) around_.containers[service->name] = slot.fit->id;
  }
  for (const auto& [name, containers] : by_service) {
    for (const ContainerInfo* container : containers) {
      const auto slot = slots_.find(name);
      const bool placed =
          slot != slots_.end() && (container == slot->second.fit || container == slot->second.old);
      if (!placed) extra_.push_back(container);
    }
  }
}

void Planner::find_fit(const schema::DesiredProject& desired, Slot& slot,
                       const Containers& candidates) {
  const std::string name = container_name(desired.name, slot.service->name);
  for (const ContainerInfo* container : candidates) {
    if (!fits(desired, *slot.service, *container)) {
      // Its update is not over, and there is the next one: that goes on from what is newest and
      // ready. The one before it may be ending.
      const bool newest = was_ready(slot.service->name, *container);
      if (newest || (container->name == name && slot.old == nullptr)) slot.old = container;
      continue;
    }
    // The one with the name counts, of several.
    if (slot.fit == nullptr || container->name == name) slot.fit = container;
  }
  // Its own name is not there yet, or somebody has renamed it.
  slot.is_next = slot.fit != nullptr && slot.fit->name != name;
}

bool Planner::was_ready(const std::string& service, const ContainerInfo& container) const {
  const auto memory = memory_.services.find(service);
  return memory != memory_.services.end() && memory->second.container == container.id &&
         memory->second.was_ready && is_running(container);
}

bool Planner::fits(const schema::DesiredProject& desired, const schema::ServiceDef& service,
                   const ContainerInfo& container) const {
  if (!is_usable(container.state)) return false;
  const auto failure = memory_.failures.find("start:" + container.id);
  const bool lost =
      failure != memory_.failures.end() && failure->second.error.code == Code::kConflict;
  if (lost) return false;  // the engine cannot start it any more: only a new one helps
  if (label(container.labels, kLabelSpec) != spec_hash(desired.spec, service)) return false;
  for (const schema::ServiceNetwork& membership : memberships(service)) {
    const auto network = around_.networks.find(membership.name);
    if (network == around_.networks.end()) return false;
    if (!contains(container.networks, network->second)) return false;
  }
  // Of a container that is stuck the engine does not tell it.
  if (container.joined.empty()) return true;
  for (const std::string& name : schema::joined_services(service)) {
    const auto joined = around_.containers.find(name);
    if (joined == around_.containers.end() || !contains(container.joined, joined->second)) {
      return false;
    }
  }
  return true;
}

bool Planner::is_taken(const std::string& name) const {
  const auto& all = situation_.seen.containers;
  return std::any_of(all.begin(), all.end(),
                     [&](const ContainerInfo& container) { return container.name == name; });
}

// --- Replacing ----------------------------------------------------------------------------------

void Planner::replace(const schema::DesiredProject& desired) {
  Containers leaving = extra_;
  std::vector<const Slot*> coming;
  for (const auto& [name, slot] : slots_) {
    if (slot.fit != nullptr) continue;
    unfinished_ = true;
    const bool named = slot.old == nullptr || slot.old->name == container_name(desired.name, name);
    if (slot.old != nullptr && !starts_first(desired, slot)) {
      leaving.push_back(slot.old);
    } else if (!named) {
      give_name(desired, *slot.service, *slot.old);
    } else {
      coming.push_back(&slot);
    }
  }
  remove_all(leaving);
  for (const Slot* slot : coming) create(desired, *slot);
}

// Both side by side, where neither takes anything from the other.
bool Planner::starts_first(const schema::DesiredProject& desired, const Slot& slot) const {
  if (slot.old->state != ContainerState::kRunning) return false;
  if (!schema::may_start_first(desired.spec, *slot.service)) return false;
  // Their networks are not the same ones.
  for (const schema::ServiceNetwork& membership : memberships(*slot.service)) {
    const auto network = around_.networks.find(membership.name);
    if (network == around_.networks.end()) return false;
    if (!contains(slot.old->networks, network->second)) return false;
  }
  return true;
}

void Planner::create(const schema::DesiredProject& desired, const Slot& slot) {
  const schema::ServiceDef& service = *slot.service;
  for (const std::string& name : schema::joined_services(service)) {
    if (!around_.containers.contains(name)) return waiting_.push_back("waiting for " + name);
  }
  for (const schema::ServiceNetwork& membership : memberships(service)) {
    if (!around_.networks.contains(membership.name)) return;
  }
  ContainerSpec spec = container_spec(situation_.owner, desired, service, around_);
  if (slot.old != nullptr) spec.name = next_container_name(desired.name, service.name);
  if (is_taken(spec.name)) return;
  Making& making = memory_.made[service.name];
  if (situation_.now.mono < making.again_at) return again_at(making.again_at);
  const bool sent = want("create:" + service.name, quoted("service", service.name),
                         CreateContainer{std::move(spec)});
  if (sent && ++making.count > kMadeAtOnce) {
    making.again_at = situation_.now.mono + kMakeBackoff.after(making.count - kMadeAtOnce);
  }
}

// A new container takes the name of the old one when it is ready, and that one goes.
void Planner::promote(const schema::DesiredProject& desired, const Slot& slot) {
  if (!slot.is_next) return;
  unfinished_ = true;
  if (slot.old != nullptr && slot.verdict.ready) {
    remove(*slot.old);
  } else {
    give_name(desired, *slot.service, *slot.fit);
  }
}

void Planner::give_name(const schema::DesiredProject& desired, const schema::ServiceDef& service,
                        const ContainerInfo& container) {
  const std::string name = container_name(desired.name, service.name);
  if (is_taken(name)) return;
  want("rename:" + container.id, quoted("service", service.name),
       RenameContainer{container.id, name});
}

// --- Running ------------------------------------------------------------------------------------

void Planner::watch(const schema::DesiredProject& desired, Slot& slot,
                    const ContainerInfo& container, bool known_before) {
  const schema::ServiceDef& service = *slot.service;
  ServiceMemory& memory = memory_.services[service.name];
  if (memory.container != container.id) {
    // An agent that has just started finds what a former one reported as running.
    const bool was_ready = !known_before && desired.phase == schema::Phase::kRunning;
    memory = ServiceMemory{.container = container.id, .was_ready = was_ready};
  }
  slot.verdict = judge(container, rules_of(desired.spec.services, service),
                       situation_.rules.restart, situation_.verified, situation_.now.mono, memory);
  if (slot.verdict.again_at) again_at(*slot.verdict.again_at);
  if (slot.verdict.ready) return memory.last_failure.clear();
  unfinished_ = true;
  explain(slot, container, slot.verdict, memory);
}

void Planner::explain(const Slot& slot, const ContainerInfo& container, const Verdict& verdict,
                      ServiceMemory& memory) {
  if (verdict.failure.empty()) return;
  std::string why = "its health check fails";
  if (container.state == ContainerState::kExited) {
    why = explain_exit(container, memory.last_lines.value_or(""));
    const bool always = slot.service->restart_policy == schema::RestartPolicy::kAlways;
    if (container.exit_code == 0 && always && !memory.unhealthy) {
      why += "; restartPolicy is Always: if it is meant to end, say OnFailure or Never";
    }
  }
  problems_.push_back({verdict.failure, quoted("service", slot.service->name) + ": " + why});
  memory.last_failure = std::move(why);
}

void Planner::act(const Slot& slot, const ContainerInfo& container) {
  const std::string subject = quoted("service", slot.service->name);
  std::string held_up;
  switch (slot.verdict.need) {
    case Need::kNothing:
      break;
    case Need::kStart:
      held_up = held_up_by(*slot.service);
      if (held_up.empty()) start(*slot.service, container);
      break;
    case Need::kStop:
      if (!may_end(container)) break;
      if (want("stop:" + container.id, subject,
               StopContainer{container.id, container.stop_grace_ms})) {
        occurred("Unhealthy", subject + " is restarted: its health check fails", subject);
      }
      break;
    case Need::kLogs:
      want("logs:" + container.id, subject, TailLogs{container.id, kLogLines});
      break;
  }
  if (slot.verdict.ready) return;
  if (held_up.empty()) {
    held_up = "waiting for " + subject;
    // It was started again: why that was needed is what a reader wants to know.
    const std::string& failure = memory_.services[slot.service->name].last_failure;
    if (!failure.empty()) held_up += "; last failure: " + failure;
  }
  waiting_.push_back(std::move(held_up));
}

void Planner::start(const schema::ServiceDef& service, const ContainerInfo& container) {
  const std::string subject = quoted("service", service.name);
  ServiceMemory& memory = memory_.services[service.name];
  if (!want("start:" + container.id, subject, StartContainer{container.id})) return;
  if (container.state != ContainerState::kExited) {
    return occurred("Started", subject + " is started", subject);
  }
  ++memory.restarts;
  occurred(
      "Restarted",
      subject + " is started again: it " + explain_exit(container, memory.last_lines.value_or("")),
      subject);
}

// Who shares the network of a container that was restarted is in a network that is gone.
void Planner::rejoin(const Slot& slot) {
  // Times are known of what was observed only.
  if (!situation_.verified || slot.fit == nullptr) return;
  if (slot.fit->state != ContainerState::kRunning) return;
  for (const std::string& name : schema::joined_services(*slot.service)) {
    const auto other = slots_.find(name);
    if (other == slots_.end() || other->second.fit == nullptr) continue;
    const ContainerInfo& joined = *other->second.fit;
    if (joined.state != ContainerState::kRunning || joined.started_at <= slot.fit->started_at) {
      continue;
    }
    memory_.services[slot.service->name].interrupted = true;
    stop(*slot.fit);
  }
}

std::string Planner::held_up_by(const schema::ServiceDef& service) const {
  for (const schema::Dependency& dependency : schema::dependencies_of(service)) {
    const auto found = slots_.find(dependency.service);
    if (found == slots_.end()) continue;  // optional, or refused when it was applied
    const Slot& other = found->second;
    const Verdict& verdict = other.verdict;
    const bool there = other.fit != nullptr;
    const bool up = there && other.fit->state == ContainerState::kRunning;
    if (dependency.optional && there && !verdict.failure.empty()) continue;
    const std::string who =
        quoted("service", service.name) + " waits for " + quoted("service", dependency.service);
    switch (dependency.condition) {
      case schema::DependencyCondition::kStarted:
        if (!up && !verdict.done) return who + " to start";
        break;
      case schema::DependencyCondition::kHealthy:
        if (!there || !verdict.ready) return who + " to be healthy";
        break;
      case schema::DependencyCondition::kCompleted:
        if (!there || !verdict.done) return who + " to complete";
        break;
    }
  }
  return "";
}

}  // namespace cara::agent
