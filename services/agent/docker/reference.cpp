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

std::string percent_encode(std::string_view text, std::string_view keep) {
  constexpr std::string_view kHex = "0123456789ABCDEF";
  constexpr std::string_view kPlain =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~";
  std::string out;
  for (const char c : text) {
    if (kPlain.find(c) != std::string_view::npos || keep.find(c) != std::string_view::npos) {
      out.push_back(c);
      continue;
    }
    const auto byte = static_cast<unsigned char>(c);
    out.push_back('%');
    out.push_back(kHex[byte >> 4]);
    out.push_back(kHex[byte & 15]);
  }
  return out;
}

}  // namespace cara::docker
