// Agent: makes the containers of one node what the cluster wants them to be, through its engine.
//
// Heartbeats, the pull of the desired set and each project go on independently of each other. No
// object of the engine is touched before a complete desired set was read, nor any that carries
// another node's or cluster's label.
//
// An agent that starts and cannot read a set for a while goes on from the one it kept on disk,
// until it can: what that one has is started (`MoveExclusive` needs a lease), but what it does not
// have is not removed, because it may be news that the agent has missed.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>

#include "services/agent/chronicle.h"
#include "services/agent/desired_cache.h"
#include "services/agent/desired_pull.h"
#include "services/agent/engine_calls.h"
#include "services/agent/exclusive_gate.h"
#include "services/agent/ingress_keeper.h"
#include "services/agent/project_loop.h"
#include "services/agent/route_pull.h"
#include "services/agent/session.h"
#include "services/agent/stream_opener.h"
#include "services/runtime/actor.h"
#include "services/runtime/calls.h"
#include "services/runtime/ids.h"

namespace cara::agent {

struct AgentOptions {
  std::string node;
  std::string agent_id;    // stable over restarts of the agent
  std::string machine_id;  // empty: not known
  std::string boot_id;
  std::string agent_version;
  std::string advertise_address;
  std::map<std::string, std::string> labels;
  std::optional<schema::NodeIngress> ingress;  // absent: this node has none
  CapacityOptions capacity;
  LeastFree least_disk{.bytes = std::int64_t{2} << 30};
  LeastFree least_memory{.bytes = std::int64_t{100} * 1024 * 1024};
  NodeRules rules;
  runtime::Duration heartbeat_every = std::chrono::seconds(5);
  runtime::Duration pull_every = std::chrono::seconds(30);
  runtime::Duration observe_every = std::chrono::seconds(30);  // all objects of the node
  runtime::Duration observe_retry = std::chrono::seconds(1);
  // Images that were pulled for projects and not used for so long are removed; 0: never.
  std::chrono::milliseconds image_max_age{0};
  runtime::Duration offline_after = std::chrono::seconds(10);  // from the start: use the cache
};

class Agent : public runtime::Actor {
 public:
  // `cached`: the set that an earlier life kept, if it can be read.
  explicit Agent(AgentOptions options, std::optional<DesiredCache> cached = std::nullopt);

  std::vector<runtime::Subscription> subscriptions() const override;
  runtime::Effects step(std::span<const runtime::Event> batch, runtime::Instant now) override;
  std::map<std::string, std::int64_t> gauges() const override;

 private:
  void handle(const runtime::Event& event, runtime::Instant now);
  void on_message(const runtime::Delivered& message, runtime::MonoTime now);
  void on_engine_event(const EngineEvent& event, runtime::MonoTime now);
  void on_pull_progress(const EngineEvent& event);
  void on_session(const Session::News& news, runtime::MonoTime now);
  bool on_ingress(const runtime::Event& event, runtime::MonoTime now);
  void on_desired(DesiredPull::News news, runtime::MonoTime now);
  void forget_cluster();
  void want_all(runtime::MonoTime now);
  void want(const schema::DesiredProject& wanted);
  void check_lease(runtime::MonoTime now);
  void on_engine_answer(const EngineCall& call, const runtime::Answered& answer,
                        runtime::MonoTime now);
  void on_report_answer(const std::string& project, const runtime::Answered& answer,
                        runtime::MonoTime now);

  // --- agent_node.cpp
  static constexpr runtime::TimerId kObserveTimer = 5;
  static constexpr runtime::TimerId kImagesTimer = 7;
  static constexpr runtime::TimerId kStraysTimer = 11;
  static constexpr const char* kObserveNodeKey = "observe-node";
  static constexpr const char* kStraysKey = "strays";
  static constexpr const char* kCollectImagesKey = "collect-images";
  void observe_node();
  void node_observed(const Result<EngineReply>& reply, runtime::MonoTime now);
  void look_for_strays();
  void strays_seen(const Result<EngineReply>& reply, runtime::MonoTime now);
  void collect_images();
  void images_collected(const Result<EngineReply>& reply);
  void adopt(const Observation& all);
  bool on_stream(const runtime::Delivered& message, runtime::MonoTime now);
  Result<std::string> container_for(const schema::StreamOpen& opening) const;

  void go_on_from_cache(runtime::MonoTime now);
  bool trust_cache(const Observation& all, runtime::MonoTime now);
  ProjectLoop& loop(const std::string& project);
  void advance(runtime::Instant now);
  bool goes_first(const std::string& project) const;
  bool is_exclusive(const std::string& project) const;
  enum class Left { kNothing, kSomething };
  Left advance_one(const std::string& name, ProjectLoop& project, runtime::Instant now);
  bool may_report(const std::string& project) const;
  void tell(const std::string& project, const Occurrence& occurrence);
  void send_report(const std::string& project, ProjectLoop& loop, runtime::MonoTime now);

  const AgentOptions options_;
  const schema::Identity identity_;
  runtime::RequestIds ids_;
  Session session_;
  DesiredPull desired_pull_;
  EngineCalls engine_;
  Chronicle chronicle_;
  RoutePull route_pull_;
  IngressKeeper ingress_;
  StreamOpener streams_;
  runtime::Waiting<std::string> reports_;  // project names
  std::int64_t reports_sent_ = 0;

  std::string cluster_;                // whose projects these are
  std::optional<DesiredSet> desired_;  // the last complete one of this cluster
  std::optional<DesiredCache> cached_;
  bool from_cache_ = false;  // desired_ is
  CacheKeeper cache_keeper_;
  ExclusiveGate exclusive_;
  std::set<std::string> held_;  // projects that exclusive_ holds
  std::map<std::string, ProjectLoop> projects_;
  bool node_seen_ = false;  // observed since the first desired set
  bool observing_node_ = false;
  bool looking_for_strays_ = false;
  bool collecting_images_ = false;
  std::map<std::string, std::uint64_t> changes_at_observe_;
  std::uint64_t undecodable_ = 0;  // messages and events
  runtime::Effects out_;           // of the step that is running
};

}  // namespace cara::agent
