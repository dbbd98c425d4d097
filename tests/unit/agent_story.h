// Words for tests about services: what there is, what was done, what comes next.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "tests/unit/agent_world.h"

namespace cara::test {

inline schema::ServiceDef web(const std::string& name, const std::string& image = "web:1") {
  return {.name = name, .image = image};
}

inline schema::ServiceDef after(schema::ServiceDef service, const std::string& other,
                                schema::DependencyCondition condition, bool optional = false) {
  service.depends_on.push_back({other, condition, optional});
  return service;
}

// What was done to containers, in order: `create shop-web`, `start shop-web`, ...
inline std::vector<std::string> story(AgentWorld& world) {
  std::map<std::string, std::string> names;
  for (const auto& container : world.objects().containers) names[container.id] = container.name;
  std::vector<std::string> lines;
  for (const agent::EngineOp& op : world.done) {
    if (const auto* create = std::get_if<agent::CreateContainer>(&op)) {
      lines.push_back("create " + create->spec.name);
    } else if (const auto* start = std::get_if<agent::StartContainer>(&op)) {
      lines.push_back("start " + names[start->id]);
    } else if (std::holds_alternative<agent::StopContainer>(op)) {
      lines.push_back("stop");
    } else if (std::holds_alternative<agent::RemoveContainer>(op)) {
      lines.push_back("remove");
    } else if (const auto* rename = std::get_if<agent::RenameContainer>(&op)) {
      lines.push_back("rename to " + rename->name);
    }
  }
  return lines;
}
using Story = std::vector<std::string>;

inline agent::ContainerInfo container(AgentWorld& world, const std::string& name) {
  for (const auto& each : world.objects().containers) {
    if (each.name == name) return each;
  }
  FAIL("no container " << name);
  return {};
}

inline std::vector<std::string> names(AgentWorld& world) {
  std::vector<std::string> all;
  for (const auto& each : world.objects().containers) all.push_back(each.name);
  return all;
}

inline schema::DesiredProject next_generation(AgentWorld& world, const std::string& name) {
  auto project = world.desired.at(name);
  ++project.generation;
  return project;
}

}  // namespace cara::test
