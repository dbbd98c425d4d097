#include "services/agent/names.h"

#include "schema/codec.h"
#include "schema/wire.h"

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

Labels volume_labels(const Owner& owner, const schema::DesiredProject& desired,
                     const std::string& volume) {
  Labels labels = project_labels(owner, desired);
  labels[kLabelVolume] = volume;
  return labels;
}

Labels container_labels(const Owner& owner, const schema::DesiredProject& desired,
                        const schema::ServiceDef& service) {
  Labels labels = project_labels(owner, desired);
  labels[kLabelService] = service.name;
  labels[kLabelSpec] = spec_hash(service);
  return labels;
}

std::string spec_hash(const schema::ServiceDef& service) {
  return schema::hash_of(schema::changed_fields(service));
}

bool belongs_to(const Labels& labels, const schema::DesiredProject& desired) {
  return label(labels, kLabelUid) == desired.uid &&
         label(labels, kLabelAssignment) == std::to_string(desired.assignment);
}

ContainerSpec container_spec(const Owner& owner, const schema::DesiredProject& desired,
                             const schema::ServiceDef& service, const std::string& network_id) {
  ContainerSpec spec{.name = container_name(desired.name, service.name),
                     .image = service.image,
                     .env = service.env,
                     .mounts = {},
                     .network = network_id,
                     .aliases = {service.name},
                     .labels = container_labels(owner, desired, service)};
  for (const schema::VolumeMount& mount : service.volume_mounts) {
    spec.mounts.push_back({volume_name(desired.name, mount.name), mount.mount_path});
  }
  return spec;
}

}  // namespace cara::agent
