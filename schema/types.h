// The objects of the API: Project and Node. Members are the wire's camelCase names in snake_case;
// schema/describe_types.h says which are required, their limits and what they mean.
//
// Who may write which field: README.md, "Who writes what".
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "schema/time.h"

namespace cara::schema {

inline constexpr const char* kApiVersion = "caravanserai/v1";

struct EnvVar {
  std::string name;
  std::string value;
  bool operator==(const EnvVar&) const = default;
};

struct VolumeMount {
  std::string name;        // of a VolumeDef of the project
  std::string mount_path;  // absolute, inside the container
  bool operator==(const VolumeMount&) const = default;
};

struct ServiceDef {
  std::string name;   // DNS name on the project's network
  std::string image;  // verbatim
  std::vector<EnvVar> env;
  std::vector<VolumeMount> volume_mounts;
  bool operator==(const ServiceDef&) const = default;
};

// Ephemeral: made when the project starts on a node, removed when it is stopped or moved.
enum class VolumeType { kEphemeral };

struct VolumeDef {
  std::string name;
  VolumeType type = VolumeType::kEphemeral;
  bool operator==(const VolumeDef&) const = default;
};

// Internal: reachable over the overlay network only.
enum class AccessScope { kInternal };

struct IngressTarget {
  std::string service;
  std::int64_t port = 0;
  bool operator==(const IngressTarget&) const = default;
};

struct IngressAccess {
  AccessScope scope = AccessScope::kInternal;
  bool operator==(const IngressAccess&) const = default;
};

struct IngressDef {
  std::string name;
  std::string host;
  IngressTarget target;
  IngressAccess access;
  bool operator==(const IngressDef&) const = default;
};

struct ProjectSpec {
  std::vector<ServiceDef> services;
  std::vector<VolumeDef> volumes;
  std::vector<IngressDef> ingress;
  std::optional<Timestamp> expire_at;
  bool operator==(const ProjectSpec&) const = default;
};

struct Metadata {
  std::string name;
  std::string uid;  // a new one for every incarnation of the name
  std::map<std::string, std::string> labels;
  std::map<std::string, std::string> annotations;
  std::int64_t revision = 0;    // of the last change of anything in the object, store-wide
  std::int64_t generation = 0;  // +1 for every change of spec
  Timestamp created_at;
  Timestamp updated_at;
  bool operator==(const Metadata&) const = default;
};

enum class Phase { kPending, kScheduled, kRunning, kFailed, kTerminating, kTerminated };

// Condition types.
inline constexpr const char* kConditionPhase = "Phase";
inline constexpr const char* kConditionNotReadyAt = "NotReadyAt";
inline constexpr const char* kConditionTerminatingAt = "TerminatingAt";
inline constexpr const char* kConditionReady = "Ready";    // nodes
inline constexpr const char* kConditionEngine = "Engine";  // nodes: does Docker answer?

struct Condition {
  std::string type;
  std::string status = "True";
  std::string reason;   // one CamelCase word
  std::string message;  // for people
  Timestamp last_transition_time;
  bool operator==(const Condition&) const = default;
};

// What the agent last saw of one service.
struct ServiceStatus {
  std::string name;
  std::string state;   // Docker's word, or `missing`
  std::string health;  // Docker's word; empty without a health check
  std::int64_t restarts = 0;
  std::int64_t exit_code = 0;
  std::string address;
  std::string message;
  bool operator==(const ServiceStatus&) const = default;
};

struct IngressStatus {
  std::string name;
  std::string host;  // resolved
  bool operator==(const IngressStatus&) const = default;
};

struct ProjectStatus {
  Phase phase = Phase::kPending;
  std::string node_ref;         // empty: no node
  std::int64_t assignment = 0;  // epoch: +1 per bind
  std::int64_t observed_generation = 0;
  std::vector<Condition> conditions;
  std::vector<ServiceStatus> services;
  std::vector<IngressStatus> ingress;
  bool operator==(const ProjectStatus&) const = default;
};

struct Project {
  Metadata metadata;
  ProjectSpec spec;
  ProjectStatus status;
  bool operator==(const Project&) const = default;
};

struct NodeSpec {
  bool unschedulable = false;
  bool operator==(const NodeSpec&) const = default;
};

enum class NodeState { kReady, kNotReady };

// What a node is, as its agent reports it.
struct NodeInfo {
  std::string address;  // --advertise-address
  std::string os;
  std::string kernel;
  std::string architecture;
  std::string engine_version;
  std::string agent_version;
  std::int64_t cpus = 0;
  std::int64_t memory_bytes = 0;
  bool operator==(const NodeInfo&) const = default;
};

struct NodeStatus {
  NodeState state = NodeState::kNotReady;
  std::string agent_id;           // stable over the agent's restarts: kept in its state directory
  std::int64_t registration = 0;  // epoch: +1 per registration
  Timestamp last_heartbeat;       // by the apiserver's clock, for people; written seldom
  NodeInfo info;
  std::vector<Condition> conditions;
  bool operator==(const NodeStatus&) const = default;
};

struct Node {
  Metadata metadata;
  NodeSpec spec;
  NodeStatus status;
  bool operator==(const Node&) const = default;
};

std::string_view to_string(Phase phase);
std::string_view to_string(NodeState state);

// Null if there is none of that type.
const Condition* find_condition(const std::vector<Condition>& conditions, std::string_view type);
// Adds or replaces the condition of that type. `last_transition_time` is kept to whole seconds and
// never moves backwards.
void set_condition(std::vector<Condition>& conditions, Condition condition);
void clear_condition(std::vector<Condition>& conditions, std::string_view type);

}  // namespace cara::schema
