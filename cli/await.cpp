#include "cli/await.h"

#include <algorithm>

#include "cli/lists.h"
#include "cli/live_lines.h"
#include "cli/request.h"
#include "cli/rows.h"
#include "cli/say.h"
#include "schema/formats.h"
#include "schema/subjects.h"
#include "schema/time.h"
#include "schema/wire.h"

namespace cara::cli {
namespace {

constexpr std::chrono::seconds kRequestTimeout{10};
constexpr std::chrono::seconds kLookAgain{1};
constexpr std::chrono::milliseconds kTurn{120};  // of the spinner
constexpr std::size_t kMaxLine = 512;

class Waiting {
 public:
  Waiting(Context& context, Api& api, const Awaited& awaited, const Patience& patience)
      : context_(context),
        api_(api),
        awaited_(awaited),
        patience_(patience),
        who_(to_string(awaited.kind) + "/" + schema::printable(awaited.name, 253)),
        lines_(context) {}

  Exit run() {
    auto hints = api_.watch(schema::event_subject(to_string(awaited_.kind), awaited_.name));
    if (!hints) return say_error(context_, hints.error());
    context_.wait_begins();
    runtime::MonoTime answered = context_.mono_now();
    while (true) {
      const Result<bool> there = look();
      if (there) answered = context_.mono_now();
      if (!there && (!is_passing(there.error()) || context_.mono_now() - answered >= kGiveUp)) {
        lines_.clear();
        return say_error(context_, there.error());
      }
      if (there && *there) return kDone;
      if (!progress_.failure.empty()) return end(kRefused, progress_.failure);
      if (patience_.is_over(context_.mono_now())) return end(kTimedOut, "timed out");
      rest(**hints);
      if (context_.interrupted()) return end(kInterrupted, "interrupted");
    }
  }

 private:
  // Until an event came, or it is time to look anyway.
  void rest(Hints& hints) {
    const runtime::MonoTime begin = context_.mono_now();
    while (true) {
      draw();
      const runtime::MonoTime now = context_.mono_now();
      runtime::Duration nap = begin + kLookAgain - now;
      if (lines_.moves()) nap = std::min<runtime::Duration>(nap, kTurn);
      if (patience_.limit.count() > 0) nap = std::min(nap, patience_.begin + patience_.limit - now);
      if (nap.count() <= 0) return;
      hints.wait(nap);
      if (context_.interrupted() || context_.mono_now() - now < nap) return;
    }
  }

  void draw() {
    if (progress_.state.empty()) return;
    std::vector<std::string> below = progress_.services;
    if (!news_.empty()) below.insert(below.begin(), news_);
    std::string head = who_ + ": " + progress_.state;
    if (lines_.moves()) {
      const runtime::Duration waited = context_.mono_now() - patience_.begin;
      head += " (" + format_age(waited.count() / 1000) + ")";
    }
    lines_.show(head, below);
  }

  Result<bool> look() {
    return awaited_.kind == Kind::kProject ? look_at_project() : look_at_node();
  }

  Result<bool> look_at_project() {
    const auto reply = call<schema::ProjectReply>(
        api_, "project.get", schema::GetRequest{awaited_.name}, kRequestTimeout);
    if (!reply) return absent(reply.error());
    if (is_other(reply->project.metadata.uid)) return replaced();
    progress_ = judge(awaited_.goal, reply->project, context_.mono_now() - patience_.begin);
    if (progress_.met) return true;
    if (const Result<Ok> done = hear(reply->project.metadata.uid); !done) return done.error();
    return false;
  }

  Result<bool> look_at_node() {
    const auto reply = call<schema::NodeReply>(api_, "node.get", schema::GetRequest{awaited_.name},
                                               kRequestTimeout);
    if (!reply) return absent(reply.error());
    if (is_other(reply->node.metadata.uid)) return replaced();
    progress_ = judge(awaited_.goal, reply->node);
    return progress_.met;
  }

  bool is_other(const std::string& uid) const {
    return !awaited_.uid.empty() && uid != awaited_.uid;
  }

  Result<bool> absent(const Error& error) {
    if (error.code != Code::kNotFound) return error;
    if (awaited_.goal.what == Goal::What::kGone) return true;
    return not_found(not_found_sentence(awaited_.kind, awaited_.name));
  }

  Result<bool> replaced() {
    if (awaited_.goal.what == Goal::What::kGone) return true;
    return not_found(who_ + " is gone; there is another one of that name");
  }

  // What happened since the last look: pulls, starts, failures.
  Result<Ok> hear(const std::string& uid) {
    auto events =
        list_events(api_, {.kind = "project", .name = awaited_.name, .uid = uid, .after = heard_},
                    kRequestTimeout);
    if (!events) return events.error();
    const bool first = heard_ == 0;
    for (const schema::Event& event : *events) {
      heard_ = std::max(heard_, event.number);
      const std::string text = schema::printable(one_line(event.message), kMaxLine);
      if (first || text.empty()) continue;
      news_ = event.reason == "Pulling" ? text : "";
      const bool known = progress_.state.find(text) != std::string::npos;
      if (!lines_.moves() && !known) lines_.tell(who_ + ": " + text);
    }
    if (first) heard_ = std::max<std::int64_t>(heard_, 1);
    return Ok{};
  }

  Exit end(Exit exit, const std::string& why) {
    lines_.clear();
    std::string sentence = who_ + ": " + why;
    if (exit == kTimedOut) {
      sentence = who_ + ": timed out after " + format_duration_ms(patience_.limit.count() / 1000);
    }
    if (exit != kRefused && !progress_.state.empty()) sentence += "; it is " + progress_.state;
    say_error(context_, sentence);
    return exit;
  }

  Context& context_;
  Api& api_;
  const Awaited& awaited_;
  const Patience& patience_;
  const std::string who_;
  LiveLines lines_;
  Progress progress_;
  std::int64_t heard_ = 0;  // number of the newest event; 0: none yet
  std::string news_;        // what a pull said last
};

}  // namespace

Exit await(Context& context, Api& api, const Awaited& awaited, const Patience& patience) {
  return Waiting(context, api, awaited, patience).run();
}

Exit await_generation(Context& context, Api& api, const schema::Project& project,
                      const Patience& patience) {
  const Goal goal{.what = Goal::What::kGeneration, .generation = project.metadata.generation};
  const Awaited awaited{.kind = Kind::kProject,
                        .name = project.metadata.name,
                        .uid = project.metadata.uid,
                        .goal = goal};
  const Exit exit = await(context, api, awaited, patience);
  if (exit != kDone) return exit;
  context.out << "project/" << project.metadata.name
              << (project.spec.paused ? " is stopped" : " is running") << std::endl;
  return kDone;
}

}  // namespace cara::cli
