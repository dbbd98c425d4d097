#include "cli/rows.h"

#include <algorithm>

namespace cara::cli {
namespace {

std::string or_else(const std::string& text, const char* otherwise) {
  return text.empty() ? otherwise : text;
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

std::string age_of(Timestamp time, Timestamp now) {
  if (!time.is_set()) return "-";
  return format_age(std::max<std::int64_t>(0, now.ms - time.ms));
}

std::string one_line(std::string text) {
  while (text.ends_with('\n')) text.pop_back();
  for (auto at = text.find('\n'); at != std::string::npos; at = text.find('\n', at)) {
    text.replace(at, 1, " | ");
  }
  return text;
}

Table project_table(const std::vector<schema::Project>& projects, Timestamp now) {
  Table table({"NAME", "PHASE", "NODE", "CONDITIONS", "AGE"});
  for (const schema::Project& project : projects) {
    table.add({project.metadata.name, std::string(to_string(project.status.phase)),
               or_else(project.status.node_ref, "<none>"), condition_cell(project.status),
               age_of(project.metadata.created_at, now)});
  }
  return table;
}

Table node_table(const std::vector<schema::Node>& nodes, Timestamp now) {
  Table table({"NAME", "STATUS", "ADDRESS", "VERSION", "AGE"});
  for (const schema::Node& node : nodes) {
    table.add({node.metadata.name, node_cell(node), or_else(node.status.info.address, "<none>"),
               or_else(node.status.info.agent_version, "-"),
               age_of(node.metadata.created_at, now)});
  }
  return table;
}

Table revision_table(const std::vector<schema::RevisionInfo>& revisions, Timestamp now) {
  Table table({"REVISION", "GENERATION", "AGE", "CAUSE", "HEALTHY", "CURRENT", "IMAGES"});
  for (const schema::RevisionInfo& revision : revisions) {
    std::string images;
    for (const std::string& image : revision.images) images += (images.empty() ? "" : ",") + image;
    table.add({std::to_string(revision.number), std::to_string(revision.generation),
               age_of(revision.at, now), std::string(to_string(revision.cause)),
               revision.healthy ? "yes" : "no", revision.current ? "yes" : "no",
               or_else(images, "-")});
  }
  return table;
}

Table event_table() { return Table({"AGE", "OBJECT", "ACTOR", "REASON", "COUNT", "MESSAGE"}); }

void add_event(Table& table, const schema::Event& event, Timestamp now) {
  table.add({age_of(event.last, now), event.kind + "/" + event.name, event.actor, event.reason,
             std::to_string(event.count), or_else(one_line(event.message), "-")});
}

}  // namespace cara::cli
