#include "tests/sim/history_checks.h"

#include <fmt/format.h>

#include "schema/wire.h"
#include "services/runtime/calls.h"

namespace cara::sim {

void HistoryChecks::look(const Snapshot& now) {
  State state{.from = cluster_.world().now(),
              .revision = cluster_.store().revision(),
              .projects = {},
              .uids = {}};
  for (const auto& [name, project] : now.projects) {
    state.projects[name] = project.metadata.revision;
    state.uids[name] = project.metadata.uid;
  }
  states_.push_back(std::move(state));
}

void HistoryChecks::on_request(const runtime::Request& request) {
  const auto call = schema::parse_api_subject(request.subject);
  CARA_CHECK(call.has_value());
  const auto one = schema::unpack_message<schema::GetRequest>(request.body);
  open_[request.id] = {call->verb == "get" ? one->name : "", cluster_.world().now()};
}

void HistoryChecks::on_event(const runtime::Event& event) {
  const auto* answer = std::get_if<runtime::Answered>(&event);
  if (answer == nullptr) return;
  const auto found = open_.find(answer->id);
  if (found == open_.end()) return;
  const Question question = found->second;
  open_.erase(found);
  if (question.project.empty()) {
    check_list(question, *answer);
  } else {
    check_one(question, *answer);
  }
}

template <class Fits>
bool HistoryChecks::any_since(MonoTime asked, const Fits& fits) const {
  for (std::size_t i = states_.size(); i-- > 0;) {
    if (fits(states_[i == 0 ? 0 : i - 1], states_[i])) return true;
    if (states_[i].from < asked) return false;
  }
  return false;
}

// What is read is what was there at some moment between question and answer: with every write in
// the order of the store's revisions, that makes the history linearizable [I9].
void HistoryChecks::check_one(const Question& question, const runtime::Answered& answer) {
  const auto reply = runtime::open<schema::ProjectReply>(answer);
  if (!reply.ok() && reply.error().code != Code::kNotFound) return;
  if (reply.ok()) check_secrets(reply->project);
  const std::int64_t told = reply.ok() ? reply->project.metadata.revision : 0;
  const bool was_so = any_since(question.asked, [&](const State& before, const State& state) {
    const auto is = state.projects.find(question.project);
    const bool in_time = state.from >= question.asked;
    if (told == 0 && is == state.projects.end()) return true;
    // Or between two writes of one batch, which removed it and made it anew.
    const auto was = before.uids.find(question.project);
    if (told == 0) {
      return in_time && was != before.uids.end() && was->second != state.uids.at(question.project);
    }
    const bool is_inside = in_time && before.revision < told && told <= state.revision;
    return is_inside || (is != state.projects.end() && is->second == told);
  });
  if (was_so) return;
  fail_(fmt::format(
      "the reader is told that project {} {}, and while it waited that never was [I9]",
      question.project, told == 0 ? "does not exist" : fmt::format("is at revision {}", told)));
}

// A list is all that there was at its revision [I9].
void HistoryChecks::check_list(const Question& question, const runtime::Answered& answer) {
  const auto reply = runtime::open<schema::ProjectListReply>(answer);
  if (!reply.ok()) return;
  CARA_CHECK(reply->next.empty());  // so few projects are one page
  Revisions told;
  for (const schema::Project& project : reply->projects) {
    told[project.metadata.name] = project.metadata.revision;
    check_secrets(project);
  }
  const bool was_so = any_since(question.asked, [&](const State& before, const State& state) {
    if (state.revision == reply->revision) return state.projects == told;
    return before.revision < reply->revision && reply->revision < state.revision;
  });
  if (was_so) return;
  fail_(fmt::format("the reader is given a list of revision {} that is not what there was [I9]",
                    reply->revision));
}

// Nobody but an admin reads values of variables [I36].
void HistoryChecks::check_secrets(const schema::Project& project) {
  for (const schema::ServiceDef& service : project.spec.services) {
    for (const schema::EnvVar& variable : service.env) {
      if (variable.value.empty()) continue;
      fail_("the reader is told a value of project " + project.metadata.name + " [I36]");
    }
  }
}

}  // namespace cara::sim
