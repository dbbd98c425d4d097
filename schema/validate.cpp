#include "schema/validate.h"

#include <algorithm>
#include <set>

#include "schema/formats.h"
#include "schema/idn.h"
#include "schema/validate_services.h"

namespace cara::schema {
std::vector<FieldError> validate(const ProjectSpec& spec) {
  std::vector<FieldError> errors;
  check_volumes(spec, errors);
  check_networks(spec, errors);
  check_services(spec, errors);
  check_update_policy(spec, errors);
  check_ingress(spec, errors);
  check_tolerations(spec, errors);
  return errors;
}

std::string network_name(const std::string& project, const std::string& network) {
  return network == kDefaultNetwork ? "cara-" + project : "cara-" + project + "-" + network;
}

std::string container_name(const std::string& project, const std::string& service) {
  return project + "-" + service;
}

std::string volume_name(const std::string& project, const std::string& volume) {
  return "cara-" + project + "-" + volume;
}

std::vector<std::string> claimed_names(const Project& project) {
  std::set<std::string> names;
  for (const ServiceDef& service : project.spec.services) {
    names.insert("container/" + container_name(project.metadata.name, service.name));
  }
  for (const VolumeDef& volume : project.spec.volumes) {
    if (volume.type == VolumeType::kHostPath) continue;
    names.insert("volume/" + volume_name(project.metadata.name, volume.name));
  }
  names.insert("network/" + network_name(project.metadata.name, kDefaultNetwork));
  for (const NetworkDef& network : project.spec.networks) {
    if (!network.external) {
      names.insert("network/" + network_name(project.metadata.name, network.name));
    }
  }
  for (const IngressStatus& ingress : project.status.ingress) names.insert("host/" + ingress.host);
  return {names.begin(), names.end()};
}

std::string resolve_host(const IngressDef& ingress, const Project& project,
                         const IngressDomain& domain) {
  const bool root = ingress.host.ends_with('.');
  const auto ascii = [](const std::string& text) {
    const Result<std::string> host = ascii_host(text);
    return host ? *host : text;
  };
  const std::string host = ascii(ingress.host);
  if (root || host.find('.') != std::string::npos) return host;
  const auto label = project.metadata.labels.find(kEnvironmentLabel);
  const std::string& environment =
      label == project.metadata.labels.end() ? domain.environment : label->second;
  return ascii(host + "." + environment + "." + domain.base_domain);
}

}  // namespace cara::schema
