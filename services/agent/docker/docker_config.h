// Credentials for registries, from the file that `docker login` writes: config.json
// (https://docs.docker.com/reference/cli/docker/#configuration-files).
#pragma once

#include <string>
#include <string_view>

namespace cara::docker {

struct RegistryLogin {
  // The value of X-Registry-Auth: a secret. Empty: there are no credentials.
  std::string header;
  // For the user, should the registry refuse: where the credentials are from, or why there are
  // none.
  std::string remark;
};

// `path` is where the file is, for the remark. `registry` as registry_of() gives it.
RegistryLogin find_login(std::string_view config, const std::string& path,
                         const std::string& registry);
// Reads DIRECTORY/config.json: now, so that a login is seen.
RegistryLogin read_login(const std::string& directory, const std::string& registry);

}  // namespace cara::docker
