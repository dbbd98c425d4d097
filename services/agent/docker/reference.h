// Image references (https://docs.docker.com/reference/cli/docker/image/tag/) as the pull API wants
// them: the name, and the tag or digest, apart.
#pragma once

#include <string>
#include <string_view>

#include "services/agent/percent_encode.h"

namespace cara::docker {

using agent::percent_encode;

struct Reference {
  std::string name;  // with the registry, if it was named: `localhost:5000/team/app`
  std::string tag;   // a tag or `sha256:...`; `latest` if the reference had neither
  bool operator==(const Reference&) const = default;
};

// A digest wins over a tag, as it does for `docker pull`.
Reference split_reference(std::string_view reference);

inline constexpr const char* kDefaultRegistry = "docker.io";
// `localhost:5000` of `localhost:5000/team/app`; kDefaultRegistry if the name has none.
std::string registry_of(std::string_view name);
// One spelling for each image: `docker.io/library/nginx:latest` of `nginx`.
std::string full_reference(std::string_view reference);

}  // namespace cara::docker
