#include "services/agent/node_rules.h"

#include <algorithm>

namespace cara::agent {
namespace {

// What takes from the isolation between a container and its node.
std::vector<std::string> weakenings(const schema::ServiceDef& service) {
  std::vector<std::string> found;
  if (service.privileged) found.push_back("privileged");
  if (!service.capabilities.add.empty()) found.push_back("capabilities.add");
  if (!service.security_opt.empty()) found.push_back("securityOpt");
  if (!service.devices.empty()) found.push_back("devices");
  if (service.network_mode == schema::kModeHost) found.push_back("networkMode Host");
  if (service.pid_mode == schema::kModeHost) found.push_back("pidMode Host");
  if (service.ipc_mode == schema::kModeHost) found.push_back("ipcMode Host");
  return found;
}

}  // namespace

bool matches(std::string_view pattern, std::string_view text) {
  const std::size_t star = pattern.find('*');
  if (star == std::string_view::npos) return pattern == text;
  if (!text.starts_with(pattern.substr(0, star))) return false;
  text.remove_prefix(star);
  pattern.remove_prefix(star + 1);
  for (std::size_t skipped = 0; skipped <= text.size(); ++skipped) {
    if (matches(pattern, text.substr(skipped))) return true;
  }
  return false;
}

std::vector<std::string> forbidden(const schema::ProjectSpec& spec, const NodeRules& rules) {
  std::vector<std::string> reasons;
  for (const schema::ServiceDef& service : spec.services) {
    if (rules.allow_privileged) break;
    for (const std::string& what : weakenings(service)) {
      reasons.push_back("service `" + service.name + "`: this node does not allow " + what +
                        " (--allow-privileged=false)");
    }
  }
  for (const schema::VolumeDef& volume : spec.volumes) {
    if (volume.type != schema::VolumeType::kHostPath) continue;
    const bool allowed =
        std::any_of(rules.host_paths.begin(), rules.host_paths.end(),
                    [&](const std::string& pattern) { return matches(pattern, volume.path); });
    if (allowed) continue;
    reasons.push_back("volume `" + volume.name + "`: this node does not allow the path " +
                      volume.path + " (--allow-host-path)");
  }
  return reasons;
}

}  // namespace cara::agent
