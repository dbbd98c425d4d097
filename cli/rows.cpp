#include "cli/rows.h"

#include <algorithm>

namespace cara::cli {
namespace {

std::string or_else(const std::string& text, const char* otherwise) {
  return text.empty() ? otherwise : text;
}

// An object of the server's future is a clock that is off, not an age.
std::string age_of(const schema::Metadata& metadata, Timestamp now) {
  if (!metadata.created_at.is_set()) return "-";
  return format_age(std::max<std::int64_t>(0, now.ms - metadata.created_at.ms));
}

std::string condition_cell(const schema::ProjectStatus& status) {
  // On a node that nobody hears from, Running is only the last thing that was known.
  const bool lost = find_condition(status.conditions, schema::kConditionNotReadyAt) != nullptr;
  if (status.phase == schema::Phase::kRunning) return lost ? "NodeNotReady" : "ContainersRunning";
  const schema::Condition* phase = find_condition(status.conditions, schema::kConditionPhase);
  return phase == nullptr ? "-" : or_else(phase->reason, "-");
}

std::string node_cell(const schema::Node& node) {
  std::string text(to_string(node.status.state));
  const schema::Condition* engine =
      find_condition(node.status.conditions, schema::kConditionEngine);
  const bool ready = node.status.state == schema::NodeState::kReady;
  if (ready && engine != nullptr && engine->status != "True") text += "," + engine->reason;
  if (node.spec.unschedulable) text += ",SchedulingDisabled";
  return text;
}

}  // namespace

Table project_table(const std::vector<schema::Project>& projects, Timestamp now) {
  Table table({"NAME", "PHASE", "NODE", "CONDITIONS", "AGE"});
  for (const schema::Project& project : projects) {
    table.add({project.metadata.name, std::string(to_string(project.status.phase)),
               or_else(project.status.node_ref, "<none>"), condition_cell(project.status),
               age_of(project.metadata, now)});
  }
  return table;
}

Table node_table(const std::vector<schema::Node>& nodes, Timestamp now) {
  Table table({"NAME", "STATUS", "ADDRESS", "VERSION", "AGE"});
  for (const schema::Node& node : nodes) {
    table.add({node.metadata.name, node_cell(node), or_else(node.status.info.address, "<none>"),
               or_else(node.status.info.agent_version, "-"), age_of(node.metadata, now)});
  }
  return table;
}

}  // namespace cara::cli
