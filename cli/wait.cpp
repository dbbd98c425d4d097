#include "cli/wait.h"

#include <algorithm>

#include "cli/request.h"
#include "cli/say.h"
#include "schema/formats.h"

namespace cara::cli {
namespace {

constexpr std::chrono::seconds kLookAgain{1};
// A control plane that restarts is back before this.
constexpr std::chrono::seconds kTellAfter{3};
constexpr std::size_t kMaxSentence = 1'024;

// Says once that nobody answers, and that somebody does again.
class Silence {
 public:
  explicit Silence(Context& context) : context_(context), heard_(context.mono_now()) {}

  bool is_long() const { return context_.mono_now() - heard_ >= kGiveUp; }
  bool was_heard() const { return ever_; }
  void hear() {
    heard_ = context_.mono_now();
    ever_ = true;
    if (told_) context_.err << "The control plane answers again.\n" << std::flush;
    told_ = false;
  }
  void fail(const Error& error) {
    if (!ever_ || told_ || context_.mono_now() - heard_ < kTellAfter) return;
    told_ = true;
    context_.err << "warning: " << schema::printable(error.message, kMaxSentence)
                 << "; what changes meanwhile is shown when somebody answers\n"
                 << std::flush;
  }

 private:
  Context& context_;
  runtime::MonoTime heard_;
  bool ever_ = false;
  bool told_ = false;
};

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

Exit watch_until_interrupted(Context& context, Api& api, const std::string& subject,
                             const std::function<Result<Ok>()>& look) {
  const auto hints = api.watch(subject);
  if (!hints) return say_error(context, hints.error());
  context.wait_begins();
  Silence silence(context);
  while (!context.interrupted()) {
    const Result<Ok> looked = look();
    if (looked) {
      silence.hear();
    } else if (looked.error().code == Code::kGone) {
      return kDone;
    } else if (!is_passing(looked.error()) || (!silence.was_heard() && silence.is_long())) {
      return say_error(context, looked.error());
    } else {
      silence.fail(looked.error());
    }
    if (!context.interrupted()) (*hints)->wait(kLookAgain);
  }
  return kInterrupted;
}

}  // namespace cara::cli
