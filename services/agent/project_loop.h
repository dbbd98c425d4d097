// ProjectLoop: keeps one project as it is wanted: observe, plan, do, observe again, report.
//
// Every project has its own: what one waits for holds up no other. It performs nothing itself:
// advance() says what is to be done, and the agent brings back how that ended.
#pragma once

#include <optional>
#include <set>
#include <string>
#include <vector>

#include "schema/messages.h"
#include "services/agent/engine_calls.h"
#include "services/agent/plan.h"
#include "services/agent/reporter.h"
#include "services/runtime/actor.h"

namespace cara::agent {

inline constexpr runtime::Backoff kRetryBackoff{.base = std::chrono::milliseconds(500),
                                                .max = std::chrono::seconds(10)};

class ProjectLoop {
 public:
  ProjectLoop(Owner owner, std::string name, NodeRules rules)
      : owner_(std::move(owner)), name_(std::move(name)), rules_(std::move(rules)) {}

  // Nothing: it is not wanted on this node.
  void want(std::optional<schema::DesiredProject> desired);
  // Something may have changed in the engine.
  void hint();
  // Something beside the engine has changed.
  void plan_again() { touched_ = true; }
  // The engine was away: what it ran may have ended, through no fault of its own.
  void engine_returned(runtime::MonoTime away_since);
  // The engine answers again: no waiting for the next attempt.
  void retry_now();
  // It must end now, whatever the engine still owes an answer to: that one comes too late.
  void wait_for_nothing();
  // From an observation of the whole node, asked for when changes() was `at`.
  void saw(const Observation& seen, std::uint64_t at);
  // Grows with each operation that begins or ends.
  std::uint64_t changes() const { return changes_; }

  struct Step {
    std::vector<EngineCall> calls = {};
    std::vector<std::string> trouble = {};     // for the log
    std::vector<Occurrence> occurrences = {};  // for users
    std::optional<Serving> serving = {};       // nothing: as it was
    bool gone = false;  // nothing is wanted and nothing is left: drop the loop
  };
  Step advance(runtime::Instant now, const IngressView& ingress = {});
  void ended(const EngineCall& call, const Result<EngineReply>& reply, runtime::MonoTime now);

  // Null: it is not wanted on this node.
  const schema::DesiredProject* wanted() const { return desired_ ? &*desired_ : nullptr; }
  // What there is of it, as far as is known; not known before is_seen().
  const Observation& seen() const { return seen_; }
  bool is_seen() const { return is_seen_; }

  Reporter& reporter() { return reporter_; }
  const Reporter& reporter() const { return reporter_; }
  // The apiserver has taken this phase from us.
  void acknowledged(schema::Phase phase);
  // When advance() is to be called, if nothing happens before.
  std::optional<runtime::MonoTime> due() const { return again_at_; }
  bool is_due(runtime::MonoTime now) const { return touched_ || (again_at_ && *again_at_ <= now); }

 private:
  void observe(Step& step, runtime::MonoTime now);
  void observed(const Result<EngineReply>& reply, runtime::MonoTime now);
  void operation_ended(const EngineCall& call, const Result<EngineReply>& reply,
                       runtime::MonoTime now);
  void logs_ended(const std::string& container, const Result<EngineReply>& reply);
  bool is_changing() const;
  void cancel_pulls(Step& step, runtime::MonoTime now);
  bool wants_pull(const std::string& key) const;
  void report(const Report& report);

  const Owner owner_;
  const std::string name_;
  const NodeRules rules_;
  std::optional<schema::DesiredProject> desired_;
  Memory memory_;
  Reporter reporter_;

  Observation seen_;
  bool is_seen_ = false;      // once
  bool touched_ = true;       // something changed since advance()
  bool verified_ = false;     // seen_ is an observation that no operation of ours has outdated
  bool must_observe_ = true;  // nothing is planned before; operations under way end first
  bool hinted_ = false;
  bool observing_ = false;
  std::uint64_t observed_at_change_ = 0;
  std::uint32_t observe_failures_ = 0;
  runtime::MonoTime observe_at_;

  std::set<std::string> running_;  // keys of operations
  bool cancelling_ = false;
  runtime::MonoTime cancel_at_;
  std::uint64_t changes_ = 0;
  std::optional<runtime::MonoTime> again_at_;
  std::vector<std::string> trouble_;
};

}  // namespace cara::agent
