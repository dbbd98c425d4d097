#include "services/apiserver/apiserver.h"

#include <algorithm>
#include <tuple>
#include <utility>

#include "schema/wire.h"

namespace cara::apiserver {
namespace {

using runtime::Delivered;
using runtime::Duration;
using runtime::Effects;
using runtime::Event;
using runtime::Instant;

constexpr runtime::TimerId kJudgeTimer = 1;
constexpr runtime::TimerId kAliveTimer = 2;
constexpr runtime::TimerId kBackupTimer = 3;
constexpr Duration kAliveInterval = std::chrono::seconds(5);
constexpr Duration kMaxJudgeInterval = std::chrono::seconds(1);
constexpr int kJudgesPerTimeout = 4;

constexpr std::string_view kApiserverInboxes = "_INBOX.apiserver.";

}  // namespace

ApiServer::ApiServer(Store& store, Options options, runtime::Seed seed)
    : store_(store),
      options_(std::move(options)),
      ids_(seed),
      instance_(ids_.next()),
      watch_(options_.node_timeout),
      backups_(kBackupTimer) {}

std::vector<runtime::Subscription> ApiServer::subscriptions() const {
  return {{schema::kApiSubjects, schema::kApiQueue},
          {schema::kHeartbeatSubjects, schema::kApiQueue},
          {schema::kApiserverAlive, ""}};
}

Effects ApiServer::step(std::span<const Event> batch, Instant now) {
  Effects effects;
  const Duties duties = take_timers(batch, now, effects);
  Rival rival = meet_rivals(batch);
  if (rival.stop_reason) return {runtime::Stop{*rival.stop_reason}};
  for (runtime::Effect& effect : rival.effects) effects.push_back(std::move(effect));

  Context context{store_, watch_, shares_, routes_, ids_, options_, instance_, now};
  Result<BatchResult> result = run_batch(context, batch, duties);
  if (!result) {
    return {runtime::Stop{"the store failed, nothing of the last batch was acknowledged: " +
                          result.error().message}};
  }
  for (runtime::Effect& effect : result->effects) effects.push_back(std::move(effect));
  backups_.pass_on(std::move(result->passed_on), effects);
  backups_.handle(batch, effects);
  refused_.subject += result->refused.subject;
  refused_.reply += result->refused.reply;
  refused_.forbidden += result->refused.forbidden;
  refused_.body += result->refused.body;
  return effects;
}

Duration ApiServer::judge_interval() const {
  return std::min(kMaxJudgeInterval, options_.node_timeout / kJudgesPerTimeout);
}

Duties ApiServer::take_timers(std::span<const Event> batch, Instant now, Effects& effects) {
  Duties duties;
  for (const Event& event : batch) {
    const auto* timer = std::get_if<runtime::TimerFired>(&event);
    if (std::holds_alternative<runtime::Started>(event)) {
      started_at_ = now.wall;
      watch_.start(now.mono);
      duties.load_nodes = true;
      effects.push_back(runtime::SetTimer{kJudgeTimer, judge_interval()});
      effects.push_back(runtime::SetTimer{kAliveTimer, kAliveInterval});
      effects.push_back(runtime::Publish{schema::kApiserverAlive, alive()});
    } else if (std::holds_alternative<runtime::Resync>(event)) {
      watch_.grant_all(now.mono);
      effects.push_back(runtime::Publish{schema::kApiserverAlive, alive()});
    } else if (timer != nullptr && timer->id == kJudgeTimer) {
      watch_.tick(now.mono, judge_interval());
      duties.judge_nodes = true;
      duties.remind_schedulers = duties.remind_schedulers || shares_.take_overdue(now.mono);
      effects.push_back(runtime::SetTimer{kJudgeTimer, judge_interval()});
    } else if (timer != nullptr && timer->id == kAliveTimer) {
      duties.remind_schedulers = true;
      effects.push_back(runtime::SetTimer{kAliveTimer, kAliveInterval});
      effects.push_back(runtime::Publish{schema::kApiserverAlive, alive()});
      report_refused(effects);
    }
  }
  return duties;
}

// Two apiservers on one bus would share its requests over two stores. The older one stays.
ApiServer::Rival ApiServer::meet_rivals(std::span<const Event> batch) const {
  Rival rival;
  bool newer = false;
  for (const Event& event : batch) {
    const auto* message = std::get_if<Delivered>(&event);
    if (message == nullptr || message->subject != schema::kApiserverAlive) continue;
    if (message->reply && message->reply->subject.starts_with(kApiserverInboxes)) {
      rival.effects.push_back(runtime::Respond{*message->reply, alive()});
    }
    const auto other = schema::unpack_message<schema::Alive>(message->body);
    if (!other || other->instance == instance_) continue;
    if (std::tie(other->started_at_ms, other->instance) < std::tie(started_at_.ms, instance_)) {
      rival.stop_reason = "another cara-apiserver (" + other->instance +
                          ") serves this bus already; stop it first, or use another --nats";
    } else {
      newer = true;
    }
  }
  if (newer) rival.effects.push_back(runtime::Publish{schema::kApiserverAlive, alive()});
  return rival;
}

runtime::Payload ApiServer::alive() const {
  return schema::pack_message(
      schema::Alive{.instance = instance_, .started_at_ms = started_at_.ms});
}

std::map<std::string, std::int64_t> ApiServer::gauges() const {
  std::map<std::string, std::int64_t> all{{"revision", store_.revision()},
                                          {"changes_floor", store_.floor()},
                                          {"messages_refused", refused_.total()}};
  if (const Result<NodeCounts> nodes = store_.count_nodes()) {
    all["nodes"] = nodes->all;
    all["nodes_ready"] = nodes->ready;
  }
  std::int64_t projects = 0;
  const Result<Ok> counted = store_.count_projects([&](std::string_view phase, std::int64_t count) {
    std::string name = "projects_" + std::string(phase);
    for (char& c : name) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c;
    all[name] = count;
    projects += count;
  });
  if (counted) all["projects"] = projects;
  return all;
}

// One line per interval, however much garbage comes.
void ApiServer::report_refused(Effects& effects) {
  if (refused_.total() == reported_) return;
  reported_ = refused_.total();
  effects.push_back(runtime::Note{
      runtime::Level::kWarn,
      "messages refused since the start: unknown subject " + std::to_string(refused_.subject) +
          ", foreign reply subject " + std::to_string(refused_.reply) + ", role " +
          std::to_string(refused_.forbidden) + ", content " + std::to_string(refused_.body)});
}

}  // namespace cara::apiserver
