// What the node's ingress may send requests to, and what it must let go before it ends.
#include <algorithm>
#include <chrono>

#include "schema/time.h"
#include "services/agent/planner.h"

namespace cara::agent {
namespace {

constexpr const char* kLoopback = "127.0.0.1";

}  // namespace

// The route goes first, then the requests that are under way end, then the container does.
bool Planner::may_end(const ContainerInfo& container) {
  plan_.serving.ending[container.id] = {
      .container = container.id, .address = container.address, .grace = grace_of(container)};
  const IngressView& ingress = situation_.ingress;
  const bool unknown = ingress.unsure && !ingress.serving.ending.contains(container.id);
  const bool held =
      situation_.desired != nullptr && (unknown || ingress.held.contains(container.id));
  if (!held) return true;
  unfinished_ = true;
  waiting_.push_back("waiting for requests to " + quoted("container", container.name) + " to end");
  return false;
}

runtime::Duration Planner::grace_of(const ContainerInfo& container) const {
  std::int64_t grace_ms = container.stop_grace_ms;
  if (situation_.desired != nullptr) {
    const schema::ServiceDef* service = schema::find_service(
        situation_.desired->spec.services, label(container.labels, kLabelService));
    const auto said = parse_duration_ms(service == nullptr ? "" : service->stop_grace_period);
    if (said) grace_ms = *said;
  }
  return std::chrono::milliseconds(grace_ms);
}

void Planner::serve(const schema::DesiredProject& desired) {
  if (!situation_.verified && !desired.spec.paused) return keep_serving();
  memory_.serving = may_serve(desired);
  if (desired.spec.ingress.empty()) return;
  if (!memory_.serving) {
    plan_.serving.reason = why_not(desired);
    return;
  }
  for (const schema::IngressDef& rule : desired.spec.ingress) {
    const auto slot = slots_.find(rule.target.service);
    if (slot == slots_.end()) continue;
    const ContainerInfo* container = serving_container(slot->second);
    if (container == nullptr) continue;
    const std::string address = address_of(*slot->second.service, *container);
    if (address.empty()) continue;
    plan_.serving.targets[rule.target.service] = {
        .container = container->id, .address = address, .grace = grace_of(*container)};
  }
}

// What an operation of ours has just changed is not known yet, nor is who is well: what was said
// last holds for those that are to go on.
void Planner::keep_serving() {
  plan_.serving.targets = situation_.ingress.serving.targets;
  plan_.serving.reason = situation_.ingress.serving.reason;
  std::erase_if(plan_.serving.targets,
                [&](const auto& target) { return is_to_end(target.second.container); });
}

// The ingress does what this plan says, as far as it does anything.
bool Planner::is_routed(const schema::DesiredProject& desired) const {
  const IngressView& ingress = situation_.ingress;
  return desired.spec.ingress.empty() || (ingress.settled && ingress.serving == plan_.serving);
}

// From Running on, until it fails. What fails without touching what runs (the next spec's image
// does not exist) leaves the old containers as they are, and requests go on.
bool Planner::may_serve(const schema::DesiredProject& desired) const {
  if (desired.spec.paused || slots_.empty()) return false;
  if (!unfinished_ && problems_.empty()) return true;
  if (!memory_.serving || problems_.empty()) return memory_.serving;
  return std::all_of(slots_.begin(), slots_.end(), [&](const auto& entry) {
    const Slot& slot = entry.second;
    const bool is_new = slot.fit == nullptr && slot.old == nullptr;
    return is_new || slot.verdict.done || serving_container(slot) != nullptr;
  });
}

std::string Planner::why_not(const schema::DesiredProject& desired) const {
  if (desired.spec.paused) return desired.name + " is paused";
  if (problems_.empty()) return desired.name + " is starting";
  return desired.name + " is Failed (" + problems_.front().reason + ")";
}

// The new one as soon as it is ready; until then the old one, while it stands beside it.
const ContainerInfo* Planner::serving_container(const Slot& slot) const {
  const ContainerInfo* fit = slot.fit;
  if (fit != nullptr && slot.verdict.ready && is_running(*fit) && !is_to_end(fit->id)) {
    return fit;
  }
  const ContainerInfo* old = slot.old;
  const bool well = old != nullptr && is_running(*old) && old->health != Health::kUnhealthy &&
                    old->health != Health::kStarting;
  return well && !is_to_end(old->id) ? old : nullptr;
}

// As the node reaches it; empty: not at all, or not known yet.
std::string Planner::address_of(const schema::ServiceDef& service,
                                const ContainerInfo& container) const {
  if (service.network_mode == schema::kModeHost) return kLoopback;
  const std::string joined = schema::joined_service(service.network_mode);
  if (joined.empty()) return container.address;
  const auto other = slots_.find(joined);
  const bool there = other != slots_.end() && other->second.fit != nullptr;
  return there ? address_of(*other->second.service, *other->second.fit) : "";
}

}  // namespace cara::agent
