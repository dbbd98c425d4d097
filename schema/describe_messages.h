// The fields of every message on the bus. What they mean: messages.h.
#pragma once

#include "schema/describe_types.h"
#include "schema/messages.h"

namespace cara::schema {

template <>
struct EnumNames<ApplyOutcome> {
  static constexpr std::array<std::string_view, 3> kNames{"created", "configured", "unchanged"};
};
template <>
struct EnumNames<DeleteOutcome> {
  static constexpr std::array<std::string_view, 2> kNames{"deleting", "deleted"};
};

template <>
struct EnumNames<PlacementStrategy> {
  static constexpr std::array<std::string_view, 2> kNames{"spread", "binpack"};
};

template <class V>
void describe(V& v, ApplyRequest& x) {
  v.field(kRequired, "requestId", x.request_id, {});
  v.field(kRequired, "manifest", x.manifest, {});
  v.field(kOptional, "dryRun", x.dry_run, {});
}
template <class V>
void describe(V& v, ApplyReply& x) {
  v.field(kRequired, "outcome", x.outcome, {});
  v.field(kRequired, "project", x.project, {});
  v.field(kOptional, "previous", x.previous, {});
}
template <class V>
void describe(V& v, ProjectChangeRequest& x) {
  v.field(kRequired, "requestId", x.request_id, {});
  v.field(kRequired, "name", x.name, {});
  v.field(kOptional, "uid", x.uid, {});
  v.field(kOptional, "paused", x.paused, {});
  v.field(kOptional, "restart", x.restart, {});
  v.field(kOptional, "setLabels", x.set_labels, {});
  v.field(kOptional, "removeLabels", x.remove_labels, {});
  v.field(kOptional, "setAnnotations", x.set_annotations, {});
  v.field(kOptional, "removeAnnotations", x.remove_annotations, {});
}
template <class V>
void describe(V& v, ProjectChangeReply& x) {
  v.field(kRequired, "changed", x.changed, {});
  v.field(kRequired, "project", x.project, {});
}
template <class V>
void describe(V& v, GetRequest& x) {
  v.field(kRequired, "name", x.name, {});
}
template <class V>
void describe(V& v, ProjectReply& x) {
  v.field(kRequired, "project", x.project, {});
}
template <class V>
void describe(V& v, NodeReply& x) {
  v.field(kRequired, "node", x.node, {});
}
template <class V>
void describe(V& v, ListRequest& x) {
  v.field(kOptional, "after", x.after, {});
  v.field(kOptional, "limit", x.limit, {});
}
template <class V>
void describe(V& v, ProjectListReply& x) {
  v.field(kRequired, "projects", x.projects, {});
  v.field(kOptional, "next", x.next, {});
  v.field(kRequired, "revision", x.revision, {});
}
template <class V>
void describe(V& v, NodeListReply& x) {
  v.field(kRequired, "nodes", x.nodes, {});
  v.field(kOptional, "next", x.next, {});
  v.field(kRequired, "revision", x.revision, {});
}
template <class V>
void describe(V& v, DeleteRequest& x) {
  v.field(kRequired, "requestId", x.request_id, {});
  v.field(kRequired, "name", x.name, {});
  v.field(kOptional, "uid", x.uid, {});
  v.field(kOptional, "force", x.force, {});
  v.field(kOptional, "volumes", x.volumes, {});
}
template <class V>
void describe(V& v, DeleteReply& x) {
  v.field(kRequired, "outcome", x.outcome, {});
  v.field(kRequired, "uid", x.uid, {});
  v.field(kOptional, "projects", x.projects, {});
  v.field(kOptional, "node", x.node, {});
  v.field(kOptional, "keptVolumes", x.kept_volumes, {});
}
template <class V>
void describe(V& v, BindRequest& x) {
  v.field(kRequired, "name", x.name, {});
  v.field(kRequired, "uid", x.uid, {});
  v.field(kRequired, "revision", x.revision, {});
  v.field(kRequired, "node", x.node, {});
}
template <class V>
void describe(V& v, RevisionReply& x) {
  v.field(kRequired, "revision", x.revision, {});
}
template <class V>
void describe(V& v, UnschedulableRequest& x) {
  v.field(kRequired, "name", x.name, {});
  v.field(kRequired, "uid", x.uid, {});
  v.field(kRequired, "revision", x.revision, {});
  v.field(kRequired, "message", x.message, {});
}
template <class V>
void describe(V& v, MoveRequest& x) {
  v.field(kRequired, "requestId", x.request_id, {});
  v.field(kRequired, "name", x.name, {});
  v.field(kRequired, "uid", x.uid, {});
  v.field(kRequired, "node", x.node, {});
  v.field(kOptional, "dryRun", x.dry_run, {});
}
template <class V>
void describe(V& v, MoveReply& x) {
  v.field(kRequired, "candidate", x.candidate, {});
}
template <class V>
void describe(V& v, GcRequest& x) {
  v.field(kRequired, "name", x.name, {});
  v.field(kRequired, "uid", x.uid, {});
}
template <class V>
void describe(V& v, IngressReport& x) {
  v.field(kRequired, "name", x.name, {});
  v.field(kOptional, "ready", x.ready, {});
  v.field(kOptional, "reason", x.reason, {});
}
template <class V>
void describe(V& v, StatusRequest& x) {
  v.field(kRequired, "node", x.node, {});
  v.field(kRequired, "registration", x.registration, {});
  v.field(kRequired, "name", x.name, {});
  v.field(kRequired, "uid", x.uid, {});
  v.field(kRequired, "assignment", x.assignment, {});
  v.field(kRequired, "generation", x.generation, {});
  v.field(kRequired, "phase", x.phase, {});
  v.field(kRequired, "reason", x.reason, {});
  v.field(kRequired, "message", x.message, {});
  v.field(kOptional, "services", x.services, {});
  v.field(kOptional, "ingress", x.ingress, {});
  v.field(kOptional, "number", x.number, {});
  v.field(kOptional, "giveUp", x.give_up, {});
}
template <class V>
void describe(V& v, NodeTrouble& x) {
  v.field(kRequired, "type", x.type, {});
  v.field(kRequired, "message", x.message, {});
}
template <class V>
void describe(V& v, RegisterRequest& x) {
  v.field(kRequired, "node", x.node, {});
  v.field(kRequired, "agentId", x.agent_id, {});
  v.field(kOptional, "machineId", x.machine_id, {});
  v.field(kOptional, "bootId", x.boot_id, {});
  v.field(kOptional, "labels", x.labels, {});
  v.field(kRequired, "info", x.info, {});
  v.field(kRequired, "engineReady", x.engine_ready, {});
  v.field(kOptional, "engineMessage", x.engine_message, {});
  v.field(kOptional, "troubles", x.troubles, {});
}
template <class V>
void describe(V& v, RegisterReply& x) {
  v.field(kRequired, "registration", x.registration, {});
  v.field(kRequired, "cluster", x.cluster, {});
  v.field(kRequired, "nodeTimeoutMs", x.node_timeout_ms, {});
}
template <class V>
void describe(V& v, Heartbeat& x) {
  v.field(kRequired, "registration", x.registration, {});
  v.field(kRequired, "engineReady", x.engine_ready, {});
  v.field(kOptional, "engineMessage", x.engine_message, {});
  v.field(kOptional, "troubles", x.troubles, {});
}
template <class V>
void describe(V& v, HeartbeatReply& x) {
  v.field(kRequired, "registered", x.registered, {});
  v.field(kRequired, "revision", x.revision, {});
}
template <class V>
void describe(V& v, NodeChangeRequest& x) {
  v.field(kRequired, "requestId", x.request_id, {});
  v.field(kRequired, "name", x.name, {});
  v.field(kOptional, "uid", x.uid, {});
  v.field(kOptional, "unschedulable", x.unschedulable, {});
  v.field(kOptional, "setLabels", x.set_labels, {});
  v.field(kOptional, "removeLabels", x.remove_labels, {});
  v.field(kOptional, "setTaints", x.set_taints, {});
  v.field(kOptional, "removeTaints", x.remove_taints, {});
}
template <class V>
void describe(V& v, NodeChangeReply& x) {
  v.field(kRequired, "changed", x.changed, {});
  v.field(kRequired, "node", x.node, {});
}
template <class V>
void describe(V& v, DesiredRequest& x) {
  v.field(kRequired, "node", x.node, {});
  v.field(kRequired, "registration", x.registration, {});
  v.field(kOptional, "after", x.after, {});
}
template <class V>
void describe(V& v, DesiredProject& x) {
  v.field(kRequired, "name", x.name, {});
  v.field(kRequired, "uid", x.uid, {});
  v.field(kRequired, "assignment", x.assignment, {});
  v.field(kRequired, "generation", x.generation, {});
  v.field(kRequired, "phase", x.phase, {});
  v.field(kOptional, "deleteVolumes", x.delete_volumes, {});
  v.field(kOptional, "hosts", x.hosts, {});
  v.field(kRequired, "spec", x.spec, {});
}
template <class V>
void describe(V& v, DesiredReply& x) {
  v.field(kRequired, "cluster", x.cluster, {});
  v.field(kRequired, "revision", x.revision, {});
  v.field(kRequired, "projects", x.projects, {});
  v.field(kOptional, "next", x.next, {});
}
template <class V>
void describe(V& v, RoutesRequest& x) {
  v.field(kRequired, "node", x.node, {});
  v.field(kRequired, "registration", x.registration, {});
  v.field(kOptional, "since", x.since, {});
  v.field(kOptional, "after", x.after, {});
}
template <class V>
void describe(V& v, RouteRule& x) {
  v.field(kRequired, "name", x.name, {});
  v.field(kRequired, "host", x.host, {});
  v.field(kRequired, "path", x.path, {});
}
template <class V>
void describe(V& v, ProjectRoutes& x) {
  v.field(kRequired, "name", x.name, {});
  v.field(kOptional, "node", x.node, {});
  v.field(kOptional, "reason", x.reason, {});
  v.field(kOptional, "rules", x.rules, {});
}
template <class V>
void describe(V& v, NodeRoute& x) {
  v.field(kRequired, "name", x.name, {});
  v.field(kOptional, "address", x.address, {});
}
template <class V>
void describe(V& v, RoutesReply& x) {
  v.field(kRequired, "cluster", x.cluster, {});
  v.field(kRequired, "revision", x.revision, {});
  v.field(kOptional, "hopKey", x.hop_key, {});
  v.field(kOptional, "projects", x.projects, {});
  v.field(kOptional, "nodes", x.nodes, {});
  v.field(kOptional, "next", x.next, {});
  v.field(kOptional, "more", x.more, {});
}
template <class V>
void describe(V& v, ChangesRequest& x) {
  v.field(kRequired, "since", x.since, {});
}
template <class V>
void describe(V& v, Change& x) {
  v.field(kRequired, "revision", x.revision, {});
  v.field(kRequired, "kind", x.kind, {});
  v.field(kRequired, "name", x.name, {});
  v.field(kRequired, "uid", x.uid, {});
  v.field(kOptional, "deleted", x.deleted, {});
  v.field(kOptional, "project", x.project, {});
  v.field(kOptional, "node", x.node, {});
}
template <class V>
void describe(V& v, ChangesReply& x) {
  v.field(kRequired, "changes", x.changes, {});
  v.field(kRequired, "revision", x.revision, {});
  v.field(kOptional, "more", x.more, {});
  v.field(kOptional, "claimed", x.claimed, {});
  v.field(kOptional, "claimMs", x.claim_ms, {});
  v.field(kOptional, "placement", x.placement, {});
  v.field(kOptional, "now", x.now, {});
}
template <class V>
void describe(V& v, Wake& x) {
  v.field(kRequired, "revision", x.revision, {});
  v.field(kOptional, "routes", x.routes, {});
}
template <class V>
void describe(V& v, ChangeEvent& x) {
  v.field(kRequired, "kind", x.kind, {});
  v.field(kRequired, "name", x.name, {});
  v.field(kRequired, "uid", x.uid, {});
  v.field(kOptional, "phase", x.phase, {});
  v.field(kRequired, "revision", x.revision, {});
  v.field(kOptional, "deleted", x.deleted, {});
}
template <class V>
void describe(V& v, Alive& x) {
  v.field(kRequired, "instance", x.instance, {});
  v.field(kRequired, "startedAtMs", x.started_at_ms, {});
}
template <class V>
void describe(V& v, ServerInfo& x) {
  v.field(kRequired, "version", x.version, {});
  v.field(kRequired, "instance", x.instance, {});
  v.field(kRequired, "cluster", x.cluster, {});
  v.field(kRequired, "revision", x.revision, {});
  v.field(kOptional, "nodes", x.nodes, {});
  v.field(kOptional, "nodesReady", x.nodes_ready, {});
  v.field(kOptional, "placement", x.placement, {});
  v.field(kOptional, "movesHeld", x.moves_held, {});
}
template <class V>
void describe(V& v, AllowMovesRequest& x) {
  v.field(kRequired, "requestId", x.request_id, {});
}
template <class V>
void describe(V& v, AllowMovesReply& x) {
  v.field(kOptional, "wasHeld", x.was_held, {});
}
template <class V>
void describe(V& v, BackupBeginRequest& x) {
  v.field(kRequired, "client", x.client, {});
}
template <class V>
void describe(V& v, BackupBeginReply& x) {
  v.field(kRequired, "bytes", x.bytes, {});
  v.field(kRequired, "revision", x.revision, {});
  v.field(kRequired, "cluster", x.cluster, {});
}
template <class V>
void describe(V& v, BackupReadRequest& x) {
  v.field(kRequired, "client", x.client, {});
  v.field(kRequired, "offset", x.offset, {});
}
template <class V>
void describe(V& v, BackupReadReply& x) {
  v.field(kOptional, "data", x.data, {});
}
template <class V>
void describe(V& v, BackupEndRequest& x) {
  v.field(kRequired, "client", x.client, {});
}
template <class V>
void describe(V&, BackupEndReply&) {}

}  // namespace cara::schema
