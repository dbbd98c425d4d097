// What travels on the bus, one struct per message. Requests go to
// `cara.v1.api.<role>.<id>.<kind>.<verb>`; who may call what: services/apiserver/operations.cpp.
//
// A reply is either the reply struct's fields or {"error": {code, message, fields}} (codec.h).
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "schema/types.h"
#include "schema/value.h"

namespace cara::schema {

// --- project.apply: admin. The manifest is decoded strictly by the apiserver, too. ---------------
struct ApplyRequest {
  std::string request_id;  // a retry with the same id has one effect and the same answer
  Value manifest;          // apiVersion, kind, metadata{name, labels, annotations, revision?}, spec
  bool dry_run = false;    // check all of it, answer what it would become, and change nothing
};
enum class ApplyOutcome { kCreated, kConfigured, kUnchanged };
struct ApplyReply {
  ApplyOutcome outcome = ApplyOutcome::kCreated;
  Project project;
  std::optional<Project> previous;  // dry run: as it is now, if it is there
};

// --- project.change: admin. Labels, annotations, stop, start, restart. All of it or nothing.
// ------
struct ProjectChangeRequest {
  std::string request_id;
  std::string name;
  std::string uid;  // empty: whatever incarnation is there
  std::optional<bool> paused;
  std::vector<std::string> restart;  // services whose containers are made anew; `*`: all
  std::map<std::string, std::string> set_labels;
  std::vector<std::string> remove_labels;
  std::map<std::string, std::string> set_annotations;
  std::vector<std::string> remove_annotations;
};
struct ProjectChangeReply {
  bool changed = false;
  Project project;
};

// --- project.get, node.get: admin, viewer --------------------------------------------------------
struct GetRequest {
  std::string name;
};
struct ProjectReply {
  Project project;
};
struct NodeReply {
  Node node;
};

// --- project.list, node.list: everyone but agents. Sorted by name; a page is cut by count and by
// bytes. `revision` is the store's at the time of the page. Schedulers and gc see no env values.
// ---
struct ListRequest {
  std::string after;       // the last name of the page before; empty: from the start
  std::int64_t limit = 0;  // 0: as many as fit
};
struct ProjectListReply {
  std::vector<Project> projects;
  std::string next;  // pass it as `after`; empty: this was the last page
  std::int64_t revision = 0;
};
struct NodeListReply {
  std::vector<Node> nodes;
  std::string next;
  std::int64_t revision = 0;
};

// --- project.delete, node.delete: admin ----------------------------------------------------------
struct DeleteRequest {
  std::string request_id;
  std::string name;
  std::string uid;       // empty: whatever incarnation is there
  bool force = false;    // project: drop the record without waiting for the node
  bool volumes = false;  // project: its Persistent volumes go, too
};
enum class DeleteOutcome { kDeleting, kDeleted };
struct DeleteReply {
  DeleteOutcome outcome = DeleteOutcome::kDeleting;
  std::string uid;            // of what is being deleted
  std::int64_t projects = 0;  // of a node: what it held, which is placed anew
  // Docker's names of Persistent volumes that stay, and the node where they are.
  std::string node;
  std::vector<std::string> kept_volumes;
};

// --- project.bind: sched. Refused with kConflict unless the project is still Pending with this uid
// and the node Ready and schedulable. -------------------------------------------------------------
struct BindRequest {
  std::string name;
  std::string uid;
  std::int64_t revision = 0;  // the project's, as the scheduler saw it
  std::string node;
};
struct RevisionReply {
  std::int64_t revision = 0;
};
// --- project.unschedulable: sched. Says in the Phase condition why a Pending project waits.
// -------
struct UnschedulableRequest {
  std::string name;
  std::string uid;
  std::int64_t revision = 0;
  std::string message;
};

// --- project.move: admin. The node of a project removes it; then it becomes Pending, to be placed
// on another one: there are never two copies. Refused with kConflict if it must stay, or if no
// other node would take it: then nothing changes. -------------------------------------------------
struct MoveRequest {
  std::string request_id;
  std::string name;
  std::string uid;
  std::string node;      // where it is to leave
  bool dry_run = false;  // only say whether it could
};
struct MoveReply {
  std::string candidate;  // a node that would take it now
};

// --- project.expire / project.evict / project.reap: gc. The apiserver checks each against its own
// clock and state: expireAt is past; a NotReadyAt or TerminatingAt window is over; it is
// Terminated.
struct GcRequest {
  std::string name;
  std::string uid;
};

// --- project.status: agent -----------------------------------------------------------------------
// What the node's ingress does with a rule of the project.
struct IngressReport {
  std::string name;
  bool ready = false;
  std::string reason;  // why not
  bool operator==(const IngressReport&) const = default;
};
struct StatusRequest {
  std::string node;
  std::int64_t registration = 0;
  std::string name;
  std::string uid;
  std::int64_t assignment = 0;
  std::int64_t generation = 0;  // of the spec this speaks of
  // Running, Failed, Terminated. Scheduled: progress without a transition, or, with spec.paused,
  // that all containers are stopped.
  Phase phase = Phase::kRunning;
  std::string reason;
  std::string message;
  std::vector<ServiceStatus> services;
  std::vector<IngressReport> ingress;
  std::int64_t number = 0;  // grows with each of a registration: what comes late is known by it
  // The generation did not become Running within spec.updatePolicy.healthyDeadline: what onFailure
  // says is to be done now.
  bool give_up = false;
};

// --- node.register: agent ------------------------------------------------------------------------
// What is wrong with a node, as its agent sees it. What is no longer named is over.
struct NodeTrouble {
  std::string type;  // DiskPressure, MemoryPressure, StrayContainers, IngressDown
  std::string message;
  bool operator==(const NodeTrouble&) const = default;
};
struct RegisterRequest {
  std::string node;
  std::string agent_id;
  std::string machine_id;
  std::string boot_id;
  std::map<std::string, std::string> labels;
  NodeInfo info;
  bool engine_ready = false;
  std::string engine_message;
  std::vector<NodeTrouble> troubles;
};
struct RegisterReply {
  std::int64_t registration = 0;
  std::string cluster;               // id of the store: only objects of this cluster are touched
  std::int64_t node_timeout_ms = 0;  // silence after which the node counts as lost
};

// --- heartbeat, a request on cara.v1.hb.<node>: agent. -------------------------------------------
struct Heartbeat {
  std::int64_t registration = 0;
  bool engine_ready = false;
  std::string engine_message;
  std::vector<NodeTrouble> troubles;
};
struct HeartbeatReply {
  bool registered = false;    // false: register again
  std::int64_t revision = 0;  // of the newest change that concerns this node
};

// --- node.change: admin. Cordon, label, taint. All of it or nothing.
// -------------------------------
struct NodeChangeRequest {
  std::string request_id;
  std::string name;
  std::string uid;  // empty: whatever incarnation is there
  std::optional<bool> unschedulable;
  std::map<std::string, std::string> set_labels;
  std::vector<std::string> remove_labels;
  std::vector<Taint> set_taints;  // one key and effect at most once; instead of one with the same
  std::vector<Taint> remove_taints;  // by key and effect
};
struct NodeChangeReply {
  bool changed = false;
  Node node;
};

// --- desired.get: agent. All projects that are bound to the node and not Terminated, by name.
// -----
struct DesiredRequest {
  std::string node;
  std::int64_t registration = 0;
  std::string after;
};
struct DesiredProject {
  std::string name;
  std::string uid;
  std::int64_t assignment = 0;
  std::int64_t generation = 0;
  Phase phase = Phase::kScheduled;           // Terminating: tear it down
  bool delete_volumes = false;               // Terminating: its Persistent volumes go, too
  std::map<std::string, std::string> hosts;  // of spec.ingress, resolved, by the rule's name
  ProjectSpec spec;
};
struct DesiredReply {
  std::string cluster;
  std::int64_t revision = 0;  // of the newest change that concerns this node
  std::vector<DesiredProject> projects;
  std::string next;
};

// --- routes.get: agent, if its node has an ingress. Which project has which host, and which node
// has the project: first all of it in pages by project, then what changed since a revision.
// kGone: too far behind, list again.
struct RoutesRequest {
  std::string node;
  std::int64_t registration = 0;
  std::int64_t since = 0;  // 0: all
  std::string after;       // all: the last project of the page before
};
struct RouteRule {
  std::string name;
  std::string host;
  std::string path;
  bool operator==(const RouteRule&) const = default;
};
struct ProjectRoutes {
  std::string name;
  std::string node;              // that has it; empty: none
  std::string reason;            // why no node has it, in a sentence
  std::vector<RouteRule> rules;  // none: it has no hosts, or is gone
  bool operator==(const ProjectRoutes&) const = default;
};
struct NodeRoute {
  std::string name;
  std::string address;  // of its ingress, ADDRESS:PORT; empty: it has none
  bool operator==(const NodeRoute&) const = default;
};
// `revision` is where the next call goes on; with pages, that of the first one is.
struct RoutesReply {
  std::string cluster;
  std::int64_t revision = 0;
  std::string hop_key;  // what ingresses of the cluster show each other
  std::vector<ProjectRoutes> projects;
  std::vector<NodeRoute> nodes;  // of all: with the last page
  std::string next;              // all: pass it as `after`; empty: this was the last page
  bool more = false;             // changes: there are more
};

// --- changes.since: everyone but agents. kGone: too far behind, list again.
// -----------------------
struct ChangesRequest {
  std::int64_t since = 0;
};
struct Change {
  std::int64_t revision = 0;
  std::string kind;  // `project`, `node`
  std::string name;
  std::string uid;
  bool deleted = false;
  std::optional<Project> project;  // as it is now, not as it was then; absent when deleted
  std::optional<Node> node;
};
// At most one change per object: the newest. `revision` is where the next call goes on.
//
// A scheduler gets its share of the work with it: Pending projects that are its own to place for
// `claim_ms`; what it has not placed by then is offered to whoever asks next.
//
// `now` is the apiserver's wall clock: the only one that an expireAt is compared with.
enum class PlacementStrategy { kSpread, kBinpack };
struct ChangesReply {
  std::vector<Change> changes;
  std::int64_t revision = 0;
  bool more = false;
  std::vector<std::string> claimed;  // names
  std::int64_t claim_ms = 0;
  PlacementStrategy placement = PlacementStrategy::kSpread;
  Timestamp now;
};

// --- Hints and events ----------------------------------------------------------------------------
// node.<node>.wake, node.all.wake, sched.all, gc.wake
struct Wake {
  std::int64_t revision = 0;  // 0: pull, whatever is known already
  bool routes = false;        // node.all.wake: hosts are elsewhere now; nothing else is meant
};
struct ChangeEvent {  // evt.<kind>.<name>
  std::string kind;
  std::string name;
  std::string uid;
  std::string phase;  // projects: the phase; nodes: the state
  std::int64_t revision = 0;
  bool deleted = false;
};
struct Alive {  // cara.v1.apiserver.alive
  std::string instance;
  std::int64_t started_at_ms = 0;
};

// --- server.info: everyone -----------------------------------------------------------------------
struct ServerInfo {
  std::string version;
  std::string instance;
  std::string cluster;
  std::int64_t revision = 0;
  std::int64_t nodes = 0;
  std::int64_t nodes_ready = 0;
  PlacementStrategy placement = PlacementStrategy::kSpread;
  std::string moves_held;  // why no project of a lost node is moved now; empty: they are
};

// --- cluster.allow-moves: admin. Most nodes were lost at once, and projects are to be moved all
// the same. Until those nodes are back; without effect if nothing is held.
// -------------------------
struct AllowMovesRequest {
  std::string request_id;
};
struct AllowMovesReply {
  std::string was_held;  // why moves were held; empty: they were not
};

// --- backup.begin, backup.read, backup.end: admin. A consistent copy of the database is made while
// the apiserver goes on, kept beside it, and read piece by piece. It is gone at the end, or when
// nobody has read of it for a minute.
// ---------------------------------------------------------------
struct BackupBeginRequest {
  std::string client;  // a random token: there is one copy at a time, and this is whose
};
struct BackupBeginReply {
  std::int64_t bytes = 0;
  std::int64_t revision = 0;  // of the store, in the copy
  std::string cluster;
};
struct BackupReadRequest {
  std::string client;
  std::int64_t offset = 0;
};
struct BackupReadReply {
  Bytes data;  // empty: that was the end
};
struct BackupEndRequest {
  std::string client;
};
struct BackupEndReply {};

}  // namespace cara::schema
