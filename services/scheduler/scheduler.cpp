#include "services/scheduler/scheduler.h"

#include <algorithm>
#include <utility>

#include "schema/lifecycle.h"
#include "schema/subjects.h"
#include "services/scheduler/place.h"

namespace cara::scheduler {
namespace {

constexpr runtime::TimerId kMirrorTimer = 1;
constexpr runtime::TimerId kQueueTimer = 2;
constexpr std::size_t kMaxNews = 10'000;
// Between two steps that look into why projects wait: other events come first.
constexpr runtime::Duration kBreath = std::chrono::milliseconds(1);

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
               .call_timeout = options_.call_timeout,
               .max_news = kMaxNews},
              ids_),
      queue_({.backoff = options_.backoff}) {}

std::vector<runtime::Subscription> Scheduler::subscriptions() const {
  return {{schema::kSchedAll, ""}};
}

std::map<std::string, std::int64_t> Scheduler::gauges() const {
  const auto number = [](std::size_t size) { return static_cast<std::int64_t>(size); };
  return {{"revision", mirror_.revision()},
          {"projects", number(mirror_.projects().size())},
          {"nodes", number(mirror_.nodes().size())},
          {"pending", number(queue_.size() + misfits_.size())},
          {"pending_that_fit_nowhere", number(misfits_.size())},
          {"requests_in_flight", number(calls_.size())}};
}

runtime::Effects Scheduler::step(std::span<const runtime::Event> batch, runtime::Instant now) {
  out_.clear();
  looked_at_ = 0;
  for (const runtime::Event& event : batch) handle(event, now.mono);
  if (mirror_.ready()) {
    follow_mirror(now.mono);
    retry_misfits(now.mono);
    work(now.mono);
    set_timer(now.mono);
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
  if (!reply.ok()) {
    on_refusal(call, reply.error(), now);
  } else {
    queue_.forget(name);
    if (call.kind == CallKind::kBind) {
      Assumed& bound = assumed_[name];
      bound.revision = reply->revision;
      bound.until = now + 2 * options_.pull_every;
      // Looked at once more, when the mirror should show it.
      queue_.add_after(name, now, bound.until - now);
    } else if (const auto misfit = misfits_.find(name); misfit != misfits_.end()) {
      misfit->second.said = reply->revision;
    }
    mirror_.pull(out_);  // brings the next claims, too
  }
  queue_.done(name);
}

void Scheduler::on_refusal(const Call& call, const Error& error, runtime::MonoTime now) {
  const std::string& name = call.project;
  if (call.kind == CallKind::kBind) forget_assumed(name);
  const runtime::Duration wait = queue_.retry(name, now);
  // A conflict is how schedulers share their work: the mirror is old, not the world wrong.
  const bool expected = error.code == Code::kConflict;
  if (expected) mirror_.pull(out_);
  const auto level = expected ? runtime::Level::kDebug : runtime::Level::kWarn;
  const auto wait_ms = std::chrono::duration_cast<std::chrono::milliseconds>(wait).count();
  out_.push_back(runtime::note(level, "project " + name + " was not bound: " + error.message +
                                          "; again in " + format_duration_ms(wait_ms)));
}

// --- What is new --------------------------------------------------------------------------------

void Scheduler::follow_mirror(runtime::MonoTime now) {
  const runtime::MirrorNews news = mirror_.take_news();
  index_.set_strategy(mirror_.placement());
  claims_.set_needed(mirror_.claim_ms() > 0);
  const runtime::MonoTime until = now + std::chrono::milliseconds(mirror_.claim_ms());
  if (!news.claimed.empty()) claims_.drop_ended(now);
  for (const std::string& name : news.claimed) claims_.add(name, until);

  std::vector<std::string> shown;
  for (const auto& [name, bound] : assumed_) {
    if (bound.revision != 0 && bound.revision <= mirror_.revision()) shown.push_back(name);
  }
  for (const std::string& name : shown) forget_assumed(name);

  if (news.all || (missed_ && queue_.size() == 0)) {
    follow_all(now);
  } else {
    for (const std::string& name : news.nodes) follow_node(name);
    for (const std::string& name : news.projects) follow_project(name, now);
    for (const std::string& name : news.claimed) {
      const auto misfit = misfits_.find(name);
      if (misfit == misfits_.end() || misfit->second.tried != index_.freed()) enqueue(name, now);
    }
  }
}

void Scheduler::follow_all(runtime::MonoTime now) {
  missed_ = false;
  index_.clear();
  std::erase_if(misfits_, [this](const auto& entry) { return !find_pending(entry.first); });
  for (const auto& [name, node] : mirror_.nodes()) index_.put_node(node);
  for (const auto& [name, project] : mirror_.projects()) follow_project(name, now);
}

void Scheduler::follow_node(const std::string& name) {
  const auto node = mirror_.nodes().find(name);
  if (node == mirror_.nodes().end()) {
    index_.remove_node(name);
  } else {
    index_.put_node(node->second);
  }
}

void Scheduler::follow_project(const std::string& name, runtime::MonoTime now) {
  count(name);
  const schema::Project* project = find_pending(name);
  const auto misfit = misfits_.find(name);
  if (project == nullptr) {
    queue_.remove(name);
    misfits_.erase(name);
  } else if (misfit == misfits_.end() || misfit->second.said != project->metadata.revision) {
    enqueue(name, now);
  }
}

// What failed waits for its own backoff.
void Scheduler::enqueue(const std::string& name, runtime::MonoTime now) {
  if (find_pending(name) == nullptr || !claims_.owns(name, now)) return;
  if (queue_.failures(name) == 0 && !queue_.add(name, now)) missed_ = true;
}

void Scheduler::retry_misfits(runtime::MonoTime now) {
  if (retried_ == index_.freed() || now < next_retry_) return;
  retried_ = index_.freed();
  next_retry_ = now + options_.retry_every;
  for (const auto& [name, misfit] : misfits_) enqueue(name, now);
}

void Scheduler::set_timer(runtime::MonoTime now) {
  std::optional<runtime::MonoTime> due = queue_.next_due();
  // What is due already waits for an answer, unless it was put off.
  if (due && *due <= now && calls_.size() >= options_.max_in_flight) due.reset();
  if (retried_ != index_.freed() && !misfits_.empty()) {
    due = due ? std::min(*due, next_retry_) : next_retry_;
  }
  if (due) out_.push_back(runtime::SetTimer{kQueueTimer, std::max(*due - now, kBreath)});
}

// --- Work ---------------------------------------------------------------------------------------

void Scheduler::work(runtime::MonoTime now) {
  while (calls_.size() < options_.max_in_flight) {
    const auto name = queue_.take(now);
    if (!name) return;
    switch (consider(*name, now)) {
      case Outcome::kAsked:  // stays busy until the answer
        break;
      case Outcome::kDone:
        queue_.done(*name);
        break;
      case Outcome::kLater:
        queue_.add(*name, now);
        queue_.done(*name);
        return;
    }
  }
}

Scheduler::Outcome Scheduler::consider(const std::string& name, runtime::MonoTime now) {
  const schema::Project* project = find_pending(name);
  if (project != nullptr && is_assumed(*project, now)) {
    queue_.add_after(name, now, options_.pull_every);
    return Outcome::kDone;
  }
  if (project == nullptr || !claims_.owns(name, now)) {
    claims_.drop(name);
    queue_.remove(name);
    return Outcome::kDone;
  }
  const schema::Demand demand = schema::demand_of(project->spec);
  const schema::Wish wish{*project, demand};
  const std::string node = place(index_, wish);
  if (node.empty()) return wait(*project, wish, now);
  misfits_.erase(name);
  bind(*project, node);
  return Outcome::kAsked;
}

// No node fits now.
Scheduler::Outcome Scheduler::wait(const schema::Project& project, const schema::Wish& wish,
                                   runtime::MonoTime now) {
  const std::string& name = project.metadata.name;
  Misfit& misfit = misfits_[name];
  if (misfit.uid != project.metadata.uid) misfit = {.uid = project.metadata.uid};
  misfit.tried = index_.freed();
  if (misfit.explained && now < *misfit.explained + options_.explain_every) {
    queue_.add_after(name, now, *misfit.explained + options_.explain_every - now);
    return Outcome::kDone;
  }
  if (looked_at_ >= options_.max_looked_at) return Outcome::kLater;
  looked_at_ += 1 + index_.nodes().size();
  misfit.explained = now;
  const std::string why = why_not(index_, wish);
  queue_.forget(name);
  if (says(project, why)) return Outcome::kDone;
  explain(project, why);
  return Outcome::kAsked;
}

void Scheduler::bind(const schema::Project& project, const std::string& node) {
  const schema::Metadata& metadata = project.metadata;
  const runtime::RequestId id = ids_.next();
  const schema::BindRequest request{
      .name = metadata.name, .uid = metadata.uid, .revision = metadata.revision, .node = node};
  out_.push_back(runtime::call(id, identity_, "project.bind", request, options_.call_timeout));
  calls_.add(id, {.kind = CallKind::kBind, .project = metadata.name});
  assumed_[metadata.name] = {.uid = metadata.uid, .node = node, .revision = 0, .until = {}};
  count(metadata.name);
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
  forget_assumed(project.metadata.name);  // another incarnation, or a store that forgot it
  return false;
}

void Scheduler::forget_assumed(const std::string& name) {
  assumed_.erase(name);
  count(name);
}

// What the project takes of a node, as far as is known: also while it is torn down.
void Scheduler::count(const std::string& name) {
  const auto found = mirror_.projects().find(name);
  if (found == mirror_.projects().end()) return index_.release(name);
  const schema::Project& project = found->second;
  const schema::ProjectStatus& status = project.status;
  const auto bound = assumed_.find(name);
  if (schema::is_bound(status.phase) && !status.node_ref.empty()) {
    index_.hold(name, status.node_ref, project.spec);
  } else if (status.phase == schema::Phase::kPending && bound != assumed_.end()) {
    index_.hold(name, bound->second.node, project.spec);
  } else {
    index_.release(name);
  }
}

const schema::Project* Scheduler::find_pending(const std::string& name) const {
  const auto found = mirror_.projects().find(name);
  if (found == mirror_.projects().end()) return nullptr;
  return found->second.status.phase == schema::Phase::kPending ? &found->second : nullptr;
}

}  // namespace cara::scheduler
