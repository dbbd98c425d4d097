#include "services/agent/agent.h"

#include <algorithm>
#include <set>
#include <utility>

#include "schema/lifecycle.h"
#include "schema/subjects.h"

namespace cara::agent {
namespace {

constexpr runtime::TimerId kBeatTimer = 1;
constexpr runtime::TimerId kRegisterTimer = 2;
constexpr runtime::TimerId kProbeTimer = 3;
constexpr runtime::TimerId kPullTimer = 4;
constexpr runtime::TimerId kProjectsTimer = 6;
constexpr runtime::TimerId kLeaseTimer = 8;
constexpr runtime::TimerId kOfflineTimer = 9;
constexpr runtime::TimerId kEventsTimer = 10;
constexpr runtime::TimerId kRoutesTimer = 12;
constexpr runtime::TimerId kIngressTimer = 13;

}  // namespace

Agent::Agent(AgentOptions options, std::optional<DesiredCache> cached)
    : options_(std::move(options)),
      identity_{schema::Role::kAgent, schema::node_token(options_.node)},
      session_({.node = options_.node,
                .agent_id = options_.agent_id,
                .machine_id = options_.machine_id,
                .boot_id = options_.boot_id,
                .agent_version = options_.agent_version,
                .address = options_.advertise_address,
                .labels = options_.labels,
                .ingress = options_.ingress,
                .capacity = options_.capacity,
                .least_disk = options_.least_disk,
                .least_memory = options_.least_memory,
                .heartbeat_every = options_.heartbeat_every,
                .beat_timer = kBeatTimer,
                .register_timer = kRegisterTimer,
                .probe_timer = kProbeTimer,
                .lease_timer = kLeaseTimer},
               ids_),
      desired_pull_({.node = options_.node, .every = options_.pull_every, .timer = kPullTimer},
                    ids_),
      engine_(ids_),
      chronicle_({.node = options_.node, .timer = kEventsTimer}, ids_),
      route_pull_({.node = options_.node, .every = options_.pull_every, .timer = kRoutesTimer},
                  ids_),
      ingress_(
          {.node = options_.node, .enabled = options_.ingress.has_value(), .timer = kIngressTimer},
          ids_),
      streams_(options_.node, ids_),
      cached_(std::move(cached)),
      cache_keeper_(cached_, ids_) {}

std::vector<runtime::Subscription> Agent::subscriptions() const {
  return {{schema::node_wake_subject(options_.node), ""},
          {schema::kNodeAllWake, ""},
          {schema::node_stream_subject(options_.node), ""}};
}

runtime::Effects Agent::step(std::span<const runtime::Event> batch, runtime::Instant now) {
  out_.clear();
  for (const runtime::Event& event : batch) handle(event, now);
  // After any pause, before anything is started.
  check_lease(now.mono);
  do {
    advance(now);
    ingress_.advance(now.mono, out_);
  } while (ingress_.has_changed() && node_seen_);
  engine_.send(out_);
  return std::exchange(out_, {});
}

// --- Events -------------------------------------------------------------------------------------

void Agent::handle(const runtime::Event& event, runtime::Instant now) {
  if (const auto news = session_.handle(event, now.mono, out_)) {
    on_session(*news, now.mono);
  } else if (auto pulled = desired_pull_.handle(event, out_)) {
    on_desired(std::move(*pulled), now.mono);
  } else if (on_ingress(event, now.mono) || cache_keeper_.handle(event, out_) ||
             chronicle_.handle(event, session_.registration(), out_) ||
             streams_.handle(event, now.mono, out_)) {
    return;
  } else if (std::holds_alternative<runtime::Started>(event)) {
    session_.start(out_);
    collect_images();
    out_.push_back(runtime::SetTimer{kOfflineTimer, options_.offline_after});
  } else if (std::holds_alternative<runtime::Resync>(event)) {
    session_.retry_now(now.mono, out_);
    desired_pull_.pull(out_);
  } else if (const auto* message = std::get_if<runtime::Delivered>(&event)) {
    on_message(*message, now.mono);
  } else if (const auto* fired = std::get_if<runtime::TimerFired>(&event)) {
    if (fired->id == kObserveTimer) observe_node();
    if (fired->id == kStraysTimer) look_for_strays();
    if (fired->id == kImagesTimer) collect_images();
    if (fired->id == kOfflineTimer) go_on_from_cache(now.mono);
  } else if (const auto* answer = std::get_if<runtime::Answered>(&event)) {
    if (const auto call = engine_.take(answer->id)) {
      on_engine_answer(*call, *answer, now.mono);
    } else if (const auto project = reports_.take(answer->id)) {
      on_report_answer(*project, *answer, now.mono);
    }
  }
}

void Agent::on_message(const runtime::Delivered& message, runtime::MonoTime now) {
  if (message.subject == kEngineEventSubject) {
    const auto event = decode_event(message.body);
    if (event.ok()) return on_engine_event(*event, now);
  } else if (message.subject == schema::node_stream_subject(options_.node)) {
    if (on_stream(message, now)) return;
  } else {
    const auto wake = schema::unpack_message<schema::Wake>(message.body);
    if (wake.ok() && wake->routes) {
      if (ingress_.enabled()) route_pull_.pull_if_older(wake->revision, out_);
      return;
    }
    if (wake.ok()) return desired_pull_.pull_if_older(wake->revision, out_);
  }
  ++undecodable_;
  out_.push_back(runtime::note(runtime::Level::kDebug, "garbage on " + message.subject + ", the " +
                                                           std::to_string(undecodable_) +
                                                           ". of this process"));
}

void Agent::on_engine_event(const EngineEvent& event, runtime::MonoTime now) {
  if (event.action == kPullProgress) return on_pull_progress(event);
  if (!event.project.empty()) {
    const auto found = projects_.find(event.project);
    if (found != projects_.end()) return found->second.hint();
    // A network's event has its name only: `a-b` may be network `b` of project `a`.
    for (auto& [name, project] : projects_) {
      if (event.project.starts_with(name + "-")) project.hint();
    }
    return;
  }
  // A volume's event names no project, but a volume in use cannot go: it may wait for the slow
  // look.
  if (event.action != kStreamOpened) return;
  const runtime::MonoTime away_since = session_.take_away_since().value_or(now);
  for (auto& [name, project] : projects_) project.engine_returned(away_since);
}

// Changes nothing in the engine: no reason to look.
void Agent::on_pull_progress(const EngineEvent& event) {
  const std::string image = event.message.substr(0, event.message.find(": "));
  tell(event.project, {"Pulling", event.message, "pull/" + image});
}

// True: it was for the ingress, or for what it follows.
bool Agent::on_ingress(const runtime::Event& event, runtime::MonoTime now) {
  if (const auto pulled = route_pull_.handle(event, out_)) {
    if (pulled->changed) ingress_.set_cluster(route_pull_.routes());
    return true;
  }
  if (!ingress_.handle(event, now, out_)) return false;
  session_.set_ingress_trouble(ingress_.trouble(), now, out_);
  return true;
}

void Agent::on_session(const Session::News& news, runtime::MonoTime now) {
  if (news.registered) {
    if (session_.cluster() != cluster_) forget_cluster();
    for (auto& [name, project] : projects_) project.reporter().say_again();
    desired_pull_.restart(session_.registration(), cluster_, out_);
    exclusive_.asked();
    if (ingress_.enabled()) {
      route_pull_.restart(session_.registration(), cluster_, out_);
      ingress_.set_cluster(route_pull_.routes());
    }
    session_.set_ingress_trouble(ingress_.trouble(), now, out_);
    look_for_strays();
  }
  // What was said of its projects may have been overruled while the node was lost.
  if (news.returned) {
    for (auto& [name, project] : projects_) project.reporter().say_again();
  }
  if (!news.registered && news.renewed && session_.registration() != 0 && exclusive_.renewed()) {
    desired_pull_.restart(session_.registration(), cluster_, out_);
  }
  if (news.revision) desired_pull_.pull_if_older(*news.revision, out_);
  if (!news.engine_answers_again) return;
  for (auto& [name, project] : projects_) project.retry_now();
  observe_node();
}

void Agent::on_engine_answer(const EngineCall& call, const runtime::Answered& answer,
                             runtime::MonoTime now) {
  const Result<EngineReply> reply =
      answer.body.ok() ? decode_reply(*answer.body) : Result<EngineReply>(answer.body.error());
  // One stuck container or a long pull that ends without an answer says nothing about the engine.
  const bool says_nothing =
      is_pull(call.key) || (!reply.ok() && reply.error().code == Code::kTimeout);
  if (!says_nothing) {
    session_.engine_said(reply.ok() ? std::nullopt : std::optional(reply.error()), now, out_);
  }
  if (call.key == kObserveNodeKey) return node_observed(reply, now);
  if (call.key == kStraysKey) return strays_seen(reply, now);
  if (call.key == kCollectImagesKey) return images_collected(reply);
  const auto found = projects_.find(call.project);
  if (found != projects_.end()) found->second.ended(call, reply, now);
}

void Agent::on_report_answer(const std::string& project, const runtime::Answered& answer,
                             runtime::MonoTime now) {
  const auto reply = runtime::open<schema::RevisionReply>(answer);
  if (!reply.ok()) {
    const Code code = reply.error().code;
    // What we hold is not what the apiserver has: read it again, the report follows from that.
    if (code == Code::kConflict || code == Code::kNotFound) desired_pull_.pull(out_);
    out_.push_back(runtime::note(
        runtime::Level::kInfo,
        "the status of project " + project + " was not taken: " + reply.error().message));
  }
  const auto found = projects_.find(project);
  if (found == projects_.end()) return;
  const auto phase = found->second.reporter().answered(reply, now);
  if (!phase) return;
  found->second.acknowledged(*phase);
  // Its hosts are whoever's the cluster says, from now on.
  if (*phase == schema::Phase::kTerminated) ingress_.drop(project);
}

// --- Projects -----------------------------------------------------------------------------------

ProjectLoop& Agent::loop(const std::string& project) {
  return projects_.try_emplace(project, Owner{options_.node, cluster_}, project, options_.rules)
      .first->second;
}

void Agent::advance(runtime::Instant now) {
  for (const std::string& name : ingress_.take_changed()) {
    const auto project = projects_.find(name);
    if (project != projects_.end()) project->second.plan_again();
  }
  if (!node_seen_) return;
  std::optional<runtime::MonoTime> due;
  for (const bool first : {true, false}) {
    for (auto it = projects_.begin(); it != projects_.end();) {
      const auto project = it++;
      if (goes_first(project->first) != first) continue;
      if (advance_one(project->first, project->second, now) == Left::kNothing) {
        projects_.erase(project);
        continue;
      }
      const auto report_due =
          may_report(project->first) ? project->second.reporter().due() : std::nullopt;
      for (const auto& next : {project->second.due(), report_due}) {
        if (next) due = due ? std::min(*due, *next) : *next;
      }
    }
  }
  if (due) {
    const runtime::Duration wait = std::max(runtime::Duration{}, *due - now.mono);
    out_.push_back(runtime::SetTimer{kProjectsTimer, wait});
  }
}

// What is to go has the engine first, before all that waits for it: it may run elsewhere already,
// or hold what the others need.
bool Agent::goes_first(const std::string& project) const {
  const auto wanted = desired_->find(project);
  return wanted == desired_->end() || schema::is_ending(wanted->second.phase) ||
         held_.contains(project);
}

bool Agent::is_exclusive(const std::string& project) const {
  const auto wanted = desired_->find(project);
  return wanted != desired_->end() &&
         wanted->second.spec.on_node_loss == schema::OnNodeLoss::kMoveExclusive;
}

Agent::Left Agent::advance_one(const std::string& name, ProjectLoop& project,
                               runtime::Instant now) {
  ProjectLoop::Step step;
  if (project.is_due(now.mono)) {
    // When only the lease stops it, there is no time to wait for requests.
    const bool at_once = held_.contains(name);
    step = project.advance(now, at_once ? IngressView{} : ingress_.view(name));
  }
  if (step.serving) ingress_.serve(name, std::move(*step.serving), now.mono);
  const Turn turn = goes_first(name) ? Turn::kFirst : Turn::kUsual;
  for (EngineCall& call : step.calls) {
    auto* start = std::get_if<StartContainer>(&call.op);
    if (start != nullptr && is_exclusive(name)) start->not_after_us = session_.lease_end().us;
    engine_.add(std::move(call), turn);
  }
  for (std::string& sentence : step.trouble) {
    out_.push_back(runtime::note(runtime::Level::kWarn, std::move(sentence)));
  }
  for (const Occurrence& occurrence : step.occurrences) tell(name, occurrence);
  if (step.gone) return Left::kNothing;
  if (may_report(name)) send_report(name, project, now.mono);
  return Left::kSomething;
}

void Agent::tell(const std::string& project, const Occurrence& occurrence) {
  if (!desired_) return;
  const auto wanted = desired_->find(project);
  if (wanted != desired_->end()) chronicle_.add(project, wanted->second.uid, occurrence, out_);
}

// What is said of a project that only the lease stops is nobody's business.
bool Agent::may_report(const std::string& project) const {
  return session_.registration() != 0 && !held_.contains(project);
}

void Agent::send_report(const std::string& project, ProjectLoop& loop, runtime::MonoTime now) {
  auto report = loop.reporter().take(now);
  if (!report) return;
  report->registration = session_.registration();
  report->number = ++reports_sent_;
  const runtime::RequestId id = ids_.next();
  out_.push_back(runtime::call(id, identity_, "project.status", *report));
  reports_.add(id, project);
}

}  // namespace cara::agent
