// Batch: a batch of events against one transaction of the store. Every request in a savepoint of
// its own, every answer held back until all of it is durable.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "schema/subjects.h"
#include "services/apiserver/backup_calls.h"
#include "services/apiserver/context.h"
#include "services/runtime/actor.h"

namespace cara::apiserver {

// Messages that were not served, by why. They are counted, never a reason to stop.
struct Refused {
  std::int64_t subject = 0;    // no such subject
  std::int64_t reply = 0;      // the reply subject is missing or not the sender's own
  std::int64_t forbidden = 0;  // the sender's role may not do this
  std::int64_t body = 0;       // undecodable or wrong

  std::int64_t total() const { return subject + reply + forbidden + body; }
};

// The work of the apiserver's own timers, done after the batch's messages: a heartbeat that came
// with it is counted before its node is judged.
struct Duties {
  bool load_nodes = false;
  bool judge_nodes = false;
  bool remind_schedulers = false;
};

struct BatchResult {
  runtime::Effects effects;  // answers, hints and events
  Refused refused;
  std::vector<PassedOn> passed_on;  // not answered yet
};

// An error ends the process: the store cannot be trusted any more.
Result<BatchResult> run_batch(Context& context, std::span<const runtime::Event> batch,
                              const Duties& duties);

}  // namespace cara::apiserver
