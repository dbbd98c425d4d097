#include "schema/subjects.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <vector>

#include "schema/check.h"

namespace cara::schema {
namespace {

constexpr std::string_view kInboxPrefix = "_INBOX.";
constexpr std::string_view kApiPrefix = "cara.v1.api.";
constexpr std::string_view kHeartbeatPrefix = "cara.v1.hb.";
constexpr std::string_view kStreamPrefix = "cara.v1.stream.";
constexpr std::size_t kMaxToken = 253;

struct RoleName {
  Role role;
  std::string_view name;
};
constexpr std::array<RoleName, 6> kRoles{{{Role::kAdmin, "admin"},
                                          {Role::kViewer, "viewer"},
                                          {Role::kSched, "sched"},
                                          {Role::kGc, "gc"},
                                          {Role::kAgent, "agent"},
                                          {Role::kApiserver, "apiserver"}}};

std::vector<std::string_view> split(std::string_view text) {
  std::vector<std::string_view> parts;
  while (true) {
    const std::size_t dot = text.find('.');
    parts.push_back(text.substr(0, dot));
    if (dot == std::string_view::npos) return parts;
    text.remove_prefix(dot + 1);
  }
}

std::string checked(std::string_view token) {
  CARA_CHECK(is_token(token));
  return std::string(token);
}

std::string stream_root(const StreamId& stream) {
  return std::string(kStreamPrefix) + checked(node_token(stream.node)) + "." +
         std::string(to_string(stream.owner.role)) + "." + checked(stream.owner.id) + "." +
         checked(stream.client) + "." + std::to_string(stream.number);
}

}  // namespace

std::string_view to_string(Role role) {
  for (const RoleName& entry : kRoles) {
    if (entry.role == role) return entry.name;
  }
  CARA_CHECK(false);
}

std::optional<Role> parse_role(std::string_view text) {
  for (const RoleName& entry : kRoles) {
    if (entry.name == text) return entry.role;
  }
  return std::nullopt;
}

bool is_token(std::string_view text) {
  return !text.empty() && text.size() <= kMaxToken &&
         std::all_of(text.begin(), text.end(), [](char c) {
           return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                  c == '-' || c == '_';
         });
}

std::string node_token(std::string_view node_name) {
  std::string token(node_name);
  std::replace(token.begin(), token.end(), '.', '_');
  return token;
}

std::string node_from_token(std::string_view token) {
  std::string name(token);
  std::replace(name.begin(), name.end(), '_', '.');
  return name;
}

std::string api_subject(const Identity& caller, std::string_view operation) {
  const std::vector<std::string_view> parts = split(operation);
  CARA_CHECK(parts.size() == 2);
  return std::string(kApiPrefix) + std::string(to_string(caller.role)) + "." + checked(caller.id) +
         "." + checked(parts[0]) + "." + checked(parts[1]);
}

std::optional<ApiCall> parse_api_subject(std::string_view subject) {
  if (!subject.starts_with(kApiPrefix)) return std::nullopt;
  const std::vector<std::string_view> parts = split(subject.substr(kApiPrefix.size()));
  if (parts.size() != 4 || !std::all_of(parts.begin(), parts.end(), is_token)) return std::nullopt;
  const std::optional<Role> role = parse_role(parts[0]);
  if (!role) return std::nullopt;
  return ApiCall{{*role, std::string(parts[1])}, std::string(parts[2]), std::string(parts[3])};
}

std::string inbox_prefix(const Identity& caller) {
  return std::string(kInboxPrefix) + std::string(to_string(caller.role)) + "." + checked(caller.id);
}

bool is_own_inbox(const Identity& caller, std::string_view reply) {
  const std::string prefix = inbox_prefix(caller) + ".";
  if (!reply.starts_with(prefix)) return false;
  const std::vector<std::string_view> parts = split(reply.substr(prefix.size()));
  return std::all_of(parts.begin(), parts.end(), is_token);
}

bool is_plain_inbox(std::string_view reply) {
  if (!reply.starts_with(kInboxPrefix)) return false;
  const std::vector<std::string_view> parts = split(reply.substr(kInboxPrefix.size()));
  return !parse_role(parts[0]) && std::all_of(parts.begin(), parts.end(), is_token);
}

bool is_srv_inbox(std::string_view reply) {
  if (!reply.starts_with(kInboxPrefix)) return false;
  const std::vector<std::string_view> parts = split(reply.substr(kInboxPrefix.size()));
  const std::optional<Role> role = parse_role(parts[0]);
  return (role == Role::kAdmin || role == Role::kViewer) && parts.size() > 3 && parts[2] == "srv" &&
         std::all_of(parts.begin(), parts.end(), is_token);
}

std::string heartbeat_subject(std::string_view node_name) {
  return std::string(kHeartbeatPrefix) + checked(node_token(node_name));
}

std::optional<std::string> parse_heartbeat_subject(std::string_view subject) {
  if (!subject.starts_with(kHeartbeatPrefix)) return std::nullopt;
  const std::string_view token = subject.substr(kHeartbeatPrefix.size());
  if (!is_token(token)) return std::nullopt;
  return node_from_token(token);
}

std::string node_wake_subject(std::string_view node_name) {
  return "cara.v1.node." + checked(node_token(node_name)) + ".wake";
}

std::string node_stream_subject(std::string_view node_name) {
  return "cara.v1.node." + checked(node_token(node_name)) + ".stream";
}

std::string stream_in_subject(const StreamId& stream) { return stream_root(stream) + ".in"; }
std::string stream_out_subject(const StreamId& stream) { return stream_root(stream) + ".out"; }

std::optional<StreamId> parse_stream_subject(std::string_view subject) {
  if (!subject.starts_with(kStreamPrefix)) return std::nullopt;
  const std::vector<std::string_view> parts = split(subject.substr(kStreamPrefix.size()));
  if (parts.size() != 6 || !std::all_of(parts.begin(), parts.end(), is_token)) return std::nullopt;
  const std::optional<Role> role = parse_role(parts[1]);
  std::int64_t number = 0;
  const char* end = parts[4].data() + parts[4].size();
  const auto [stop, code] = std::from_chars(parts[4].data(), end, number);
  if (!role || code != std::errc() || stop != end) return std::nullopt;
  return StreamId{
      node_from_token(parts[0]), {*role, std::string(parts[2])}, std::string(parts[3]), number};
}

std::string streams_in_subjects(std::string_view node_name) {
  return std::string(kStreamPrefix) + checked(node_token(node_name)) + ".*.*.*.*.in";
}

std::string streams_out_subjects(const Identity& owner, std::string_view client) {
  return std::string(kStreamPrefix) + "*." + std::string(to_string(owner.role)) + "." +
         checked(owner.id) + "." + checked(client) + ".*.out";
}

std::string event_subject(std::string_view kind, std::string_view name) {
  return "cara.v1.evt." + checked(kind) + "." + checked(node_token(name));
}

}  // namespace cara::schema
