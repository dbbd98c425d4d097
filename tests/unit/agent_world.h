// AgentWorld: one agent on a ModelEngine, with the apiserver played by hand, in virtual time.
#pragma once

#include <algorithm>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "schema/codec.h"
#include "schema/subjects.h"
#include "schema/wire.h"
#include "services/agent/agent.h"
#include "tests/catch_compat.h"
#include "tests/sim/model_engine.h"
#include "tests/sim/model_ingress.h"

namespace cara::test {

inline schema::DesiredProject desired_project(const std::string& name,
                                              std::vector<schema::ServiceDef> services) {
  return {.name = name,
          .uid = "uid-" + name,
          .assignment = 1,
          .generation = 1,
          .phase = schema::Phase::kScheduled,
          .spec = {.services = std::move(services)}};
}

class AgentWorld {
 public:
  static constexpr const char* kNode = "worker-01";
  static constexpr int kMaxEvents = 20'000;

  AgentWorld() {
    engine.add_image("web:1", {});
    engine.add_image("web:2", {});
    engine.set_event_sink([this](const agent::EngineEvent& event) {
      tell(runtime::Delivered{agent::kEngineEventSubject, agent::encode(event), {}});
    });
  }

  // --- The apiserver ---
  std::map<std::string, schema::DesiredProject> desired;
  std::string cluster = "cluster-1";
  std::int64_t revision = 1;
  std::int64_t registration = 0;
  bool api_answers = true;
  std::size_t page_size = 100;
  std::vector<schema::StatusRequest> reports;  // all that were taken
  std::vector<schema::ReportedEvent> told;     // events
  std::vector<schema::RegisterRequest> registers;
  std::vector<schema::Heartbeat> beats;
  std::vector<std::string> notes;  // of this life
  bool beats_wait = false;         // their answers, until let_beats_go()

  // --- The agent's disk ---
  std::string kept;  // the cached desired set
  bool disk_is_full = false;
  std::size_t writes = 0;

  // --- The engine ---
  sim::ModelEngine engine{Timestamp{1'700'000'000'000}};
  std::function<void(const agent::EngineOp&)> before_engine_op;
  std::vector<agent::EngineOp> done;     // the operations that change something
  std::optional<std::size_t> die_after;  // so many of those; the last one's answer is lost
  bool engine_holds = false;             // answers wait in `held`
  struct Held {
    agent::EngineOp op;
    runtime::Event answer;
  };
  std::vector<Held> held;

  // --- The ingress ---
  std::optional<schema::NodeIngress> listens;
  bool ingress_forgets = false;  // does what it is told, and its answers are lost
  bool ingress_is_late = false;  // likewise, and they wait until let_routes_go()
  sim::ModelIngress ingress;
  schema::RoutesReply cluster_routes;  // what the apiserver says of all projects
  bool knows_routes = true;            // an old one does not
  // --- Byte streams ---
  std::vector<schema::StreamOpen> streams;  // handed to the pump
  std::vector<schema::StreamFrame> closed;  // said to clients
  Result<runtime::Payload> pump_answer{runtime::Payload()};
  std::chrono::milliseconds image_max_age{0};
  agent::NodeRules rules;
  std::map<std::string, std::string> node_labels;
  std::string boot_id = "boot-1";

  runtime::Instant now{{1'000'000}, {1'700'000'000'000}};

  void start() {
    inbox_.clear();
    timers_.clear();
    held.clear();
    waiting_beats_.clear();
    late_routes_.clear();
    notes.clear();
    auto cache = agent::decode_cache(kept, kNode);
    agent_ = std::make_unique<agent::Agent>(
        agent::AgentOptions{.node = kNode,
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
  void tell(runtime::Event event) { inbox_.push_back(std::move(event)); }
  enum class Wake { kNo, kYes };
  void want(schema::DesiredProject project, Wake hint = Wake::kYes) {
    ++revision;
    std::string name = project.name;
    desired.insert_or_assign(std::move(name), std::move(project));
    if (hint == Wake::kYes) wake();
  }
  void drop(const std::string& name) {
    ++revision;
    desired.erase(name);
    wake();
  }
  void terminate(const std::string& name) {
    schema::DesiredProject project = desired.at(name);
    project.phase = schema::Phase::kTerminating;
    want(std::move(project));
  }
  void wake() {
    tell(runtime::Delivered{
        schema::node_wake_subject(kNode), schema::pack_message(schema::Wake{revision}), {}});
    settle();
  }
  void wake_routes() {
    tell(runtime::Delivered{
        schema::kNodeAllWake,
        schema::pack_message(schema::Wake{.revision = ++revision, .routes = true}),
        {}});
    settle();
  }
  // Until nothing happens without time passing.
  void settle() {
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
  void advance(runtime::Duration by) {
    const runtime::MonoTime end = now.mono + by;
    settle();
    while (step_time(end)) settle();
  }
  // The process does not run while time passes.
  void freeze(runtime::Duration for_so_long) {
    now.mono = now.mono + for_so_long;
    now.wall.ms += for_so_long.count() / 1000;
    engine.advance(now.wall);
  }
  void let_routes_go() {
    for (runtime::Answered& answer : std::exchange(late_routes_, {})) tell(std::move(answer));
    settle();
  }
  void let_beats_go() {
    beats_wait = false;
    for (runtime::Event& answer : std::exchange(waiting_beats_, {})) tell(std::move(answer));
    settle();
  }
  bool noted(const std::string& words) const {
    return std::any_of(notes.begin(), notes.end(), [&](const std::string& text) {
      return text.find(words) != std::string::npos;
    });
  }
  void release() {
    engine_holds = false;
    for (Held& each : std::exchange(held, {})) tell(std::move(each.answer));
    settle();
  }
  void release_one() {
    REQUIRE(!held.empty());
    tell(std::move(held.front().answer));
    held.erase(held.begin());
    settle();
  }
  // The answer to the first held operation of that kind, kept back from release().
  template <class Op>
  runtime::Event take_held() {
    const auto found = std::find_if(held.begin(), held.end(), [](const Held& each) {
      return std::holds_alternative<Op>(each.op);
    });
    REQUIRE(found != held.end());
    runtime::Event answer = std::move(found->answer);
    held.erase(found);
    return answer;
  }

  agent::Observation objects(agent::Labels labels = {}) {
    auto reply = engine.execute(agent::Observe{std::move(labels)});
    REQUIRE(reply.ok());
    return reply->observation;
  }
  const schema::StatusRequest& last_report(const std::string& project) const {
    const auto found =
        std::find_if(reports.rbegin(), reports.rend(),
                     [&](const schema::StatusRequest& report) { return report.name == project; });
    REQUIRE(found != reports.rend());
    return *found;
  }
  std::vector<schema::Phase> phases(const std::string& project) const {
    std::vector<schema::Phase> all;
    for (const auto& report : reports) {
      const bool news = all.empty() || all.back() != report.phase;
      if (report.name == project && news) all.push_back(report.phase);
    }
    return all;
  }
  template <class Op>
  std::size_t count() const {
    return static_cast<std::size_t>(std::count_if(
        done.begin(), done.end(), [](const auto& op) { return std::holds_alternative<Op>(op); }));
  }

 private:
  bool step_time(runtime::MonoTime end) {
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

  void perform(const runtime::Effect& effect) {
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

  void serve_ingress(const runtime::Request& request) {
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

  Result<runtime::Payload> serve_disk(const runtime::Request& request) {
    if (disk_is_full) return internal("no space left on device");
    ++writes;
    kept = request.body;
    return runtime::Payload();
  }

  void ask_api(const runtime::Request& request) {
    if (!api_answers) return tell(runtime::Answered{request.id, timed_out("silence")});
    runtime::Answered answer{request.id, serve_api(request)};
    if (beats_wait && schema::parse_heartbeat_subject(request.subject)) {
      waiting_beats_.push_back(std::move(answer));
    } else {
      tell(std::move(answer));
    }
  }

  void serve_engine(const runtime::Request& request) {
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

  std::string serve_api(const runtime::Request& request) {
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

  std::string serve_desired(const runtime::Request& request) {
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

  std::string take_report(schema::StatusRequest report) {
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

  std::unique_ptr<agent::Agent> agent_;
  std::deque<runtime::Event> inbox_;
  std::vector<runtime::Event> waiting_beats_;
  std::vector<runtime::Answered> late_routes_;
  std::map<runtime::TimerId, runtime::MonoTime> timers_;
};

}  // namespace cara::test
