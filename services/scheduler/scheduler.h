// Scheduler: binds every Pending project to a node. Any number of them may run at once.
//
// It decides on a mirror that may be old; the bind names the revision it saw and the apiserver
// refuses it when that is no longer true, so a wrong decision costs a round trip and nothing else.
// Nothing here is kept over a restart.
#pragma once

#include <cstddef>
#include <map>
#include <string>
#include <vector>

#include "services/runtime/actor.h"
#include "services/runtime/calls.h"
#include "services/runtime/ids.h"
#include "services/runtime/mirror.h"
#include "services/runtime/work_queue.h"
#include "services/scheduler/place.h"

namespace cara::scheduler {

struct SchedulerOptions {
  std::string id;  // one subject token, different for every scheduler
  std::size_t max_in_flight = 64;
  runtime::Duration call_timeout = std::chrono::seconds(2);
  runtime::Duration pull_every = std::chrono::seconds(2);
  runtime::Backoff backoff = {.base = std::chrono::milliseconds(100),
                              .max = std::chrono::seconds(5)};
};

class Scheduler : public runtime::Actor {
 public:
  explicit Scheduler(SchedulerOptions options);

  std::vector<runtime::Subscription> subscriptions() const override;
  runtime::Effects step(std::span<const runtime::Event> batch, runtime::Instant now) override;

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

  void handle(const runtime::Event& event, runtime::MonoTime now);
  void on_answer(const Call& call, const runtime::Answered& answer, runtime::MonoTime now);
  void follow_mirror(runtime::MonoTime now);
  void work(runtime::MonoTime now);
  // True if a request went out: the key stays busy until its answer.
  bool consider(const std::string& name, const Load& load, runtime::MonoTime now);
  void bind(const schema::Project& project, const std::string& node);
  void explain(const schema::Project& project, const std::string& why);
  bool is_assumed(const schema::Project& project, runtime::MonoTime now);
  Load assumed_load() const;
  const schema::Project* find_pending(const std::string& name) const;

  const SchedulerOptions options_;
  const schema::Identity identity_;
  runtime::RequestIds ids_;
  runtime::Mirror mirror_;
  runtime::WorkQueue queue_;  // names of Pending projects
  runtime::Waiting<Call> calls_;
  std::map<std::string, Assumed> assumed_;
  std::uint64_t followed_version_ = 0;  // of the mirror, as far as queue_ knows it
  runtime::Effects out_;                // of the step that is running
};

}  // namespace cara::scheduler
