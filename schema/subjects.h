// Every subject of the bus is built and parsed here, from names that were checked before.
#pragma once

#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace cara::schema {

enum class Role { kAdmin, kViewer, kSched, kGc, kAgent, kApiserver };

std::string_view to_string(Role role);
std::optional<Role> parse_role(std::string_view text);

// Who speaks: bound to the credential by the bus's permissions, and part of every request subject.
struct Identity {
  Role role = Role::kAdmin;
  std::string id;  // one subject token: a DNS label, or a node name with its dots as `_`
  auto operator<=>(const Identity&) const = default;
};

struct ApiCall {
  Identity caller;
  std::string kind;  // `project`
  std::string verb;  // `apply`
};

// One token of [a-zA-Z0-9_-], 1..253: nothing else is ever put into a subject.
bool is_token(std::string_view text);
std::string node_token(std::string_view node_name);  // dots as `_`
std::string node_from_token(std::string_view token);

// `operation` is `<kind>.<verb>`. REQUIRES: tokens.
std::string api_subject(const Identity& caller, std::string_view operation);
std::optional<ApiCall> parse_api_subject(std::string_view subject);

std::string inbox_prefix(const Identity& caller);  // `_INBOX.<role>.<id>`
// True if `reply` lies in the caller's own inbox: an answer goes nowhere else.
bool is_own_inbox(const Identity& caller, std::string_view reply);
// Such as NATS clients make up themselves, `_INBOX.<random>...`, and nobody's by its name. Without
// permissions on the bus an answer may go there.
bool is_plain_inbox(std::string_view reply);
// Where people are answered by processes other than the apiserver: `_INBOX.<role>.<id>.srv....`
bool is_srv_inbox(std::string_view reply);

std::string heartbeat_subject(std::string_view node_name);
std::optional<std::string> parse_heartbeat_subject(std::string_view subject);  // node name
std::string node_wake_subject(std::string_view node_name);
std::string node_stream_subject(std::string_view node_name);
std::string event_subject(std::string_view kind, std::string_view name);

// One byte stream between a client and a node's agent (streams.h). `client` is a random token of
// the client's process, `number` counts its streams.
struct StreamId {
  std::string node;
  Identity owner;
  std::string client;
  std::int64_t number = 0;
  auto operator<=>(const StreamId&) const = default;
};
std::string stream_in_subject(const StreamId& stream);   // to the agent
std::string stream_out_subject(const StreamId& stream);  // to the client
// `in` or `out` alike.
std::optional<StreamId> parse_stream_subject(std::string_view subject);
std::string streams_in_subjects(std::string_view node_name);  // all that an agent hears
std::string streams_out_subjects(const Identity& owner, std::string_view client);

inline constexpr const char* kApiSubjects = "cara.v1.api.>";
inline constexpr const char* kApiQueue = "apiserver";
inline constexpr const char* kHeartbeatSubjects = "cara.v1.hb.*";
inline constexpr const char* kEventSubjects = "cara.v1.evt.>";
inline constexpr const char* kNodeAllWake = "cara.v1.node.all.wake";
inline constexpr const char* kSchedAll = "cara.v1.sched.all";
inline constexpr const char* kGcWake = "cara.v1.gc.wake";
inline constexpr const char* kGcQueue = "gc";
// Apiservers tell each other that they live; the second one on a bus stops.
inline constexpr const char* kApiserverAlive = "cara.v1.apiserver.alive";

}  // namespace cara::schema
