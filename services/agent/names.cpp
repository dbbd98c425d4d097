#include "services/agent/names.h"

namespace cara::agent {

std::string label(const Labels& labels, const char* key) {
  const auto found = labels.find(key);
  return found == labels.end() ? std::string() : found->second;
}

Labels project_selector(const Owner& owner, const std::string& project) {
  return {{kLabelNode, owner.node}, {kLabelCluster, owner.cluster}, {kLabelProject, project}};
}

Labels project_labels(const Owner& owner, const schema::DesiredProject& desired) {
  Labels labels = project_selector(owner, desired.name);
  labels[kLabelUid] = desired.uid;
  labels[kLabelAssignment] = std::to_string(desired.assignment);
  return labels;
}

Labels network_labels(const Owner& owner, const schema::DesiredProject& desired,
                      const schema::NetworkDef& network) {
  Labels labels = project_labels(owner, desired);
  if (std::string hash = network_hash(network); !hash.empty()) labels[kLabelSpec] = std::move(hash);
  return labels;
}

Labels volume_labels(const Owner& owner, const schema::DesiredProject& desired,
                     const schema::VolumeDef& volume) {
  // A volume that outlives its project belongs to the next one of that name.
  const bool keep = volume.type == schema::VolumeType::kPersistent;
  Labels labels = keep ? project_selector(owner, desired.name) : project_labels(owner, desired);
  labels[kLabelVolume] = volume.name;
  if (keep) labels[kLabelKeep] = "true";
  return labels;
}

Labels container_labels(const Owner& owner, const schema::DesiredProject& desired,
                        const schema::ServiceDef& service) {
  Labels labels = project_labels(owner, desired);
  labels[kLabelService] = service.name;
  labels[kLabelSpec] = spec_hash(desired.spec, service);
  std::string after;
  for (const schema::Dependency& dependency : schema::dependencies_of(service)) {
    after += (after.empty() ? "" : ",") + dependency.service;
  }
  if (!after.empty()) labels[kLabelAfter] = std::move(after);
  return labels;
}

bool belongs_to(const Labels& labels, const schema::DesiredProject& desired) {
  return label(labels, kLabelUid) == desired.uid &&
         label(labels, kLabelAssignment) == std::to_string(desired.assignment);
}

std::string next_container_name(const std::string& project, const std::string& service) {
  return container_name(project, service) + ".next";
}

namespace {

std::string found(const std::map<std::string, std::string>& ids, const std::string& name) {
  const auto it = ids.find(name);
  return it == ids.end() ? std::string() : it->second;
}

Mount mount_of(const schema::DesiredProject& desired, const schema::VolumeMount& mount) {
  Mount out{.volume = volume_name(desired.name, mount.name),
            .path = mount.mount_path,
            .read_only = mount.read_only,
            .sub_path = mount.sub_path,
            .host_path = {}};
  for (const schema::VolumeDef& volume : desired.spec.volumes) {
    if (volume.name != mount.name) continue;
    if (volume.type == schema::VolumeType::kConfig) out.read_only = true;
    if (volume.type != schema::VolumeType::kHostPath) continue;
    out.volume.clear();
    out.host_path = volume.path;
  }
  return out;
}

}  // namespace

ContainerSpec container_spec(const Owner& owner, const schema::DesiredProject& desired,
                             const schema::ServiceDef& service, const Surroundings& around) {
  ContainerSpec spec{
      .name = container_name(desired.name, service.name),
      .service = service,
      .mounts = {},
      .endpoints = {},
      .network_of = found(around.containers, schema::joined_service(service.network_mode)),
      .pid_of = found(around.containers, schema::joined_service(service.pid_mode)),
      .ipc_of = found(around.containers, schema::joined_service(service.ipc_mode)),
      .labels = container_labels(owner, desired, service)};
  for (const schema::VolumeMount& mount : service.volume_mounts) {
    spec.mounts.push_back(mount_of(desired, mount));
  }
  for (const schema::ServiceNetwork& membership : memberships(service)) {
    Endpoint endpoint{.network = found(around.networks, membership.name),
                      .aliases = {service.name},
                      .ipv4 = membership.ipv4};
    for (const auto* more : {&service.aliases, &membership.aliases}) {
      endpoint.aliases.insert(endpoint.aliases.end(), more->begin(), more->end());
    }
    spec.endpoints.push_back(std::move(endpoint));
  }
  return spec;
}

}  // namespace cara::agent
