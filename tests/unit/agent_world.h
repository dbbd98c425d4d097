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

#include "schema/messages.h"
#include "schema/streams.h"
#include "services/agent/agent.h"
#include "tests/catch_compat.h"
#include "tests/sim/model_engine.h"
#include "tests/sim/model_ingress.h"

namespace cara::test {

schema::DesiredProject desired_project(const std::string& name,
                                       std::vector<schema::ServiceDef> services);

class AgentWorld {
 public:
  static constexpr const char* kNode = "worker-01";
  static constexpr int kMaxEvents = 20'000;

  AgentWorld();
  ~AgentWorld();
  AgentWorld(const AgentWorld&) = delete;
  AgentWorld& operator=(const AgentWorld&) = delete;

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

  void start();
  void tell(runtime::Event event);
  enum class Wake { kNo, kYes };
  void want(schema::DesiredProject project, Wake hint = Wake::kYes);
  void drop(const std::string& name);
  void terminate(const std::string& name);
  void wake();
  void wake_routes();
  // Until nothing happens without time passing.
  void settle();
  void advance(runtime::Duration by);
  // The process does not run while time passes.
  void freeze(runtime::Duration for_so_long);
  void let_routes_go();
  void let_beats_go();
  bool noted(const std::string& words) const;
  void release();
  void release_one();
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

  agent::Observation objects(agent::Labels labels = {});
  const schema::StatusRequest& last_report(const std::string& project) const;
  std::vector<schema::Phase> phases(const std::string& project) const;
  template <class Op>
  std::size_t count() const {
    return static_cast<std::size_t>(std::count_if(
        done.begin(), done.end(), [](const auto& op) { return std::holds_alternative<Op>(op); }));
  }

 private:
  bool step_time(runtime::MonoTime end);
  void perform(const runtime::Effect& effect);
  void serve_ingress(const runtime::Request& request);
  Result<runtime::Payload> serve_disk(const runtime::Request& request);
  void ask_api(const runtime::Request& request);
  void serve_engine(const runtime::Request& request);
  std::string serve_api(const runtime::Request& request);
  std::string serve_desired(const runtime::Request& request);
  std::string take_report(schema::StatusRequest report);

  std::unique_ptr<agent::Agent> agent_;
  std::deque<runtime::Event> inbox_;
  std::vector<runtime::Event> waiting_beats_;
  std::vector<runtime::Answered> late_routes_;
  std::map<runtime::TimerId, runtime::MonoTime> timers_;
};

}  // namespace cara::test
