#include "schema/service.h"

#include <algorithm>
#include <string_view>

namespace cara::schema {

std::string joined_service(const std::string& mode) {
  constexpr std::string_view kPrefix = "Service:";
  return mode.starts_with(kPrefix) ? mode.substr(kPrefix.size()) : std::string();
}

std::vector<std::string> joined_services(const ServiceDef& service) {
  std::vector<std::string> names;
  for (const std::string* mode : {&service.network_mode, &service.pid_mode, &service.ipc_mode}) {
    std::string name = joined_service(*mode);
    const bool known = std::find(names.begin(), names.end(), name) != names.end();
    if (!name.empty() && !known) names.push_back(std::move(name));
  }
  return names;
}

std::vector<Dependency> dependencies_of(const ServiceDef& service) {
  std::vector<Dependency> all = service.depends_on;
  for (std::string& name : joined_services(service)) all.push_back({.service = std::move(name)});
  return all;
}

bool is_one_shot(const std::vector<ServiceDef>& services, const ServiceDef& service) {
  if (service.restart_policy != RestartPolicy::kAlways) return true;
  return std::any_of(services.begin(), services.end(), [&](const ServiceDef& other) {
    return std::any_of(other.depends_on.begin(), other.depends_on.end(),
                       [&](const Dependency& dependency) {
                         return dependency.service == service.name &&
                                dependency.condition == DependencyCondition::kCompleted;
                       });
  });
}

std::optional<std::string> what_stands_alone(const ServiceDef& service) {
  if (service.network_mode == kModeHost) return "the node's network";
  if (!joined_services(service).empty()) return "a namespace of another service";
  for (const PortDef& port : service.ports) {
    if (!port.host_port.empty()) return "a host port";
  }
  for (const ServiceNetwork& network : service.networks) {
    if (!network.ipv4.empty()) return "a fixed address";
  }
  return std::nullopt;
}

const ServiceDef* find_service(const std::vector<ServiceDef>& services, const std::string& name) {
  const auto found = std::find_if(services.begin(), services.end(),
                                  [&](const ServiceDef& each) { return each.name == name; });
  return found == services.end() ? nullptr : &*found;
}

}  // namespace cara::schema
