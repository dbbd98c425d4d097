#include "services/scheduler/scheduler.h"

#include <utility>

#include "schema/subjects.h"

namespace cara::scheduler {
namespace {

constexpr runtime::TimerId kMirrorTimer = 1;
constexpr runtime::TimerId kQueueTimer = 2;

bool says(const schema::Project& project, const std::string& message) {
  const auto* phase = schema::find_condition(project.status.conditions, schema::kConditionPhase);
  return phase != nullptr && phase->message == message;
}

}  // namespace

Scheduler::Scheduler(SchedulerOptions options)
    : options_(std::move(options)),
      identity_{schema::Role::kSched, options_.id},
      mirror_({.caller = identity_,
               .timer = kMirrorTimer,
               .pull_every = options_.pull_every,
               .call_timeout = options_.call_timeout},
              ids_),
      queue_({.backoff = options_.backoff}) {}

std::vector<runtime::Subscription> Scheduler::subscriptions() const {
  return {{schema::kSchedWake, schema::kSchedQueue}, {schema::kSchedAll, ""}};
}

runtime::Effects Scheduler::step(std::span<const runtime::Event> batch, runtime::Instant now) {
  out_.clear();
  for (const runtime::Event& event : batch) handle(event, now.mono);
  follow_mirror(now.mono);
  work(now.mono);
  if (const auto due = queue_.next_due(); due && *due > now.mono) {
    out_.push_back(runtime::SetTimer{kQueueTimer, *due - now.mono});
  }
  return std::exchange(out_, {});
}

void Scheduler::handle(const runtime::Event& event, runtime::MonoTime now) {
  if (mirror_.handle(event, out_)) return;
  if (const auto* hint = std::get_if<runtime::Delivered>(&event)) {
    mirror_.wake(hint->body, out_);
  } else if (const auto* answer = std::get_if<runtime::Answered>(&event)) {
    if (const auto call = calls_.take(answer->id)) on_answer(*call, *answer, now);
  }
}

void Scheduler::on_answer(const Call& call, const runtime::Answered& answer,
                          runtime::MonoTime now) {
  const auto reply = runtime::open<schema::RevisionReply>(answer);
  const std::string& name = call.project;
  if (reply.ok()) {
    if (call.kind == CallKind::kBind) {
      Assumed& bound = assumed_[name];
      bound.revision = reply->revision;
      bound.until = now + 2 * options_.pull_every;
      queue_.forget(name);
    } else {
      // Looked at once more, when the mirror should show what was said.
      queue_.retry(name, now);
    }
    mirror_.pull(out_);
  } else {
    if (call.kind == CallKind::kBind) assumed_.erase(name);
    const runtime::Duration wait = queue_.retry(name, now);
    // A conflict is how schedulers share their work: the mirror is old, not the world wrong.
    const bool expected = reply.error().code == Code::kConflict;
    if (expected) mirror_.pull(out_);
    const auto level = expected ? runtime::Level::kDebug : runtime::Level::kWarn;
    const auto wait_ms = std::chrono::duration_cast<std::chrono::milliseconds>(wait).count();
    out_.push_back(runtime::note(level, "project " + name +
                                            " was not bound: " + reply.error().message +
                                            "; again in " + format_duration_ms(wait_ms)));
  }
  queue_.done(name);
}

void Scheduler::follow_mirror(runtime::MonoTime now) {
  if (mirror_.version() == followed_version_) return;
  std::erase_if(assumed_, [this](const auto& entry) {
    return entry.second.revision != 0 && entry.second.revision <= mirror_.revision();
  });
  bool all_queued = true;
  for (const auto& [name, project] : mirror_.projects()) {
    if (project.status.phase != schema::Phase::kPending) {
      queue_.remove(name);
    } else if (queue_.failures(name) == 0) {
      // Also those that were looked at before: a node may have come or become free.
      all_queued = queue_.add(name, now) && all_queued;
    }
  }
  if (all_queued) followed_version_ = mirror_.version();
}

void Scheduler::work(runtime::MonoTime now) {
  if (!mirror_.ready() || !queue_.next_due()) return;
  Load load = assumed_load();
  while (calls_.size() < options_.max_in_flight) {
    const auto name = queue_.take(now);
    if (!name) return;
    if (!consider(*name, load, now)) {
      queue_.done(*name);
    } else if (const auto bound = assumed_.find(*name); bound != assumed_.end()) {
      ++load[bound->second.node];
    }
  }
}

bool Scheduler::consider(const std::string& name, const Load& load, runtime::MonoTime now) {
  const schema::Project* project = find_pending(name);
  if (project == nullptr) {
    queue_.remove(name);
    return false;
  }
  if (is_assumed(*project, now)) {
    queue_.add_after(name, now, options_.pull_every);
    return false;
  }
  const Placement placement = place(mirror_.nodes(), load, *project);
  if (!placement.node.empty()) {
    bind(*project, placement.node);
    return true;
  }
  if (says(*project, placement.reason)) {
    queue_.forget(name);
    return false;
  }
  explain(*project, placement.reason);
  return true;
}

void Scheduler::bind(const schema::Project& project, const std::string& node) {
  const schema::Metadata& metadata = project.metadata;
  const runtime::RequestId id = ids_.next();
  const schema::BindRequest request{
      .name = metadata.name, .uid = metadata.uid, .revision = metadata.revision, .node = node};
  out_.push_back(runtime::call(id, identity_, "project.bind", request, options_.call_timeout));
  calls_.add(id, {.kind = CallKind::kBind, .project = metadata.name});
  assumed_[metadata.name] = {.uid = metadata.uid, .node = node, .revision = 0, .until = {}};
}

void Scheduler::explain(const schema::Project& project, const std::string& why) {
  const schema::Metadata& metadata = project.metadata;
  const runtime::RequestId id = ids_.next();
  const schema::UnschedulableRequest request{
      .name = metadata.name, .uid = metadata.uid, .revision = metadata.revision, .message = why};
  out_.push_back(
      runtime::call(id, identity_, "project.unschedulable", request, options_.call_timeout));
  calls_.add(id, {.kind = CallKind::kExplain, .project = metadata.name});
}

bool Scheduler::is_assumed(const schema::Project& project, runtime::MonoTime now) {
  const auto found = assumed_.find(project.metadata.name);
  if (found == assumed_.end()) return false;
  if (found->second.uid == project.metadata.uid && now < found->second.until) return true;
  assumed_.erase(found);  // another incarnation, or a store that forgot it
  return false;
}

Load Scheduler::assumed_load() const {
  Load load = load_of(mirror_.projects());
  for (const auto& [name, bound] : assumed_) {
    if (find_pending(name) != nullptr) ++load[bound.node];
  }
  return load;
}

const schema::Project* Scheduler::find_pending(const std::string& name) const {
  const auto found = mirror_.projects().find(name);
  if (found == mirror_.projects().end()) return nullptr;
  return found->second.status.phase == schema::Phase::kPending ? &found->second : nullptr;
}

}  // namespace cara::scheduler
