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

}  // namespace cara::cli
