#include "tests/hollow/server_config.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "services/apiserver/operations.h"

namespace cara::hollow {
namespace {

using schema::Identity;
using schema::Role;
using Subjects = std::vector<std::string>;

std::string inboxes(const Identity& who) { return schema::inbox_prefix(who) + ".>"; }

// A subscription without this queue group is refused.
std::string in_queue(const std::string& subject, const std::string& queue) {
  return subject + " " + queue;
}

Subjects subscriptions(const Identity& who) {
  switch (who.role) {
    case Role::kApiserver:
      return {in_queue(schema::kApiSubjects, schema::kApiQueue),
              in_queue(schema::kHeartbeatSubjects, schema::kApiQueue), schema::kApiserverAlive,
              inboxes(who)};
    case Role::kSched:
      return {schema::kSchedAll, inboxes(who)};
    case Role::kGc:
      return {in_queue(schema::kGcWake, schema::kGcQueue), inboxes(who)};
    case Role::kAgent:
      return {schema::node_wake_subject(who.id), schema::kNodeAllWake, inboxes(who)};
    case Role::kAdmin:
    case Role::kViewer:
      return {schema::kEventSubjects, inboxes(who)};
  }
  return {};
}

// What the apiserver's table lets this role ask.
Subjects operations_of(const Identity& who) {
  Subjects subjects;
  for (const apiserver::Operation& operation : apiserver::operations()) {
    if (apiserver::may_call(operation, who.role)) {
      subjects.push_back(schema::api_subject(who, operation.name));
    }
  }
  return subjects;
}

Subjects publications(const Identity& who) {
  if (who.role != Role::kApiserver) {
    Subjects subjects = operations_of(who);
    if (who.role == Role::kAgent) subjects.push_back(schema::heartbeat_subject(who.id));
    return subjects;
  }
  Subjects subjects{"cara.v1.node.*.wake", schema::kSchedAll, schema::kGcWake,
                    schema::kEventSubjects, schema::kApiserverAlive};
  for (const Role role :
       {Role::kApiserver, Role::kSched, Role::kGc, Role::kAgent, Role::kAdmin, Role::kViewer}) {
    subjects.push_back(fmt::format("_INBOX.{}.>", schema::to_string(role)));
  }
  return subjects;
}

std::string user(const Identity& who) {
  const auto list = [](const Subjects& subjects) {
    return fmt::format("[\"{}\"]", fmt::join(subjects, "\", \""));
  };
  return fmt::format(
      "    {{user: \"{}\", password: \"{}\", permissions: {{\n"
      "      subscribe: {{allow: {}}}\n"
      "      publish: {{allow: {}}}}}}}\n",
      user_of(who), password_of(who), list(subscriptions(who)), list(publications(who)));
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
      "max_subscriptions: 16\n"
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
