#include "services/agent/project_loop.h"

#include <algorithm>
#include <utility>

#include "schema/lifecycle.h"
#include "services/agent/outcome.h"

namespace cara::agent {
namespace {

constexpr const char* kObserveKey = "observe";
constexpr const char* kCancelKey = "cancel-pulls";
// A pull that has just begun may miss the first call.
constexpr runtime::Duration kCancelAgain = std::chrono::milliseconds(200);

bool same_work(const std::optional<schema::DesiredProject>& a,
               const std::optional<schema::DesiredProject>& b) {
  if (!a || !b) return a.has_value() == b.has_value();
  return a->uid == b->uid && a->assignment == b->assignment && a->generation == b->generation &&
         a->spec.paused == b->spec.paused && a->delete_volumes == b->delete_volumes &&
         schema::is_ending(a->phase) == schema::is_ending(b->phase);
}

}  // namespace

void ProjectLoop::want(std::optional<schema::DesiredProject> desired) {
  if (!same_work(desired_, desired)) {
    touched_ = true;
    must_observe_ = true;
    observe_at_ = {};
    memory_.failures.clear();
    memory_.made.clear();
    const bool same_assignment = desired_ && desired && desired_->uid == desired->uid &&
                                 desired_->assignment == desired->assignment;
    if (!same_assignment) memory_ = {};
    if (same_assignment && desired_->generation != desired->generation) {
      memory_.since.reset();
      memory_.was_running = false;
    }
    // An unsent `Running` would be repeated until it is taken, while the containers are removed.
    if (!same_assignment || schema::is_ending(desired->phase)) reporter_.forget();
  } else if (desired_ && desired_->phase != desired->phase) {
    reporter_.say_again();  // the apiserver does not have what we think it has
  }
  desired_ = std::move(desired);
}

void ProjectLoop::hint() {
  hinted_ = true;
  touched_ = true;
}

void ProjectLoop::engine_returned(runtime::MonoTime away_since) {
  for (auto& [name, service] : memory_.services) interrupt(service, away_since);
  touched_ = true;
  memory_.images.clear();
  must_observe_ = true;
  observe_at_ = {};
}

void ProjectLoop::retry_now() {
  memory_.failures.clear();
  observe_failures_ = 0;
  observe_at_ = {};
  hint();
}

void ProjectLoop::wait_for_nothing() {
  std::erase_if(running_, [](const std::string& key) { return !is_pull(key); });
  ++changes_;  // what was being observed may be from before they were done
  verified_ = false;
  must_observe_ = true;
  observe_at_ = {};
  touched_ = true;
}

void ProjectLoop::saw(const Observation& seen, std::uint64_t at) {
  if (at != changes_ || !running_.empty() || observing_) return;
  touched_ = true;
  seen_ = seen;
  verified_ = is_seen_ = true;
  must_observe_ = false;
}

bool ProjectLoop::is_changing() const {
  return !std::all_of(running_.begin(), running_.end(), is_pull);
}

ProjectLoop::Step ProjectLoop::advance(runtime::Instant now, const IngressView& ingress) {
  Step step;
  step.trouble = std::exchange(trouble_, {});
  again_at_.reset();
  touched_ = false;
  cancel_pulls(step, now.mono);
  if (must_observe_) {
    if (!is_changing()) observe(step, now.mono);
    return step;
  }
  Plan next = plan({.owner = owner_,
                    .project = name_,
                    .desired = desired_ ? &*desired_ : nullptr,
                    .seen = seen_,
                    .verified = verified_,
                    .running = running_,
                    .now = now,
                    .rules = rules_,
                    .ingress = ingress},
                   std::move(memory_));
  memory_ = std::move(next.memory);
  if (next.again_at) again_at_ = again_at_ ? std::min(*again_at_, *next.again_at) : *next.again_at;
  for (Operation& operation : next.operations) {
    running_.insert(operation.key);
    if (!is_pull(operation.key)) ++changes_;
    step.calls.push_back({name_, std::move(operation.key), std::move(operation.op)});
  }
  if (!is_changing() && (!verified_ || hinted_)) observe(step, now.mono);
  step.occurrences = std::move(next.occurrences);
  step.serving = std::move(next.serving);
  if (next.report) report(*next.report);
  step.gone = next.gone && running_.empty() && !observing_;
  return step;
}

bool ProjectLoop::wants_pull(const std::string& key) const {
  if (!desired_ || schema::is_ending(desired_->phase)) return false;
  const auto& services = desired_->spec.services;
  return std::any_of(services.begin(), services.end(),
                     [&](const auto& service) { return image_key(service) == key; });
}

// All of the project's pulls end; what is still wanted begins again.
void ProjectLoop::cancel_pulls(Step& step, runtime::MonoTime now) {
  const bool unwanted = std::any_of(running_.begin(), running_.end(), [&](const std::string& key) {
    return is_pull(key) && !wants_pull(key);
  });
  if (!unwanted || cancelling_) return;
  if (now < cancel_at_) {
    again_at_ = again_at_ ? std::min(*again_at_, cancel_at_) : cancel_at_;
    return;
  }
  cancelling_ = true;
  step.calls.push_back({name_, kCancelKey, CancelPull{name_}});
}

void ProjectLoop::observe(Step& step, runtime::MonoTime now) {
  if (observing_) return;
  if (now < observe_at_) {
    again_at_ = again_at_ ? std::min(*again_at_, observe_at_) : observe_at_;
    return;
  }
  observing_ = true;
  hinted_ = false;
  observed_at_change_ = changes_;
  step.calls.push_back({name_, kObserveKey, Observe{project_selector(owner_, name_)}});
}

void ProjectLoop::ended(const EngineCall& call, const Result<EngineReply>& reply,
                        runtime::MonoTime now) {
  touched_ = true;
  if (call.key == kObserveKey) {
    if (observing_) observed(reply, now);
  } else if (call.key == kCancelKey) {
    cancelling_ = false;
    cancel_at_ = now + kCancelAgain;
  } else if (running_.contains(call.key)) {
    operation_ended(call, reply, now);
  }
}

void ProjectLoop::observed(const Result<EngineReply>& reply, runtime::MonoTime now) {
  observing_ = false;
  if (!reply.ok()) {
    ++observe_failures_;
    observe_at_ = now + kRetryBackoff.after(observe_failures_);
    hinted_ = true;
    return;
  }
  observe_failures_ = 0;
  if (observed_at_change_ != changes_) return;  // it may show the time before our operations
  seen_ = reply->observation;
  verified_ = is_seen_ = true;
  must_observe_ = false;
}

void ProjectLoop::operation_ended(const EngineCall& call, const Result<EngineReply>& reply,
                                  runtime::MonoTime now) {
  running_.erase(call.key);
  if (const auto* logs = std::get_if<TailLogs>(&call.op)) return logs_ended(logs->id, reply);
  if (!is_pull(call.key)) {
    ++changes_;
    verified_ = false;
  }
  if (reply.ok()) {
    memory_.failures.erase(call.key);
    if (is_pull(call.key)) memory_.images.insert(call.key);
    if (const auto* started = std::get_if<StartContainer>(&call.op)) {
      for (auto& [name, service] : memory_.services) {
        if (service.container != started->id) continue;
        // From here on it ends by itself again, if it does.
        service.interrupted = false;
        service.started = true;
      }
    }
    if (const auto* created = std::get_if<CreateContainer>(&call.op)) {
      const schema::ServiceDef& service = created->spec.service;
      const bool again = service.image_pull_policy == schema::ImagePullPolicy::kAlways;
      if (again) memory_.images.erase(image_key(service));
    }
    if (const auto* removed = std::get_if<RemoveContainer>(&call.op)) {
      std::erase_if(memory_.failures,
                    [&](const auto& failure) { return failure.first.ends_with(removed->id); });
    }
    assume(call.op, *reply, seen_);
    return;
  }
  // Cancelled, together with one that is not wanted any more.
  if (is_pull(call.key) && reply.error().code == Code::kConflict) return;
  Failure& failure = memory_.failures[call.key];
  // A failure that repeats itself is logged once.
  if (!(failure.error == reply.error())) {
    trouble_.push_back("project `" + name_ + "`: " + call.key + ": " + reply.error().message);
  }
  failure.error = reply.error();
  ++failure.count;
  failure.retry_at = now + kRetryBackoff.after(failure.count);
  must_observe_ = true;
  const bool missing = reply.error().code == Code::kNotFound;
  if (missing && std::holds_alternative<CreateContainer>(call.op)) memory_.images.clear();
}

void ProjectLoop::logs_ended(const std::string& container, const Result<EngineReply>& reply) {
  for (auto& [name, service] : memory_.services) {
    if (service.container == container) service.last_lines = reply.ok() ? reply->text : "";
  }
}

void ProjectLoop::report(const Report& report) {
  reporter_.want({.node = owner_.node,
                  .registration = 0,
                  .name = name_,
                  .uid = desired_->uid,
                  .assignment = desired_->assignment,
                  .generation = desired_->generation,
                  .phase = report.phase,
                  .reason = report.reason,
                  .message = report.message,
                  .services = report.services,
                  .ingress = report.ingress,
                  .give_up = report.give_up});
}

void ProjectLoop::acknowledged(schema::Phase phase) {
  touched_ = true;
  if (desired_ && phase != schema::Phase::kScheduled) desired_->phase = phase;
}

}  // namespace cara::agent
