#include "services/agent/docker/reference.h"

namespace cara::docker {

Reference split_reference(std::string_view reference) {
  std::string_view name = reference;
  std::string_view tag;
  if (const auto at = name.find('@'); at != std::string_view::npos) {
    tag = name.substr(at + 1);
    name = name.substr(0, at);
  }
  // A colon before the last slash is a registry's port.
  const auto slash = name.rfind('/');
  const auto colon = name.rfind(':');
  if (colon != std::string_view::npos && (slash == std::string_view::npos || colon > slash)) {
    if (tag.empty()) tag = name.substr(colon + 1);
    name = name.substr(0, colon);
  }
  return {std::string(name), tag.empty() ? "latest" : std::string(tag)};
}

std::string registry_of(std::string_view name) {
  // As Docker tells `team/app` from `host/app`: a host has a dot, a port, or is `localhost`.
  const auto slash = name.find('/');
  if (slash == std::string_view::npos) return kDefaultRegistry;
  const std::string_view first = name.substr(0, slash);
  const bool is_host = first.find_first_of(".:") != std::string_view::npos || first == "localhost";
  if (!is_host || first == "index.docker.io") return kDefaultRegistry;
  return std::string(first);
}

std::string full_reference(std::string_view reference) {
  const Reference parts = split_reference(reference);
  const std::string registry = registry_of(parts.name);
  std::string path = parts.name;
  for (const std::string_view host : {"docker.io/", "index.docker.io/"}) {
    if (path.starts_with(host)) path.erase(0, host.size());
  }
  if (registry != kDefaultRegistry) path.erase(0, registry.size() + 1);
  const bool official = registry == kDefaultRegistry && path.find('/') == std::string::npos;
  const bool by_digest = parts.tag.find(':') != std::string::npos;
  return registry + (official ? "/library/" : "/") + path + (by_digest ? "@" : ":") + parts.tag;
}

}  // namespace cara::docker
