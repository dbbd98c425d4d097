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

#include "schema/service.h"
#include "schema/time.h"

namespace cara::schema {

inline constexpr const char* kApiVersion = "caravanserai/v1";

// Ephemeral: made when the project starts on a node, removed when it is stopped or moved.
// HostPath: a folder of the node. Persistent: stays on the node where it was first made, until the
// project is deleted with its volumes. Config: files of the manifest, read-only.
enum class VolumeType { kEphemeral, kHostPath, kPersistent, kConfig };

struct ConfigFile {
  std::string content;
  std::string mode = "0444";  // octal
  bool operator==(const ConfigFile&) const = default;
};

struct VolumeDef {
  std::string name;
  VolumeType type = VolumeType::kEphemeral;
  std::string path;                         // HostPath: absolute, on the node
  std::map<std::string, ConfigFile> files;  // Config: by file name
  bool operator==(const VolumeDef&) const = default;
};

struct NetworkDef {
  std::string name;       // `default` is the one that every project has
  bool internal = false;  // no way out of it
  bool external = false;  // made by somebody else on the node, under this very name
  std::string subnet;     // empty: one of the agent's pool
  bool operator==(const NetworkDef&) const = default;
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
  std::string path = "/";  // prefix of whole segments; the longest of a host wins
  IngressTarget target;
  IngressAccess access;
  bool operator==(const IngressDef&) const = default;
};

// What happens when the node is lost. Move: placed elsewhere after the grace window, while a node
// that is only cut off keeps its copy. MoveExclusive: never two copies. Stay: never moved.
enum class OnNodeLoss { kMove, kMoveExclusive, kStay };

// Auto: StartFirst where two containers can stand side by side, else StopFirst.
enum class UpdateOrder { kAuto, kStartFirst, kStopFirst };
enum class UpdateFailure { kRollback, kPause };

struct UpdatePolicy {
  UpdateOrder order = UpdateOrder::kAuto;
  UpdateFailure on_failure = UpdateFailure::kRollback;
  std::string healthy_deadline = "5m";  // from the update to Running
  bool operator==(const UpdatePolicy&) const = default;
};

// NoSchedule: only projects that tolerate the taint are placed on the node. PreferNoSchedule:
// others come only when no other node fits.
enum class TaintEffect { kNoSchedule, kPreferNoSchedule };

struct Taint {
  std::string key;
  std::string value;
  TaintEffect effect = TaintEffect::kNoSchedule;
  bool operator==(const Taint&) const = default;
};

enum class TolerationOperator { kEqual, kExists };

struct Toleration {
  std::string key;  // empty, with Exists: every taint
  TolerationOperator op = TolerationOperator::kEqual;
  std::string value;
  std::optional<TaintEffect> effect;  // absent: every effect
  bool operator==(const Toleration&) const = default;
};

struct ProjectSpec {
  std::vector<ServiceDef> services;
  std::vector<VolumeDef> volumes;
  std::vector<NetworkDef> networks;
  std::vector<IngressDef> ingress;
  std::optional<Timestamp> expire_at;
  std::optional<OnNodeLoss> on_node_loss;  // set by fill_defaults()
  std::map<std::string, std::string> node_selector;
  std::vector<Toleration> tolerations;
  UpdatePolicy update_policy;
  bool paused = false;
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
inline constexpr const char* kConditionRolledBack = "RolledBack";  // until the spec changes again
inline constexpr const char* kConditionReady = "Ready";            // nodes
inline constexpr const char* kConditionEngine = "Engine";          // nodes: does Docker answer?
// Nodes, as their agents see them; absent: there is none of it.
inline constexpr const char* kConditionDiskPressure = "DiskPressure";
inline constexpr const char* kConditionMemoryPressure = "MemoryPressure";
inline constexpr const char* kConditionStrayContainers = "StrayContainers";
inline constexpr const char* kConditionIngressDown = "IngressDown";

// Labels that every node brings, unless its owner gives them another value.
inline constexpr const char* kLabelHostname = "caravanserai.io/hostname";  // the node's name
inline constexpr const char* kLabelArch = "caravanserai.io/arch";          // amd64, arm64
inline constexpr const char* kLabelOs = "caravanserai.io/os";              // linux

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
  std::string host;  // resolved: lower case ASCII
  std::string url;
  bool ready = false;  // the node's ingress sends requests to the target
  std::string reason;  // why not
  bool operator==(const IngressStatus&) const = default;
};

struct ProjectStatus {
  Phase phase = Phase::kPending;
  std::string node_ref;         // empty: no node
  std::int64_t assignment = 0;  // epoch: +1 per bind
  std::string home;             // the node of the newest assignment, also when it is on none now
  bool leaving = false;         // its node is to remove it; then it is placed on another one
  std::int64_t observed_generation = 0;
  bool delete_volumes = false;  // it was deleted with its Persistent volumes
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
  bool unschedulable = false;  // cordoned
  std::vector<Taint> taints;
  bool operator==(const NodeSpec&) const = default;
};

enum class NodeState { kReady, kNotReady };

// What is asked of a node, or what it has.
struct Amounts {
  std::int64_t cpu_millis = 0;
  std::int64_t memory_bytes = 0;
  std::int64_t pids = 0;
  std::int64_t gpus = 0;
  bool operator==(const Amounts&) const = default;
};

// Where a node's ingress listens.
struct NodeIngress {
  std::string address;        // ADDRESS:PORT, for the other nodes
  std::int64_t port = 0;      // for HTTP, as URLs name it
  std::int64_t tls_port = 0;  // 0: no TLS
  bool operator==(const NodeIngress&) const = default;
};

// What a node is, as its agent reports it.
struct NodeInfo {
  std::string address;                 // --advertise-address
  std::vector<std::string> addresses;  // of its interfaces
  std::string os;
  std::string kernel;
  std::string architecture;
  std::string engine_version;
  std::string agent_version;
  std::int64_t cpus = 0;
  std::int64_t memory_bytes = 0;
  std::int64_t disk_bytes = 0;         // of the file system that holds the engine's data
  std::optional<Amounts> allocatable;  // what projects may request; absent: not known, no limit
  std::optional<NodeIngress> ingress;  // absent: it has none
  bool operator==(const NodeInfo&) const = default;
};

struct NodeStatus {
  NodeState state = NodeState::kNotReady;
  std::string agent_id;    // stable over the agent's restarts: kept in its state directory
  std::string machine_id;  // of the operating system's installation
  std::string boot_id;     // a new one with every boot
  std::map<std::string, std::string> agent_labels;  // those of metadata.labels that it brought
  std::int64_t registration = 0;                    // epoch: +1 per registration
  Timestamp last_heartbeat;  // by the apiserver's clock, for people; written seldom
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
