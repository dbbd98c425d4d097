// The fields of Project and Node: names on the wire, limits, and what they mean. The codec, the
// manifest reader, the JSON Schemas and the messages about wrong fields are all made of this.
#pragma once

#include <array>

#include "schema/describe.h"
#include "schema/describe_service.h"
#include "schema/types.h"

namespace cara::schema {

inline constexpr std::size_t kMaxServices = 100;

template <>
struct EnumNames<VolumeType> {
  static constexpr std::array<std::string_view, 4> kNames{"Ephemeral", "HostPath", "Persistent",
                                                          "Config"};
};
template <>
struct EnumNames<OnNodeLoss> {
  static constexpr std::array<std::string_view, 3> kNames{"Move", "MoveExclusive", "Stay"};
};
template <>
struct EnumNames<UpdateOrder> {
  static constexpr std::array<std::string_view, 3> kNames{"Auto", "StartFirst", "StopFirst"};
};
template <>
struct EnumNames<UpdateFailure> {
  static constexpr std::array<std::string_view, 2> kNames{"Rollback", "Pause"};
};
template <>
struct EnumNames<TaintEffect> {
  static constexpr std::array<std::string_view, 2> kNames{"NoSchedule", "PreferNoSchedule"};
};
template <>
struct EnumNames<TolerationOperator> {
  static constexpr std::array<std::string_view, 2> kNames{"Equal", "Exists"};
};
template <>
struct EnumNames<AccessScope> {
  static constexpr std::array<std::string_view, 1> kNames{"Internal"};
};
template <>
struct EnumNames<Phase> {
  static constexpr std::array<std::string_view, 6> kNames{"Pending", "Scheduled",   "Running",
                                                          "Failed",  "Terminating", "Terminated"};
};
template <>
struct EnumNames<NodeState> {
  static constexpr std::array<std::string_view, 2> kNames{"Ready", "NotReady"};
};

template <class V>
void describe(V& v, ConfigFile& x) {
  v.field(kOptional, "content", x.content,
          {.doc = "Text of the file, as written.", .format = Format::kFileContent});
  v.field(kOptional, "mode", x.mode, {.doc = "Permissions, octal.", .format = Format::kFileMode});
}

template <class V>
void describe(V& v, VolumeDef& x) {
  v.field(kRequired, "name", x.name,
          {.doc = "Unique in the project.", .format = Format::kDnsLabel});
  v.field(kRequired, "type", x.type,
          {.doc = "Ephemeral: made when the project starts, removed when it is stopped or moved. "
                  "HostPath: a folder of the node. Persistent: kept on its node until it is "
                  "deleted with `delete --volumes`. Config: files of this manifest."});
  v.field(kOptional, "path", x.path,
          {.doc = "HostPath: folder or file of the node; made as a folder if it is missing.",
           .format = Format::kAnyPath});
  v.field(kOptional, "files", x.files,
          {.doc = "Config: the files by name; mounted read-only.",
           .max_items = 100,
           .key_format = Format::kFileName});
}

template <class V>
void describe(V& v, NetworkDef& x) {
  v.field(kRequired, "name", x.name,
          {.doc = "Unique in the project; default is the network that every project has.",
           .format = Format::kDnsLabel});
  v.field(kOptional, "internal", x.internal, {.doc = "Nothing on it reaches outside."});
  v.field(kOptional, "external", x.external,
          {.doc = "A network of this very name that others made on the node."});
  v.field(kOptional, "subnet", x.subnet,
          {.doc = "IPv4 subnet, such as 10.9.1.0/24; absent: from the node's pool.",
           .format = Format::kSubnet});
}

template <class V>
void describe(V& v, UpdatePolicy& x) {
  v.field(kOptional, "order", x.order,
          {.doc = "StartFirst: the new container is healthy before the old one stops. Auto: where "
                  "both can stand side by side."});
  v.field(kOptional, "onFailure", x.on_failure,
          {.doc = "Rollback: the spec that ran before is put back. Pause: it is left as it is."});
  v.field(kOptional, "healthyDeadline", x.healthy_deadline,
          {.doc = "Time from the update to Running.", .format = Format::kDuration});
}

template <class V>
void describe(V& v, IngressTarget& x) {
  v.field(kRequired, "service", x.service,
          {.doc = "Name of a service of this project.", .format = Format::kDnsLabel});
  v.field(kRequired, "port", x.port, {.doc = "Port it listens on.", .min = 1, .max = 65535});
}

template <class V>
void describe(V& v, IngressAccess& x) {
  v.field(kOptional, "scope", x.scope, {.doc = "Internal: over the overlay network only."});
}

template <class V>
void describe(V& v, IngressDef& x) {
  v.field(kRequired, "name", x.name,
          {.doc = "Unique in the project.", .format = Format::kDnsLabel});
  v.field(kRequired, "host", x.host,
          {.doc = "With a dot: used verbatim. Without: {host}.{environment}.{baseDomain}.",
           .format = Format::kHost});
  v.field(kOptional, "path", x.path,
          {.doc = "Only requests below this path; the longest path of a host wins.",
           .format = Format::kUrlPath});
  v.field(kRequired, "target", x.target, {.doc = "Where requests for the host go."});
  v.field(kOptional, "access", x.access, {.doc = "Who can reach it."});
}

template <class V>
void describe(V& v, Taint& x) {
  v.field(kRequired, "key", x.key, {.doc = "Its name.", .format = Format::kLabelKey});
  v.field(kOptional, "value", x.value, {.doc = "Its value.", .format = Format::kLabelValue});
  v.field(kOptional, "effect", x.effect,
          {.doc = "NoSchedule: only projects that tolerate it are placed here. PreferNoSchedule: "
                  "others come only when no other node fits."});
}

template <class V>
void describe(V& v, Toleration& x) {
  v.field(kOptional, "key", x.key,
          {.doc = "Of the taint; absent with Exists: every taint.", .format = Format::kLabelKey});
  v.field(kOptional, "operator", x.op, {.doc = "Exists: whatever the taint's value is."});
  v.field(kOptional, "value", x.value,
          {.doc = "Of the taint, with Equal.", .format = Format::kLabelValue});
  v.field(kOptional, "effect", x.effect, {.doc = "Of the taint; absent: every effect."});
}

template <class V>
void describe(V& v, ProjectSpec& x) {
  v.field(kRequired, "services", x.services,
          {.doc = "The containers that run together on one node.",
           .min_items = 1,
           .max_items = kMaxServices,
           .unique_by = "name"});
  v.field(kOptional, "volumes", x.volumes,
          {.doc = "Storage that services mount.", .max_items = 100, .unique_by = "name"});
  v.field(kOptional, "networks", x.networks,
          {.doc = "Networks beside the default one, or what is special about that.",
           .max_items = 32,
           .unique_by = "name"});
  v.field(kOptional, "ingress", x.ingress,
          {.doc = "HTTP routing rules.", .max_items = 100, .unique_by = "name"});
  v.field(kOptional, "expireAt", x.expire_at,
          {.doc = "RFC 3339 time after which the project is deleted."});
  v.field(kOptional, "onNodeLoss", x.on_node_loss,
          {.doc = "Move: placed elsewhere after the grace period. MoveExclusive: never two copies. "
                  "Stay: never moved; the default with Persistent or HostPath volumes."});
  v.field(kOptional, "nodeSelector", x.node_selector, {.doc = "Labels that its node must have."});
  v.field(kOptional, "tolerations", x.tolerations,
          {.doc = "Taints of nodes that it may be placed on all the same.", .max_items = 32});
  v.field(kOptional, "updatePolicy", x.update_policy, {.doc = "How a changed spec is brought in."});
  v.field(kOptional, "paused", x.paused,
          {.doc = "Containers are stopped, volumes and the node are kept."});
}

template <class V>
void describe(V& v, Metadata& x) {
  v.field(kRequired, "name", x.name,
          {.doc = "Unique in the cluster.", .format = Format::kDnsLabel});
  v.field(kOptional, "uid", x.uid, {.doc = "One incarnation of the name.", .status_only = true});
  v.field(kOptional, "labels", x.labels, {.doc = "For selecting and grouping."});
  v.field(kOptional, "annotations", x.annotations, {.doc = "Notes for people and tools."});
  v.field(
      kOptional, "revision", x.revision,
      {.doc = "When given at apply, the write is refused if the object changed since.", .min = 0});
  v.field(kOptional, "generation", x.generation,
          {.doc = "Counts changes of spec.", .status_only = true});
  v.field(kOptional, "createdAt", x.created_at, {.doc = "When.", .status_only = true});
  v.field(kOptional, "updatedAt", x.updated_at, {.doc = "When.", .status_only = true});
}

template <class V>
void describe(V& v, Condition& x) {
  v.field(kRequired, "type", x.type, {});
  v.field(kRequired, "status", x.status, {});
  v.field(kRequired, "reason", x.reason, {});
  v.field(kRequired, "message", x.message, {});
  v.field(kOptional, "lastTransitionTime", x.last_transition_time, {});
}

template <class V>
void describe(V& v, ServiceStatus& x) {
  v.field(kRequired, "name", x.name, {});
  v.field(kRequired, "state", x.state, {});
  v.field(kOptional, "health", x.health, {});
  v.field(kOptional, "restarts", x.restarts, {});
  v.field(kOptional, "exitCode", x.exit_code, {});
  v.field(kOptional, "address", x.address, {});
  v.field(kOptional, "message", x.message, {});
}

template <class V>
void describe(V& v, IngressStatus& x) {
  v.field(kRequired, "name", x.name, {});
  v.field(kRequired, "host", x.host, {});
  v.field(kOptional, "url", x.url, {});
  v.field(kOptional, "ready", x.ready, {});
  v.field(kOptional, "reason", x.reason, {});
}

template <class V>
void describe(V& v, ProjectStatus& x) {
  v.field(kRequired, "phase", x.phase, {});
  v.field(kOptional, "nodeRef", x.node_ref, {});
  v.field(kOptional, "assignment", x.assignment, {});
  v.field(kOptional, "home", x.home, {});
  v.field(kOptional, "leaving", x.leaving, {});
  v.field(kOptional, "observedGeneration", x.observed_generation, {});
  v.field(kOptional, "deleteVolumes", x.delete_volumes, {});
  v.field(kOptional, "conditions", x.conditions, {});
  v.field(kOptional, "services", x.services, {});
  v.field(kOptional, "ingress", x.ingress, {});
}

template <class V>
void describe(V& v, NodeSpec& x) {
  v.field(kOptional, "unschedulable", x.unschedulable, {.doc = "No new projects are placed here."});
  v.field(kOptional, "taints", x.taints, {.doc = "What keeps projects away.", .max_items = 32});
}

template <class V>
void describe(V& v, Amounts& x) {
  v.field(kOptional, "cpuMillis", x.cpu_millis, {});
  v.field(kOptional, "memoryBytes", x.memory_bytes, {});
  v.field(kOptional, "pids", x.pids, {});
  v.field(kOptional, "gpus", x.gpus, {});
}

template <class V>
void describe(V& v, NodeIngress& x) {
  v.field(kRequired, "address", x.address, {});
  v.field(kRequired, "port", x.port, {});
  v.field(kOptional, "tlsPort", x.tls_port, {});
}

template <class V>
void describe(V& v, NodeInfo& x) {
  v.field(kOptional, "address", x.address, {});
  v.field(kOptional, "addresses", x.addresses, {});
  v.field(kOptional, "os", x.os, {});
  v.field(kOptional, "kernel", x.kernel, {});
  v.field(kOptional, "architecture", x.architecture, {});
  v.field(kOptional, "engineVersion", x.engine_version, {});
  v.field(kOptional, "agentVersion", x.agent_version, {});
  v.field(kOptional, "cpus", x.cpus, {});
  v.field(kOptional, "memoryBytes", x.memory_bytes, {});
  v.field(kOptional, "diskBytes", x.disk_bytes, {});
  v.field(kOptional, "allocatable", x.allocatable, {});
  v.field(kOptional, "ingress", x.ingress, {});
}

template <class V>
void describe(V& v, NodeStatus& x) {
  v.field(kRequired, "state", x.state, {});
  v.field(kOptional, "agentId", x.agent_id, {});
  v.field(kOptional, "machineId", x.machine_id, {});
  v.field(kOptional, "bootId", x.boot_id, {});
  v.field(kOptional, "agentLabels", x.agent_labels, {});
  v.field(kOptional, "registration", x.registration, {});
  v.field(kOptional, "lastHeartbeat", x.last_heartbeat, {});
  v.field(kOptional, "info", x.info, {});
  v.field(kOptional, "conditions", x.conditions, {});
}

// apiVersion and kind are constants on the wire; the manifest reader checks them first.
struct Header {
  std::string api_version = kApiVersion;
  std::string kind;
};

template <class V>
void describe_object(V& v, Header& header) {
  v.field(kRequired, "apiVersion", header.api_version, {.doc = "caravanserai/v1"});
  v.field(kRequired, "kind", header.kind, {.doc = "Project or Node"});
}

template <class V>
void describe(V& v, Project& x) {
  Header header{.kind = "Project"};
  describe_object(v, header);
  v.field(kRequired, "metadata", x.metadata, {.doc = "What it is called."});
  v.field(kRequired, "spec", x.spec, {.doc = "What is wanted."});
  v.field(kOptional, "status", x.status,
          {.doc = "What is; ignored in manifests.", .status_only = true});
}

template <class V>
void describe(V& v, Node& x) {
  Header header{.kind = "Node"};
  describe_object(v, header);
  v.field(kRequired, "metadata", x.metadata, {.doc = "What it is called."});
  v.field(kOptional, "spec", x.spec, {.doc = "What is wanted."});
  v.field(kOptional, "status", x.status,
          {.doc = "What is; ignored in manifests.", .status_only = true});
}

}  // namespace cara::schema
