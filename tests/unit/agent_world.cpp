#include "tests/unit/agent_world.h"

#include <algorithm>
#include <utility>

#include "schema/codec.h"
#include "schema/subjects.h"
#include "schema/wire.h"
#include "tests/catch_compat.h"

namespace cara::test {

schema::DesiredProject desired_project(const std::string& name,
                                       std::vector<schema::ServiceDef> services) {
  return {.name = name,
          .uid = "uid-" + name,
          .assignment = 1,
          .generation = 1,
          .phase = schema::Phase::kScheduled,
          .spec = {.services = std::move(services)}};
}

AgentWorld::AgentWorld() {
  engine.add_image("web:1", {});
  engine.add_image("web:2", {});
  engine.set_event_sink([this](const agent::EngineEvent& event) {
    tell(runtime::Delivered{agent::kEngineEventSubject, agent::encode(event), {}});
  });
}

AgentWorld::~AgentWorld() = default;

void AgentWorld::start() {
  inbox_.clear();
  timers_.clear();
  held.clear();
  waiting_beats_.clear();
  late_routes_.clear();
  notes.clear();
  auto cache = agent::decode_cache(kept, kNode);
  agent_ =
      std::make_unique<agent::Agent>(agent::AgentOptions{.node = kNode,
                                                         .agent_id = "agent-1",
                                                         .machine_id = "machine-1",
                                                         .boot_id = boot_id,
                                                         .agent_version = "test",
                                                         .labels = node_labels,
                                                         .ingress = listens,
                                                         .rules = rules,
                                                         .image_max_age = image_max_age},
                                     cache.ok() ? std::optional(std::move(*cache)) : std::nullopt);
  tell(runtime::Started{});
  settle();
}

void AgentWorld::tell(runtime::Event event) { inbox_.push_back(std::move(event)); }

void AgentWorld::want(schema::DesiredProject project, Wake hint) {
  ++revision;
  std::string name = project.name;
  desired.insert_or_assign(std::move(name), std::move(project));
  if (hint == Wake::kYes) wake();
}

void AgentWorld::drop(const std::string& name) {
  ++revision;
  desired.erase(name);
  wake();
}

void AgentWorld::terminate(const std::string& name) {
  schema::DesiredProject project = desired.at(name);
  project.phase = schema::Phase::kTerminating;
  want(std::move(project));
}

void AgentWorld::wake() {
  tell(runtime::Delivered{
      schema::node_wake_subject(kNode), schema::pack_message(schema::Wake{revision}), {}});
  settle();
}

void AgentWorld::wake_routes() {
  tell(
      runtime::Delivered{schema::kNodeAllWake,
                         schema::pack_message(schema::Wake{.revision = ++revision, .routes = true}),
                         {}});
  settle();
}

void AgentWorld::settle() {
  int events = 0;
  while (!inbox_.empty()) {
    REQUIRE(++events < kMaxEvents);
    const std::vector<runtime::Event> batch{std::move(inbox_.front())};
    inbox_.pop_front();
    for (runtime::Effect& effect : agent_->step(batch, now)) perform(effect);
    if (die_after && done.size() >= *die_after) {
      die_after.reset();
      start();
      return;
    }
  }
}

void AgentWorld::advance(runtime::Duration by) {
  const runtime::MonoTime end = now.mono + by;
  settle();
  while (step_time(end)) settle();
}

void AgentWorld::freeze(runtime::Duration for_so_long) {
  now.mono = now.mono + for_so_long;
  now.wall.ms += for_so_long.count() / 1000;
  engine.advance(now.wall);
}

void AgentWorld::let_routes_go() {
  for (runtime::Answered& answer : std::exchange(late_routes_, {})) tell(std::move(answer));
  settle();
}

void AgentWorld::let_beats_go() {
  beats_wait = false;
  for (runtime::Event& answer : std::exchange(waiting_beats_, {})) tell(std::move(answer));
  settle();
}

bool AgentWorld::noted(const std::string& words) const {
  return std::any_of(notes.begin(), notes.end(), [&](const std::string& text) {
    return text.find(words) != std::string::npos;
  });
}

void AgentWorld::release() {
  engine_holds = false;
  for (Held& each : std::exchange(held, {})) tell(std::move(each.answer));
  settle();
}

void AgentWorld::release_one() {
  REQUIRE(!held.empty());
  tell(std::move(held.front().answer));
  held.erase(held.begin());
  settle();
}

agent::Observation AgentWorld::objects(agent::Labels labels) {
  auto reply = engine.execute(agent::Observe{std::move(labels)});
  REQUIRE(reply.ok());
  return reply->observation;
}

const schema::StatusRequest& AgentWorld::last_report(const std::string& project) const {
  const auto found =
      std::find_if(reports.rbegin(), reports.rend(),
                   [&](const schema::StatusRequest& report) { return report.name == project; });
  REQUIRE(found != reports.rend());
  return *found;
}

std::vector<schema::Phase> AgentWorld::phases(const std::string& project) const {
  std::vector<schema::Phase> all;
  for (const auto& report : reports) {
    const bool news = all.empty() || all.back() != report.phase;
    if (report.name == project && news) all.push_back(report.phase);
  }
  return all;
}

bool AgentWorld::step_time(runtime::MonoTime end) {
  auto next = end;
  for (const auto& [id, when] : timers_) next = std::min(next, std::max(when, now.mono));
  if (const auto change = engine.next_change()) {
    const auto wait =
        std::chrono::milliseconds(std::max<std::int64_t>(0, change->ms - now.wall.ms));
    next = std::min(next, now.mono + wait);
  }
  const bool more = next < end;
  now.wall.ms += (next - now.mono).count() / 1000;
  now.mono = next;
  engine.advance(now.wall);
  for (auto it = timers_.begin(); it != timers_.end();) {
    if (it->second > now.mono) {
      ++it;
      continue;
    }
    tell(runtime::TimerFired{it->first});
    it = timers_.erase(it);
  }
  return more || !inbox_.empty();
}

void AgentWorld::perform(const runtime::Effect& effect) {
  if (const auto* timer = std::get_if<runtime::SetTimer>(&effect)) {
    timers_[timer->id] = now.mono + timer->after;
  } else if (const auto* request = std::get_if<runtime::Request>(&effect)) {
    if (request->subject == agent::kEngineSubject) {
      serve_engine(*request);
    } else if (request->subject == agent::kIngressSubject) {
      serve_ingress(*request);
    } else if (request->subject == agent::kStreamSubject) {
      streams.push_back(*schema::unpack_message<schema::StreamOpen>(request->body));
      tell(runtime::Answered{request->id, pump_answer});
    } else if (request->subject == agent::kStateSubject) {
      tell(runtime::Answered{request->id, serve_disk(*request)});
    } else {
      ask_api(*request);
    }
  } else if (const auto* note = std::get_if<runtime::Note>(&effect)) {
    notes.push_back(note->text);
  } else if (const auto* publish = std::get_if<runtime::Publish>(&effect)) {
    closed.push_back(*schema::unpack_message<schema::StreamFrame>(publish->body));
  }
}

void AgentWorld::serve_ingress(const runtime::Request& request) {
  const auto op = agent::decode_ingress_op(request.body);
  REQUIRE(op.ok());
  runtime::Answered answer{request.id, agent::encode(ingress.execute(*op))};
  if (ingress_forgets) answer.body = timed_out("the router does not answer");
  if (ingress_is_late && std::holds_alternative<agent::SetRoutes>(*op)) {
    late_routes_.push_back(std::move(answer));
  } else {
    tell(std::move(answer));
  }
}

Result<runtime::Payload> AgentWorld::serve_disk(const runtime::Request& request) {
  if (disk_is_full) return internal("no space left on device");
  ++writes;
  kept = request.body;
  return runtime::Payload();
}

void AgentWorld::ask_api(const runtime::Request& request) {
  if (!api_answers) return tell(runtime::Answered{request.id, timed_out("silence")});
  runtime::Answered answer{request.id, serve_api(request)};
  if (beats_wait && schema::parse_heartbeat_subject(request.subject)) {
    waiting_beats_.push_back(std::move(answer));
  } else {
    tell(std::move(answer));
  }
}

void AgentWorld::serve_engine(const runtime::Request& request) {
  const auto op = agent::decode_op(request.body);
  REQUIRE(op.ok());
  const bool reads = std::holds_alternative<agent::Observe>(*op) ||
                     std::holds_alternative<agent::GetInfo>(*op) ||
                     std::holds_alternative<agent::TailLogs>(*op);
  if (die_after && done.size() >= *die_after) return;
  if (before_engine_op) before_engine_op(*op);
  runtime::Answered answer{request.id, agent::encode(engine.execute(*op))};
  if (!reads) done.push_back(*op);
  if (engine_holds && !reads) {
    held.push_back({*op, std::move(answer)});
  } else {
    tell(std::move(answer));
  }
}

std::string AgentWorld::serve_api(const runtime::Request& request) {
  if (schema::parse_heartbeat_subject(request.subject)) {
    beats.push_back(*schema::unpack_message<schema::Heartbeat>(request.body));
    return schema::pack_message(
        schema::HeartbeatReply{beats.back().registration == registration, revision});
  }
  const auto call = schema::parse_api_subject(request.subject);
  REQUIRE(call);
  if (call->verb == "register") {
    registers.push_back(*schema::unpack_message<schema::RegisterRequest>(request.body));
    return schema::pack_message(schema::RegisterReply{++registration, cluster, 15'000});
  }
  if (call->kind == "desired") return serve_desired(request);
  if (call->kind == "routes" && !knows_routes) {
    return schema::pack_error(invalid("there is no operation routes.get"));
  }
  if (call->kind == "routes") {
    cluster_routes.cluster = cluster;
    cluster_routes.revision = revision;
    return schema::pack_message(cluster_routes);
  }
  if (call->kind == "event") {
    const auto report = *schema::unpack_message<schema::EventReportRequest>(request.body);
    told.insert(told.end(), report.events.begin(), report.events.end());
    return schema::pack_message(schema::EventReportReply{});
  }
  return take_report(*schema::unpack_message<schema::StatusRequest>(request.body));
}

std::string AgentWorld::serve_desired(const runtime::Request& request) {
  const auto asked = *schema::unpack_message<schema::DesiredRequest>(request.body);
  if (asked.registration != registration) return schema::pack_error(conflict("stale"));
  schema::DesiredReply reply{cluster, revision, {}, ""};
  for (auto it = desired.upper_bound(asked.after); it != desired.end(); ++it) {
    if (reply.projects.size() == page_size) {
      reply.next = reply.projects.back().name;
      break;
    }
    reply.projects.push_back(it->second);
  }
  return schema::pack_message(reply);
}

std::string AgentWorld::take_report(schema::StatusRequest report) {
  const auto found = desired.find(report.name);
  if (report.registration != registration) return schema::pack_error(conflict("stale"));
  if (found == desired.end() || found->second.uid != report.uid ||
      found->second.assignment != report.assignment) {
    return schema::pack_error(conflict("not yours"));
  }
  const bool ending = found->second.phase == schema::Phase::kTerminating;
  const bool ended = report.phase == schema::Phase::kTerminated;
  if (ending != ended) return schema::pack_error(conflict("no such move"));
  if (ended) {
    desired.erase(found);
    ++revision;
  } else if (report.phase != schema::Phase::kScheduled) {
    found->second.phase = report.phase;
  }
  reports.push_back(std::move(report));
  return schema::pack_message(schema::RevisionReply{revision});
}

}  // namespace cara::test
