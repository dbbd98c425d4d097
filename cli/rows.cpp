#include "cli/rows.h"

#include <algorithm>
#include <map>

#include "schema/fit.h"
#include "schema/lifecycle.h"
#include "schema/quantity.h"

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
  for (const char* type : {schema::kConditionDiskPressure, schema::kConditionMemoryPressure,
                           schema::kConditionIngressDown}) {
    const schema::Condition* trouble = find_condition(node.status.conditions, type);
    if (trouble != nullptr && trouble->status == "True") text += std::string(",") + type;
  }
  if (node.spec.unschedulable) text += ",SchedulingDisabled";
  return text;
}

using Cells = std::vector<std::string>;

Cells joined(Cells cells, const Cells& more) {
  cells.insert(cells.end(), more.begin(), more.end());
  return cells;
}

const Cells kProjectHead{"NAME", "PHASE", "NODE", "CONDITIONS", "AGE"};
Cells project_cells(const schema::Project& project, Timestamp now) {
  return {project.metadata.name, std::string(to_string(project.status.phase)),
          or_else(project.status.node_ref, "<none>"), condition_cell(project.status),
          age_of(project.metadata.created_at, now)};
}

// What its owner says, or else the first of its own.
std::string address_cell(const schema::NodeInfo& info) {
  const bool guess = info.address.empty() && !info.addresses.empty();
  return guess ? info.addresses.front() : or_else(info.address, "<none>");
}

const Cells kNodeHead{"NAME", "STATUS", "ADDRESS", "VERSION", "AGE"};
Cells node_cells(const schema::Node& node, Timestamp now) {
  return {node.metadata.name, node_cell(node), address_cell(node.status.info),
          or_else(node.status.info.agent_version, "-"), age_of(node.metadata.created_at, now)};
}

// `1/2`: of its services, those that run and are not unhealthy.
std::string services_cell(const schema::Project& project) {
  const auto& statuses = project.status.services;
  const auto ready = std::count_if(statuses.begin(), statuses.end(), [](const auto& service) {
    return service.state == "running" && (service.health.empty() || service.health == "healthy");
  });
  return std::to_string(ready) + "/" + std::to_string(project.spec.services.size());
}

std::string share_cell(std::int64_t asked, const std::optional<schema::Amounts>& all,
                       std::int64_t schema::Amounts::*amount, std::string (*show)(std::int64_t)) {
  return show(asked) + "/" + (all ? show((*all).*amount) : "-");
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
  Table table(kProjectHead);
  for (const schema::Project& project : projects) table.add(project_cells(project, now));
  return table;
}

Table wide_project_table(const std::vector<schema::Project>& projects, Timestamp now) {
  Table table(joined(kProjectHead, {"GENERATION", "ASSIGNMENT", "SERVICES"}));
  for (const schema::Project& project : projects) {
    table.add(joined(project_cells(project, now),
                     {std::to_string(project.metadata.generation),
                      std::to_string(project.status.assignment), services_cell(project)}));
  }
  return table;
}

Table node_table(const std::vector<schema::Node>& nodes, Timestamp now) {
  Table table(kNodeHead);
  for (const schema::Node& node : nodes) table.add(node_cells(node, now));
  return table;
}

Table wide_node_table(const std::vector<schema::Node>& nodes,
                      const std::vector<schema::Project>& projects, Timestamp now) {
  std::map<std::string, schema::Usage> usages;
  for (const schema::Project& project : projects) {
    if (!schema::is_bound(project.status.phase)) continue;
    schema::add_to(usages[project.status.node_ref], schema::demand_of(project.spec));
  }
  Table table(joined(
      kNodeHead, {"PROJECTS", "CPU", "MEMORY", "TAINTS", "OS-IMAGE", "ARCH", "KERNEL", "DOCKER"}));
  for (const schema::Node& node : nodes) {
    const schema::NodeInfo& info = node.status.info;
    const schema::Usage& usage = usages[node.metadata.name];
    table.add(joined(node_cells(node, now),
                     {std::to_string(usage.projects),
                      share_cell(usage.amounts.cpu_millis, info.allocatable,
                                 &schema::Amounts::cpu_millis, schema::format_cpu),
                      share_cell(usage.amounts.memory_bytes, info.allocatable,
                                 &schema::Amounts::memory_bytes, schema::format_memory),
                      std::to_string(node.spec.taints.size()), or_else(info.os, "-"),
                      or_else(info.architecture, "-"), or_else(info.kernel, "-"),
                      or_else(info.engine_version, "-")}));
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
