// caractrl drain: cordons a node, then moves its projects away, one after another.
#include <algorithm>
#include <set>

#include "cli/lists.h"
#include "cli/nodes.h"
#include "cli/objects.h"
#include "cli/request.h"
#include "cli/rows.h"
#include "cli/say.h"
#include "cli/verb.h"
#include "cli/wait.h"
#include "schema/formats.h"
#include "schema/lifecycle.h"
#include "schema/subjects.h"

namespace cara::cli {
namespace {

using schema::Phase;
using schema::Project;

constexpr std::chrono::seconds kRequestTimeout{10};
// A project that is Failed or on no node for this long after its move is not waited for.
constexpr std::chrono::seconds kStuck{30};

constexpr std::size_t kMaxReason = 1024;
constexpr const char* kStillHere = " has not moved yet";
constexpr const char* kOnItsWay = " is still on its way";

std::string called(const Project& project) {
  return "project/" + schema::printable(project.metadata.name, 253);
}

std::string why(const schema::ProjectStatus& status) {
  const auto* phase = find_condition(status.conditions, schema::kConditionPhase);
  if (phase == nullptr) return "";
  const std::string text = schema::printable(
      one_line(phase->message.empty() ? phase->reason : phase->message), kMaxReason);
  return text.empty() ? "" : ": " + text;
}

// A refusal in one line that begins with the project.
std::string stays_text(const Project& project, const Error& refusal) {
  const std::string who = called(project);
  const std::string text = schema::printable(one_line(refusal.message), kMaxReason);
  return text.starts_with(who + " ") ? text : who + " stays: " + text;
}

std::string seconds_text(runtime::Duration time) {
  const std::int64_t tenths = time.count() / 100'000;
  return std::to_string(tenths / 10) + "." + std::to_string(tenths % 10) + "s";
}

// A project that is deleted after it was to be moved is another thing to wait for.
std::string attempt_of(const Project& project) {
  return project.metadata.uid + (project.status.phase == Phase::kTerminating ? " ending" : "");
}

class Drain {
 public:
  Drain(Context& context, Api& api, std::string node, Patience patience)
      : context_(context), api_(api), node_(std::move(node)), patience_(patience) {}

  Exit run();
  // What would be moved, and where it could go now; nothing is changed.
  Exit dry_run();

 private:
  Exit cordon();
  // Those on the node that were not tried yet; whatever is being deleted comes last.
  Result<std::vector<Project>> untried();
  // The same into `projects`, also when the control plane is away for a while.
  Exit look(std::vector<Project>& projects);
  Exit empty_node();
  Exit move(const Project& project);
  Exit follow(const Project& project);
  Exit outlast(const Project& project);
  Result<schema::MoveReply> ask(const Project& project, const std::string& request_id,
                                bool dry_run);
  // The same project, still on the node, and not being deleted.
  Result<bool> is_here(const Project& project);
  // What it has become of a project that left; true: there is nothing more to wait for.
  Result<bool> has_arrived(const Project& project, runtime::MonoTime begin,
                           std::optional<runtime::MonoTime>& stuck_since);
  bool is_stuck(std::optional<runtime::MonoTime>& since) const;
  // `state`: how things are when nobody waits any longer.
  Exit ended(WaitEnd end, const std::string& state);
  void complain(const std::string& sentence);
  Exit report(Exit end);

  Context& context_;
  Api& api_;
  const std::string node_;
  const Patience patience_;
  std::set<std::string> tried_;  // attempt_of()
  std::vector<std::string> complaints_;
  std::size_t stay_ = 0;
  std::string last_word_;
};

void Drain::complain(const std::string& sentence) { complaints_.push_back(sentence); }

Exit Drain::cordon() {
  const schema::NodeChangeRequest request{
      .request_id = context_.new_id(), .name = node_, .unschedulable = true};
  const auto reply = change_node(api_, request, kRequestTimeout);
  if (!reply) return say_error(context_, reply.error());
  context_.out << "node/" << node_ << (reply->changed ? " cordoned" : " already cordoned")
               << std::endl;
  return kDone;
}

Result<std::vector<Project>> Drain::untried() {
  auto all = list_projects(api_, kRequestTimeout);
  if (!all) return all.error();
  std::erase_if(*all, [&](const Project& project) {
    return project.status.node_ref != node_ || !schema::is_bound(project.status.phase) ||
           tried_.contains(attempt_of(project));
  });
  std::stable_partition(all->begin(), all->end(), [](const Project& project) {
    return project.status.phase != Phase::kTerminating;
  });
  return all;
}

Result<schema::MoveReply> Drain::ask(const Project& project, const std::string& request_id,
                                     bool dry_run) {
  const schema::MoveRequest request{.request_id = request_id,
                                    .name = project.metadata.name,
                                    .uid = project.metadata.uid,
                                    .node = node_,
                                    .dry_run = dry_run};
  return call<schema::MoveReply>(api_, "project.move", request, kRequestTimeout);
}

Result<bool> Drain::is_here(const Project& project) {
  const auto now = call<schema::ProjectReply>(
      api_, "project.get", schema::GetRequest{project.metadata.name}, kRequestTimeout);
  if (!now && now.error().code == Code::kNotFound) return false;
  if (!now) return now.error();
  const schema::ProjectStatus& status = now->project.status;
  return now->project.metadata.uid == project.metadata.uid && status.node_ref == node_ &&
         schema::is_bound(status.phase) && status.phase != Phase::kTerminating;
}

bool Drain::is_stuck(std::optional<runtime::MonoTime>& since) const {
  if (!since) since = context_.mono_now();
  return context_.mono_now() - *since >= kStuck;
}

Result<bool> Drain::has_arrived(const Project& project, runtime::MonoTime begin,
                                std::optional<runtime::MonoTime>& stuck_since) {
  const auto now = call<schema::ProjectReply>(
      api_, "project.get", schema::GetRequest{project.metadata.name}, kRequestTimeout);
  const bool gone = !now && now.error().code == Code::kNotFound;
  if (!now && !gone) return now.error();
  if (gone || now->project.metadata.uid != project.metadata.uid ||
      schema::is_ending(now->project.status.phase)) {
    // One that is still here is waited for later.
    if (!gone && now->project.status.node_ref == node_) return true;
    context_.out << called(project) << " deleted by somebody else" << std::endl;
    return true;
  }
  const schema::ProjectStatus& status = now->project.status;
  const std::string where = schema::printable(status.node_ref, 253);
  if (status.leaving) return false;
  if (status.node_ref == node_) {
    ++stay_;
    complain(called(project) + " is back on node/" + node_);
    return true;
  }
  switch (status.phase) {
    case Phase::kScheduled:
      stuck_since.reset();
      if (!now->project.spec.paused) return false;
      break;
    case Phase::kRunning:
      break;
    case Phase::kFailed:
      if (!is_stuck(stuck_since)) return false;
      complain(called(project) + " left, but is Failed on node/" + where + why(status));
      return true;
    case Phase::kPending:
      if (!is_stuck(stuck_since)) return false;
      complain(called(project) + " left, but waits for a node" + why(status));
      return true;
    case Phase::kTerminating:
    case Phase::kTerminated:
      return true;
  }
  context_.out << called(project) << " moved to " << where << " ("
               << seconds_text(context_.mono_now() - begin) << ")" << std::endl;
  return true;
}

Exit Drain::ended(WaitEnd end, const std::string& state) {
  if (end == WaitEnd::kCame) return kDone;
  const bool late = end == WaitEnd::kTimedOut;
  const std::string after =
      late ? " after " + format_duration_ms(patience_.limit.count() / 1000) : "";
  last_word_ = state + after + "; node/" + node_ + " stays cordoned";
  return late ? kTimedOut : kInterrupted;
}

Exit Drain::follow(const Project& project) {
  const runtime::MonoTime begin = context_.mono_now();
  std::optional<runtime::MonoTime> stuck_since;
  const auto end =
      wait_until(context_, api_, schema::event_subject("project", project.metadata.name), patience_,
                 [&] { return has_arrived(project, begin, stuck_since); });
  return end ? ended(*end, called(project) + kOnItsWay) : say_error(context_, end.error());
}

Exit Drain::move(const Project& project) {
  const std::string request_id = context_.new_id();
  std::optional<Error> refusal;
  const auto end =
      wait_until(context_, api_, schema::event_subject("project", project.metadata.name), patience_,
                 [&]() -> Result<bool> {
                   const auto reply = ask(project, request_id, false);
                   if (reply) return true;
                   if (reply.error().code == Code::kConflict) {
                     // It may have gone meanwhile, by itself or with somebody's help.
                     const Result<bool> here = is_here(project);
                     if (!here) return here.error();
                     if (*here) refusal = reply.error();
                     return true;
                   }
                   if (reply.error().code != Code::kNotFound) return reply.error();
                   return true;
                 });
  if (!end) return say_error(context_, end.error());
  if (*end != WaitEnd::kCame) return ended(*end, called(project) + kStillHere);
  if (!refusal) return follow(project);
  ++stay_;
  complain(stays_text(project, *refusal));
  return kDone;
}

// What is being deleted goes by itself.
Exit Drain::outlast(const Project& project) {
  context_.err << called(project) << ": waiting until it is deleted\n";
  const auto end = wait_until(
      context_, api_, schema::event_subject("project", project.metadata.name), patience_,
      [&]() -> Result<bool> {
        const auto now = call<schema::ProjectReply>(
            api_, "project.get", schema::GetRequest{project.metadata.name}, kRequestTimeout);
        if (!now && now.error().code == Code::kNotFound) return true;
        if (!now) return now.error();
        return now->project.metadata.uid != project.metadata.uid ||
               now->project.status.node_ref != node_ ||
               !schema::is_bound(now->project.status.phase);
      });
  if (!end) return say_error(context_, end.error());
  if (*end == WaitEnd::kCame) context_.out << called(project) << " deleted" << std::endl;
  return ended(*end, called(project) + " is still being deleted");
}

Exit Drain::look(std::vector<Project>& projects) {
  const auto end = wait_until(context_, api_, schema::event_subject("node", node_), patience_,
                              [&]() -> Result<bool> {
                                auto found = untried();
                                if (!found) return found.error();
                                projects = std::move(*found);
                                return true;
                              });
  if (!end) return say_error(context_, end.error());
  return ended(*end, "node/" + node_ + " may still hold projects");
}

Exit Drain::empty_node() {
  while (true) {
    std::vector<Project> projects;
    if (const Exit end = look(projects); end != kDone) return end;
    if (projects.empty()) return kDone;
    for (const Project& project : projects) {
      if (context_.interrupted()) return ended(WaitEnd::kInterrupted, called(project) + kStillHere);
      if (patience_.is_over(context_.mono_now()))
        return ended(WaitEnd::kTimedOut, called(project) + kStillHere);
      tried_.insert(attempt_of(project));
      const bool ending = project.status.phase == Phase::kTerminating;
      const Exit end = ending ? outlast(project) : move(project);
      if (end != kDone) return end;
    }
  }
}

Exit Drain::report(Exit end) {
  for (const std::string& line : complaints_) context_.err << line << "\n";
  if (!last_word_.empty()) say_error(context_, last_word_);
  if (end != kDone) return end;
  if (stay_ > 0) {
    say_error(context_, "node/" + node_ + " is not drained: " + std::to_string(stay_) +
                            (stay_ == 1 ? " project stays" : " projects stay"));
    return kRefused;
  }
  context_.out << "node/" << node_ << " drained" << std::endl;
  return complaints_.empty() ? kDone : kRefused;
}

Exit Drain::run() {
  const Exit end = cordon();
  return end == kDone ? report(empty_node()) : end;
}

Exit Drain::dry_run() {
  const auto node = get_node(api_, node_, kRequestTimeout);
  if (!node) return say_error(context_, node.error());
  const auto projects = untried();
  if (!projects) return say_error(context_, projects.error());
  for (const Project& project : *projects) {
    if (project.status.phase == Phase::kTerminating) {
      context_.out << called(project) << " is being deleted (dry run)\n";
      continue;
    }
    const auto reply = ask(project, context_.new_id(), true);
    if (reply) {
      context_.out << called(project) << " would move, for example to "
                   << schema::printable(reply->candidate, 253) << " (dry run)\n";
    } else if (reply.error().code == Code::kConflict) {
      ++stay_;
      context_.out.flush();
      context_.err << stays_text(project, reply.error()) << "\n";
    } else if (reply.error().code != Code::kNotFound) {
      return say_error(context_, reply.error());
    }
  }
  if (stay_ == 0) {
    context_.out << "node/" << node_ << " would be drained (dry run)" << std::endl;
    return kDone;
  }
  say_error(context_, "node/" + node_ + " cannot be drained: " + std::to_string(stay_) +
                          (stay_ == 1 ? " project stays" : " projects stay") + " (dry run)");
  return kRefused;
}

Exit run_drain(Context& context, const host::Flags& flags) {
  const auto nodes = parse_nodes(flags.positionals());
  if (!nodes) return say_usage(context, "drain", nodes.error().message);
  if (nodes->size() > 1) {
    return say_usage(context, "drain", "one node at a time: cordon the others first");
  }
  const Result<std::unique_ptr<Api>> api = connect(context, flags);
  if (!api) return say_error(context, api.error());
  Drain drain(context, **api, nodes->front(), {context.mono_now(), flags.duration("timeout")});
  return flags.enabled("dry-run") ? drain.dry_run() : drain.run();
}

}  // namespace

const Verb& drain_verb() {
  static const Verb kVerb{
      .name = "drain",
      .summary = "Move all projects away from a node",
      .usage = "drain NODE [FLAGS]",
      .details =
          "Cordons the node, then moves its projects one after another, each until it runs on\n"
          "another node; paused ones until they have one. Projects that are being deleted are\n"
          "waited for. What cannot move stays, and is named with the reason at the end. Ephemeral\n"
          "volumes do not move. The node stays cordoned, also after Ctrl-C and --timeout; a "
          "second\n"
          "drain goes on where the first one ended.\n\n"
          "Exit code 0: nothing is left on the node, and what left runs elsewhere; 1: something\n"
          "stays or fails elsewhere; 4: --timeout ran out.\n\n"
          "Examples:\n"
          "  caractrl drain worker-01\n"
          "  caractrl drain worker-01 --dry-run\n"
          "  caractrl drain worker-01 --timeout 10m\n",
      .flags = {switch_flag("dry-run", "Only say what would move and what would stay"),
                duration_flag("timeout", "How long to go on; 0: as long as it takes", "0")},
      .run = run_drain};
  return kVerb;
}

}  // namespace cara::cli
