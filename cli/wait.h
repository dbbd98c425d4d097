// How commands wait for something in the cluster: events are hints, what they tell is looked up,
// and what they miss is found by looking anyway.
#pragma once

#include <functional>
#include <string>

#include "cli/api.h"
#include "cli/context.h"

namespace cara::cli {

struct Patience {
  runtime::MonoTime begin;
  runtime::Duration limit{};  // 0: as long as it takes
  bool is_over(runtime::MonoTime now) const { return limit.count() > 0 && now - begin >= limit; }
};

enum class WaitEnd { kCame, kTimedOut, kInterrupted };

// Looks at once, and after every event on `subject`, until `look` says that it is there. An error
// of `look` ends the waiting, a passing one only when it stays (kGiveUp in request.h).
Result<WaitEnd> wait_until(Context& context, Api& api, const std::string& subject,
                           const Patience& patience, const std::function<Result<bool>()>& look);

// For commands that go on until Ctrl-C: looks at once, after every event on `subject`, and from
// time to time, because hints may be lost. Until the first look has succeeded, errors end it as
// above; later ones that pass are only told, however long they stay. kGone of `look`: nobody wants
// to see more.
Exit watch_until_interrupted(Context& context, Api& api, const std::string& subject,
                             const std::function<Result<Ok>()>& look);

}  // namespace cara::cli
