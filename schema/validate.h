// What a Project must satisfy across its fields; single fields are checked while decoding.
#pragma once

#include <string>
#include <vector>

#include "schema/types.h"

namespace cara::schema {

std::vector<FieldError> validate(const ProjectSpec& spec);

// Names of Docker objects. Two projects can make the same one (`a-b`/`c` and `a`/`b-c`), so the
// apiserver lets the first that claims a name have it.
std::string network_name(const std::string& project, const std::string& network = kDefaultNetwork);
std::string container_name(const std::string& project, const std::string& service);
std::string volume_name(const std::string& project, const std::string& volume);

// The cluster-wide names a project needs, as `container/<name>`, `volume/<name>`,
// `network/<name>`, `host/<name>`.
std::vector<std::string> claimed_names(const Project& project);

struct IngressDomain {
  std::string environment = "default";
  std::string base_domain = "cara.internal";
};
inline constexpr const char* kEnvironmentLabel = "caravanserai.io/environment";
// Verbatim if it has a dot, else `{host}.{environment}.{baseDomain}`; lower case.
std::string resolve_host(const IngressDef& ingress, const Project& project,
                         const IngressDomain& domain);

}  // namespace cara::schema
