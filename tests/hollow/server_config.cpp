#include "tests/hollow/server_config.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "schema/permissions.h"

namespace cara::hollow {
namespace {

using schema::Identity;

std::string user(const Identity& who) {
  const auto list = [](const std::vector<std::string>& subjects) {
    return fmt::format("[\"{}\"]", fmt::join(subjects, "\", \""));
  };
  const schema::Permissions lists = schema::permissions_of(who);
  return fmt::format(
      "    {{user: \"{}\", password: \"{}\", permissions: {{\n"
      "      subscribe: {{allow: {}}}\n"
      "      publish: {{allow: {}}}}}}}\n",
      user_of(who), password_of(who), list(lists.subscribe), list(lists.publish));
}

}  // namespace

std::string user_of(const Identity& identity) {
  return fmt::format("{}-{}", schema::to_string(identity.role), identity.id);
}

std::string password_of(const Identity& identity) { return "password-of-" + user_of(identity); }

std::string server_config(const ServerConfigOptions& options) {
  std::string text = fmt::format(
      "max_payload: 1MB\n"
      "max_pending: 16MB\n"
      "max_connections: {}\n"
      "max_subscriptions: 128\n"
      "write_deadline: \"5s\"\n"
      "ping_interval: \"5s\"\n"
      "ping_max: 2\n"
      "authorization {{\n"
      "  timeout: 3\n"
      "  users: [\n",
      options.max_connections);
  for (const Identity& who : options.identities) text += user(who);
  return text + "  ]\n}\n";
}

}  // namespace cara::hollow
