#include "cli/goal.h"

#include <algorithm>

#include "cli/rows.h"
#include "schema/formats.h"
#include "schema/lifecycle.h"
#include "schema/time.h"
#include "schema/words.h"

namespace cara::cli {
namespace {

using schema::Phase;
using schema::Project;

constexpr std::size_t kMaxState = 512;

const std::vector<std::string>& phases() {
  static const std::vector<std::string> kPhases = [] {
    std::vector<std::string> names;
    for (const Phase phase : {Phase::kPending, Phase::kScheduled, Phase::kRunning, Phase::kFailed,
                              Phase::kTerminating, Phase::kTerminated}) {
      names.emplace_back(to_string(phase));
    }
    return names;
  }();
  return kPhases;
}

Result<Goal> parse_phase(const std::string& word) {
  const auto& known = phases();
  if (std::find(known.begin(), known.end(), word) != known.end()) {
    return Goal{.what = Goal::What::kPhase, .word = word};
  }
  return invalid("`" + schema::printable(word) + "` is no phase" +
                 schema::hint_for(word, known, "there are " + schema::joined(known)));
}

bool has_condition(const Goal& goal, const std::vector<schema::Condition>& conditions) {
  const schema::Condition* found = find_condition(conditions, goal.word);
  return (found == nullptr ? "False" : found->status) == goal.status;
}

const schema::Condition* phase_of(const Project& project) {
  return find_condition(project.status.conditions, schema::kConditionPhase);
}

// What the Phase condition says, on one line.
std::string reason_of(const Project& project) {
  const auto* phase = phase_of(project);
  if (phase == nullptr) return "";
  return schema::printable(one_line(phase->message.empty() ? phase->reason : phase->message),
                           kMaxState);
}

bool is_reported(const Project& project) {
  return project.status.observed_generation >= project.metadata.generation;
}

std::string state_of(const Project& project) {
  const schema::ProjectStatus& status = project.status;
  std::string text(to_string(status.phase));
  if (!status.node_ref.empty()) text += " on node/" + schema::printable(status.node_ref, 253);
  // While a node makes the newer spec, what was said last is of the one before.
  if (!is_reported(project) && status.phase == Phase::kRunning) {
    return text + ": generation " + std::to_string(project.metadata.generation) + " is on its way";
  }
  const std::string reason = reason_of(project);
  return text + (reason.empty() ? "" : ": " + reason);
}

std::vector<std::string> services_of(const Project& project) {
  std::vector<std::string> lines;
  std::size_t width = 0;
  for (const auto& service : project.status.services) width = std::max(width, service.name.size());
  for (const schema::ServiceStatus& service : project.status.services) {
    std::string line = service.name + std::string(width - service.name.size() + 2, ' ') +
                       service.state + (service.health.empty() ? "" : ", " + service.health);
    if (service.exit_code != 0) line += ", exit code " + std::to_string(service.exit_code);
    if (service.restarts > 0) line += ", " + std::to_string(service.restarts) + " restarts";
    lines.push_back(schema::printable(line, kMaxState));
  }
  return lines;
}

bool is_paused(const Project& project) {
  const auto* phase = phase_of(project);
  return project.status.phase == Phase::kScheduled && phase != nullptr && phase->reason == "Paused";
}

// Nobody will do anything more about the generation that was applied.
std::string given_up(const Goal& goal, const Project& project, runtime::Duration waited) {
  const schema::ProjectStatus& status = project.status;
  if (project.metadata.generation != goal.generation) {
    const auto* back = find_condition(status.conditions, schema::kConditionRolledBack);
    if (back != nullptr)
      return "it was rolled back: " + schema::printable_lines(back->message, 4096);
    return "it was changed by somebody else: it is at generation " +
           std::to_string(project.metadata.generation) + ", not " + std::to_string(goal.generation);
  }
  if (schema::is_ending(status.phase)) return "it is being deleted";
  const auto deadline = parse_duration_ms(project.spec.update_policy.healthy_deadline);
  const bool over = deadline && waited >= std::chrono::milliseconds(*deadline);
  if (status.phase != Phase::kFailed || !is_reported(project) || !over) return "";
  const auto* phase = phase_of(project);
  return "it is Failed" +
         (phase == nullptr ? "" : ": " + schema::printable_lines(phase->message, 4096));
}

}  // namespace

Result<Goal> parse_goal(std::string_view text) {
  if (text == "delete") return Goal{.what = Goal::What::kGone};
  const std::size_t equals = text.find('=');
  const std::string_view what = text.substr(0, equals);
  const std::string word(equals == std::string_view::npos ? "" : text.substr(equals + 1));
  if (what == "phase" && !word.empty()) return parse_phase(word);
  if (what == "condition" && !word.empty()) {
    const std::size_t next = word.find('=');
    return Goal{.what = Goal::What::kCondition,
                .word = word.substr(0, next),
                .status = next == std::string::npos ? "True" : word.substr(next + 1)};
  }
  return invalid("--for takes phase=PHASE, condition=TYPE[=STATUS] or delete, not `" +
                 schema::printable(text) + "`");
}

Progress judge(const Goal& goal, const Project& project, runtime::Duration waited) {
  Progress progress{.state = state_of(project), .services = services_of(project)};
  const schema::ProjectStatus& status = project.status;
  switch (goal.what) {
    case Goal::What::kPhase:
      // Running and Failed are said of a spec.
      progress.met = to_string(status.phase) == goal.word &&
                     (is_reported(project) || !schema::is_bound(status.phase) ||
                      status.phase == Phase::kScheduled || status.phase == Phase::kTerminating);
      break;
    case Goal::What::kCondition:
      progress.met = has_condition(goal, status.conditions);
      break;
    case Goal::What::kGone:
      break;
    case Goal::What::kGeneration:
      progress.failure = given_up(goal, project, waited);
      progress.met = progress.failure.empty() && is_reported(project) &&
                     (project.spec.paused ? is_paused(project) : status.phase == Phase::kRunning);
      break;
  }
  return progress;
}

Progress judge(const Goal& goal, const schema::Node& node) {
  Progress progress{.state = std::string(to_string(node.status.state))};
  if (goal.what == Goal::What::kPhase) progress.met = to_string(node.status.state) == goal.word;
  if (goal.what == Goal::What::kCondition) {
    progress.met = has_condition(goal, node.status.conditions);
  }
  return progress;
}

}  // namespace cara::cli
