// Gc: the garbage collector. Asks the apiserver to delete what has expired, to take projects from
// lost nodes, and to remove the records of what is gone. Any number may run: each request names a
// uid and has an effect once.
//
// It never acts on what it could not read: without a complete mirror it does nothing.
#pragma once

#include <cstddef>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "services/gc/sweep.h"
#include "services/runtime/actor.h"
#include "services/runtime/calls.h"
#include "services/runtime/ids.h"
#include "services/runtime/mirror.h"
#include "services/runtime/work_queue.h"

namespace cara::gc {

struct GcOptions {
  std::string id;  // one subject token, different for every gc
  std::size_t max_in_flight = 32;
  runtime::Duration call_timeout = std::chrono::seconds(2);
  runtime::Duration pull_every = std::chrono::seconds(1);
  runtime::Backoff backoff = {.base = std::chrono::milliseconds(100),
                              .max = std::chrono::seconds(1)};
  // The windows for lost nodes are the apiserver's; this is how often they are asked about.
  runtime::Duration evict_every = std::chrono::seconds(2);
  // Wall time can be stepped: an expiry is never slept through for longer than this and a pull.
  runtime::Duration longest_sleep = std::chrono::seconds(1);
};

class Gc : public runtime::Actor {
 public:
  explicit Gc(GcOptions options);

  std::vector<runtime::Subscription> subscriptions() const override;
  runtime::Effects step(std::span<const runtime::Event> batch, runtime::Instant now) override;
  std::map<std::string, std::int64_t> gauges() const override;

 private:
  struct Call {
    Action action = Action::kReap;
    std::string project;
  };

  // The apiserver's wall clock: it judges, and ours may be wrong.
  struct ServerClock {
    Timestamp wall;
    runtime::MonoTime told_at;
  };

  void handle(const runtime::Event& event, runtime::MonoTime now);
  // Ours, if it does not tell.
  Timestamp server_time(runtime::Instant now) const;
  void on_answer(const Call& call, const runtime::Answered& answer, runtime::MonoTime now);
  void look(runtime::Instant now);
  void work(runtime::Instant now);
  void ask(const schema::Project& project, Action action);

  const GcOptions options_;
  const schema::Identity identity_;
  runtime::RequestIds ids_;
  runtime::Mirror mirror_;
  std::optional<ServerClock> clock_;
  runtime::WorkQueue queue_;  // names of projects that something is to be done with
  runtime::Waiting<Call> calls_;
  runtime::Effects out_;  // of the step that is running
};

}  // namespace cara::gc
