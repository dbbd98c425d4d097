// Scheduler: binds every Pending project to a node. Any number of them may run at once: each works
// on what it has claimed (claims.h).
//
// It decides on a mirror that may be old; the bind names the revision it saw and the apiserver
// refuses it when that is no longer true or the node no longer has what the project needs, so a
// wrong decision costs a round trip and nothing else. Nothing here is kept over a restart.
#pragma once

#include <cstddef>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "services/runtime/actor.h"
#include "services/runtime/calls.h"
#include "services/runtime/ids.h"
#include "services/runtime/mirror.h"
#include "services/runtime/work_queue.h"
#include "services/scheduler/claims.h"
#include "services/scheduler/node_index.h"

namespace cara::scheduler {

struct SchedulerOptions {
  std::string id;  // one subject token, different for every scheduler
  std::size_t max_in_flight = 64;
  runtime::Duration call_timeout = std::chrono::seconds(2);
  runtime::Duration pull_every = std::chrono::seconds(2);
  runtime::Backoff backoff = {.base = std::chrono::milliseconds(100),
                              .max = std::chrono::seconds(5)};
  // What did not fit is tried again when something frees, all of it at most so often.
  runtime::Duration retry_every = std::chrono::milliseconds(100);
  // Why a project waits is looked into anew at most so often: that looks at every node, and every
  // new text is a write.
  runtime::Duration explain_every = std::chrono::seconds(5);
  std::size_t max_looked_at = 100'000;  // nodes, for that, in one step
};

class Scheduler : public runtime::Actor {
 public:
  explicit Scheduler(SchedulerOptions options);

  std::vector<runtime::Subscription> subscriptions() const override;
  runtime::Effects step(std::span<const runtime::Event> batch, runtime::Instant now) override;
  std::map<std::string, std::int64_t> gauges() const override;

 private:
  enum class CallKind { kBind, kExplain };
  struct Call {
    CallKind kind = CallKind::kBind;
    std::string project;
  };
  // A bind that the mirror does not show yet: under way, or answered with a revision.
  struct Assumed {
    std::string uid;
    std::string node;
    std::int64_t revision = 0;  // 0: under way
    runtime::MonoTime until{};  // when the mirror must show it, or it is not believed any more
  };
  // A Pending project that fitted nowhere. It is not queued until something frees; also one that is
  // somebody else's now is remembered, for it may come back.
  struct Misfit {
    std::string uid;
    std::uint64_t tried = 0;                          // index_.freed() at that time
    std::optional<runtime::MonoTime> explained = {};  // when it was last looked into why
    std::int64_t said = 0;  // the project's revision that came of saying so
  };
  enum class Outcome { kDone, kAsked, kLater };

  void handle(const runtime::Event& event, runtime::MonoTime now);
  void on_answer(const Call& call, const runtime::Answered& answer, runtime::MonoTime now);
  void on_refusal(const Call& call, const Error& error, runtime::MonoTime now);

  void follow_mirror(runtime::MonoTime now);
  void follow_all(runtime::MonoTime now);
  void follow_node(const std::string& name);
  void follow_project(const std::string& name, runtime::MonoTime now);
  void enqueue(const std::string& name, runtime::MonoTime now);
  void retry_misfits(runtime::MonoTime now);
  void set_timer(runtime::MonoTime now);

  void work(runtime::MonoTime now);
  Outcome consider(const std::string& name, runtime::MonoTime now);
  Outcome wait(const schema::Project& project, const schema::Wish& wish, runtime::MonoTime now);
  void bind(const schema::Project& project, const std::string& node);
  void explain(const schema::Project& project, const std::string& why);
  bool is_assumed(const schema::Project& project, runtime::MonoTime now);
  void forget_assumed(const std::string& name);
  void count(const std::string& name);
  const schema::Project* find_pending(const std::string& name) const;

  const SchedulerOptions options_;
  const schema::Identity identity_;
  runtime::RequestIds ids_;
  runtime::Mirror mirror_;
  NodeIndex index_;           // the mirror's content and assumed_
  runtime::WorkQueue queue_;  // names of Pending projects
  Claims claims_;
  runtime::Waiting<Call> calls_;
  std::map<std::string, Assumed> assumed_;

  std::map<std::string, Misfit> misfits_;
  std::uint64_t retried_ = 0;       // index_.freed() when they were last queued
  runtime::MonoTime next_retry_{};  // not sooner
  bool missed_ = false;             // the queue was full
  std::size_t looked_at_ = 0;       // in the step that is running
  runtime::Effects out_;            // of the step that is running
};

}  // namespace cara::scheduler
