#include "schema/made_from.h"

#include <algorithm>

#include "schema/codec.h"
#include "schema/wire.h"

namespace cara::schema {

std::string spec_hash(const ProjectSpec& spec, const ServiceDef& service) {
  ServiceDef made_from = service;
  const ServiceDef defaults;
  made_from.image_pull_policy = defaults.image_pull_policy;
  made_from.restart_policy = defaults.restart_policy;
  made_from.depends_on = defaults.depends_on;
  made_from.stop_grace_period = defaults.stop_grace_period;
  if (made_from.healthcheck) made_from.healthcheck->action = HealthAction::kNone;
  if (made_from.healthcheck == Healthcheck{}) made_from.healthcheck.reset();
  Value fields = changed_fields(made_from);
  Array volumes;
  for (const VolumeDef& volume : spec.volumes) {
    const bool mounted =
        std::any_of(service.volume_mounts.begin(), service.volume_mounts.end(),
                    [&](const VolumeMount& mount) { return mount.name == volume.name; });
    const bool matters = volume.type == VolumeType::kHostPath || volume.type == VolumeType::kConfig;
    if (mounted && matters) volumes.push_back(changed_fields(volume));
  }
  if (!volumes.empty()) fields.as_map()->push_back({"volumes", Value(std::move(volumes))});
  return hash_of(fields);
}

std::string network_hash(const NetworkDef& network) {
  const NetworkDef plain{.name = network.name};
  return network == plain ? "" : hash_of(changed_fields(network));
}

std::string content_hash(const VolumeDef& volume) {
  return volume.files.empty() ? "" : hash_of(changed_fields(volume));
}

std::vector<NetworkDef> own_networks(const ProjectSpec& spec) {
  std::vector<NetworkDef> own{{.name = kDefaultNetwork}};
  for (const NetworkDef& network : spec.networks) {
    if (network.name == kDefaultNetwork) {
      own.front() = network;
    } else if (!network.external) {
      own.push_back(network);
    }
  }
  return own;
}

std::vector<ServiceNetwork> memberships(const ServiceDef& service) {
  if (service.network_mode != kModeBridge) return {};
  if (!service.networks.empty()) return service.networks;
  return {{.name = kDefaultNetwork, .aliases = {}, .ipv4 = {}}};
}

bool may_start_first(const ProjectSpec& spec, const ServiceDef& service) {
  const UpdateOrder order = spec.update_policy.order;
  if (order == UpdateOrder::kStopFirst || what_stands_alone(service)) return false;
  if (order == UpdateOrder::kStartFirst) return true;
  return std::all_of(
      service.volume_mounts.begin(), service.volume_mounts.end(), [&](const VolumeMount& mount) {
        const auto volume =
            std::find_if(spec.volumes.begin(), spec.volumes.end(),
                         [&](const VolumeDef& each) { return each.name == mount.name; });
        const bool config = volume != spec.volumes.end() && volume->type == VolumeType::kConfig;
        return config || mount.read_only;
      });
}

}  // namespace cara::schema
