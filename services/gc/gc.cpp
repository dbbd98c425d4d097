#include "services/gc/gc.h"

#include <algorithm>
#include <utility>

#include "schema/subjects.h"

namespace cara::gc {
namespace {

constexpr runtime::TimerId kMirrorTimer = 1;
constexpr runtime::TimerId kQueueTimer = 2;
constexpr runtime::TimerId kExpiryTimer = 3;

}  // namespace

Gc::Gc(GcOptions options)
    : options_(std::move(options)),
      identity_{schema::Role::kGc, options_.id},
      mirror_({.caller = identity_,
               .timer = kMirrorTimer,
               .pull_every = options_.pull_every,
               .call_timeout = options_.call_timeout},
              ids_),
      queue_({.backoff = options_.backoff}) {}

std::vector<runtime::Subscription> Gc::subscriptions() const {
  return {{schema::kGcWake, schema::kGcQueue}};
}

std::map<std::string, std::int64_t> Gc::gauges() const {
  const auto number = [](std::size_t size) { return static_cast<std::int64_t>(size); };
  return {{"revision", mirror_.revision()},
          {"projects", number(mirror_.projects().size())},
          {"nodes", number(mirror_.nodes().size())},
          {"pending", number(queue_.size())},
          {"requests_in_flight", number(calls_.size())}};
}

runtime::Effects Gc::step(std::span<const runtime::Event> batch, runtime::Instant now) {
  out_.clear();
  for (const runtime::Event& event : batch) handle(event, now.mono);
  if (mirror_.ready()) {
    look(now);
    work(now);
  }
  if (const auto due = queue_.next_due(); due && *due > now.mono) {
    out_.push_back(runtime::SetTimer{kQueueTimer, *due - now.mono});
  }
  return std::exchange(out_, {});
}

void Gc::handle(const runtime::Event& event, runtime::MonoTime now) {
  const bool was_for_mirror = mirror_.handle(event, out_);
  if (const auto told = mirror_.take_server_time()) clock_ = {*told, now};
  if (was_for_mirror) return;
  if (const auto* hint = std::get_if<runtime::Delivered>(&event)) {
    mirror_.wake(hint->body, out_);
  } else if (const auto* answer = std::get_if<runtime::Answered>(&event)) {
    if (const auto call = calls_.take(answer->id)) on_answer(*call, *answer, now);
  }
}

Timestamp Gc::server_time(runtime::Instant now) const {
  if (!clock_) return now.wall;
  const auto since =
      std::chrono::duration_cast<std::chrono::milliseconds>(now.mono - clock_->told_at);
  return {clock_->wall.ms + since.count()};
}

void Gc::on_answer(const Call& call, const runtime::Answered& answer, runtime::MonoTime now) {
  const auto reply = runtime::open<schema::RevisionReply>(answer);
  const std::string what = std::string(operation(call.action)) + " " + call.project;
  if (reply.ok()) {
    out_.push_back(runtime::note(runtime::Level::kInfo, what + ": done"));
    // Looked at once more, when the mirror should show that there is nothing left to do.
    queue_.retry(call.project, now);
    mirror_.pull(out_);
  } else if (reply.error().code == Code::kConflict && call.action == Action::kEvict) {
    queue_.retry_after(call.project, now, options_.evict_every);  // the window is still open
  } else {
    queue_.retry(call.project, now);
    mirror_.pull(out_);
    const bool expected =
        reply.error().code == Code::kConflict || reply.error().code == Code::kNotFound;
    const auto level = expected ? runtime::Level::kDebug : runtime::Level::kWarn;
    out_.push_back(runtime::note(level, what + ": " + reply.error().message));
  }
  queue_.done(call.project);
}

// Queues what is due. What failed before waits for its own backoff.
void Gc::look(runtime::Instant now) {
  const Timestamp time = server_time(now);
  const Sweep found = sweep(mirror_.projects(), time);
  for (const std::string& name : found.due) {
    if (queue_.failures(name) == 0 && !queue_.is_busy(name)) queue_.add(name, now.mono);
  }
  if (!found.expiry) return;
  const runtime::Duration wait = std::chrono::milliseconds(found.expiry->ms - time.ms);
  out_.push_back(runtime::SetTimer{kExpiryTimer, std::min(wait, options_.longest_sleep)});
}

void Gc::work(runtime::Instant now) {
  while (calls_.size() < options_.max_in_flight) {
    const auto name = queue_.take(now.mono);
    if (!name) return;
    const auto project = mirror_.projects().find(*name);
    const auto action = project == mirror_.projects().end()
                            ? std::nullopt
                            : decide(project->second, server_time(now));
    if (action) {
      ask(project->second, *action);
    } else {
      queue_.remove(*name);
      queue_.done(*name);
    }
  }
}

void Gc::ask(const schema::Project& project, Action action) {
  const runtime::RequestId id = ids_.next();
  const schema::GcRequest request{.name = project.metadata.name, .uid = project.metadata.uid};
  out_.push_back(runtime::call(id, identity_, operation(action), request, options_.call_timeout));
  calls_.add(id, {.action = action, .project = project.metadata.name});
}

}  // namespace cara::gc
