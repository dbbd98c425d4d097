#include "services/agent/docker/docker_config.h"

#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>

#include "services/agent/docker/reference.h"
#include "services/runtime/host/read_file.h"

namespace cara::docker {

using nlohmann::json;

namespace {

constexpr std::string_view kDigits =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";

std::string base64url(std::string_view bytes) {
  const std::string digits = std::string(kDigits) + "-_";
  std::string out;
  for (std::size_t i = 0; i < bytes.size(); i += 3) {
    std::uint32_t group = 0;
    for (std::size_t j = i; j < i + 3; ++j) {
      group = group << 8 | (j < bytes.size() ? static_cast<unsigned char>(bytes[j]) : 0U);
    }
    for (std::size_t j = 0; j < 4; ++j) {
      out.push_back(i + j > bytes.size() ? '=' : digits[group >> (18 - 6 * j) & 63]);
    }
  }
  return out;
}

std::optional<std::string> from_base64(std::string_view text) {
  const std::string digits = std::string(kDigits) + "+/";
  while (text.ends_with('=')) text.remove_suffix(1);
  std::string out;
  std::uint32_t bits = 0;
  int count = 0;
  for (const char c : text) {
    const auto digit = digits.find(c);
    if (digit == std::string::npos) return std::nullopt;
    bits = (bits << 6 | static_cast<std::uint32_t>(digit)) & 0xffffff;
    count += 6;
    if (count < 8) continue;
    count -= 8;
    out.push_back(static_cast<char>(bits >> count & 0xff));
  }
  return out;
}

std::string text(const json& object, const char* key) {
  if (!object.is_object()) return "";
  const auto found = object.find(key);
  return found != object.end() && found->is_string() ? found->get<std::string>() : "";
}

// `https://index.docker.io/v1/` is how Docker spells its own registry here.
std::string registry_of_key(std::string key) {
  for (const std::string_view scheme : {"https://", "http://"}) {
    if (key.starts_with(scheme)) key.erase(0, scheme.size());
  }
  key.resize(std::min(key.size(), key.find('/')));
  return key == "index.docker.io" || key == "registry-1.docker.io" ? kDefaultRegistry : key;
}

const json* find_registry(const json& config, const char* member, const std::string& registry) {
  const auto entries = config.find(member);
  if (entries == config.end() || !entries->is_object()) return nullptr;
  if (const auto exact = entries->find(registry); exact != entries->end()) return &*exact;
  for (const auto& [key, entry] : entries->items()) {
    if (registry_of_key(key) == registry) return &entry;
  }
  return nullptr;
}

// What the engine wants to know, as JSON; empty: the entry holds no credentials (a helper does).
std::string credentials(const json& entry, const std::string& registry) {
  json out{
      {"serveraddress", registry == kDefaultRegistry ? "https://index.docker.io/v1/" : registry}};
  std::string user = text(entry, "username");
  std::string password = text(entry, "password");
  if (const auto pair = from_base64(text(entry, "auth")); pair && !pair->empty()) {
    const auto colon = pair->find(':');
    if (colon == std::string::npos) return "";
    user = pair->substr(0, colon);
    password = pair->substr(colon + 1);
  }
  if (const std::string token = text(entry, "identitytoken"); !token.empty()) {
    out["identitytoken"] = token;
  } else if (!user.empty()) {
    out["username"] = user;
    out["password"] = password;
  } else {
    return "";
  }
  return out.dump(-1, ' ', false, json::error_handler_t::replace);
}

}  // namespace

RegistryLogin find_login(std::string_view config, const std::string& path,
                         const std::string& registry) {
  const json root = json::parse(config, nullptr, false);
  if (!root.is_object()) {
    return {"",
            path + " is no valid JSON object, so no credentials for " + registry + " are known"};
  }
  const json* entry = find_registry(root, "auths", registry);
  if (entry != nullptr) {
    if (const std::string found = credentials(*entry, registry); !found.empty()) {
      return {base64url(found), "the credentials for " + registry + " are from " + path};
    }
  }
  const json* own = find_registry(root, "credHelpers", registry);
  const std::string helper =
      own != nullptr && own->is_string() ? own->get<std::string>() : text(root, "credsStore");
  if (!helper.empty()) {
    return {"", path + " leaves the credentials for " + registry + " to the helper `" + helper +
                    "`, which the agent does not run; an entry under `auths` is needed"};
  }
  if (entry != nullptr) {
    return {"", "the entry for " + registry + " in " + path + " holds no readable credentials"};
  }
  return {"", path + " has no credentials for " + registry};
}

RegistryLogin read_login(const std::string& directory, const std::string& registry) {
  const std::string path = directory + "/config.json";
  const auto text = host::read_file(path);
  if (!text) return {"", "there is no readable " + path + " with credentials for " + registry};
  return find_login(*text, path, registry);
}

}  // namespace cara::docker
