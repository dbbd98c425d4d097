#include "cli/rows.h"

#include <algorithm>

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

Cells joined(Cells cells, const Cells& more) {
  cells.insert(cells.end(), more.begin(), more.end());
  return cells;
}

// What its owner says, or else the first of its own.
std::string address_cell(const schema::NodeInfo& info) {
  const bool guess = info.address.empty() && !info.addresses.empty();
  return guess ? info.addresses.front() : or_else(info.address, "<none>");
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

Cells project_head(bool wide) {
  const Cells head{"NAME", "PHASE", "NODE", "CONDITIONS", "AGE"};
  return wide ? joined(head, {"GENERATION", "ASSIGNMENT", "SERVICES"}) : head;
}

Cells project_cells(const schema::Project& project, bool wide, Timestamp now) {
  const Cells cells{project.metadata.name, std::string(to_string(project.status.phase)),
                    or_else(project.status.node_ref, "<none>"), condition_cell(project.status),
                    age_of(project.metadata.created_at, now)};
  if (!wide) return cells;
  return joined(cells, {std::to_string(project.metadata.generation),
                        std::to_string(project.status.assignment), services_cell(project)});
}

Cells node_head(bool wide) {
  const Cells head{"NAME", "STATUS", "ADDRESS", "VERSION", "AGE"};
  if (!wide) return head;
  return joined(head,
                {"PROJECTS", "CPU", "MEMORY", "TAINTS", "OS-IMAGE", "ARCH", "KERNEL", "DOCKER"});
}

Cells node_cells(const schema::Node& node, const schema::Usage* usage, Timestamp now) {
  const schema::NodeInfo& info = node.status.info;
  const Cells cells{node.metadata.name, node_cell(node), address_cell(info),
                    or_else(info.agent_version, "-"), age_of(node.metadata.created_at, now)};
  if (usage == nullptr) return cells;
  return joined(cells, {std::to_string(usage->projects),
                        share_cell(usage->amounts.cpu_millis, info.allocatable,
                                   &schema::Amounts::cpu_millis, schema::format_cpu),
                        share_cell(usage->amounts.memory_bytes, info.allocatable,
                                   &schema::Amounts::memory_bytes, schema::format_memory),
                        std::to_string(node.spec.taints.size()), or_else(info.os, "-"),
                        or_else(info.architecture, "-"), or_else(info.kernel, "-"),
                        or_else(info.engine_version, "-")});
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

Cells event_head() { return {"AGE", "OBJECT", "ACTOR", "REASON", "COUNT", "MESSAGE"}; }

Cells event_cells(const schema::Event& event, Timestamp now) {
  return {
      age_of(event.last, now),     event.kind + "/" + event.name,        event.actor, event.reason,
      std::to_string(event.count), or_else(one_line(event.message), "-")};
}

}  // namespace cara::cli
