#include "cli/wait.h"

#include <algorithm>

#include "cli/request.h"

namespace cara::cli {
namespace {

constexpr std::chrono::seconds kLookAgain{1};

}  // namespace

Result<WaitEnd> wait_until(Context& context, Api& api, const std::string& subject,
                           const Patience& patience, const std::function<Result<bool>()>& look) {
  auto hints = api.watch(subject);
  if (!hints) return hints.error();
  context.wait_begins();
  runtime::MonoTime answered = context.mono_now();
  while (true) {
    const Result<bool> there = look();
    if (there) answered = context.mono_now();
    if (!there && (!is_passing(there.error()) || context.mono_now() - answered >= kGiveUp)) {
      return there.error();
    }
    if (there && *there) return WaitEnd::kCame;
    if (patience.is_over(context.mono_now())) return WaitEnd::kTimedOut;
    const runtime::Duration left = patience.begin + patience.limit - context.mono_now();
    (*hints)->wait(patience.limit.count() > 0 ? std::min<runtime::Duration>(kLookAgain, left)
                                              : kLookAgain);
    if (context.interrupted()) return WaitEnd::kInterrupted;
  }
}

}  // namespace cara::cli
