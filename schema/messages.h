// What travels on the bus, one struct per message. Requests go to
// `cara.v1.api.<role>.<id>.<kind>.<verb>`; who may call what: services/apiserver/operations.cpp.
//
// A reply is either the reply struct's fields or {"error": {code, message, fields}} (codec.h).
#pragma once

#include <cstdint>
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
};
enum class ApplyOutcome { kCreated, kConfigured, kUnchanged };
struct ApplyReply {
  ApplyOutcome outcome = ApplyOutcome::kCreated;
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
  std::string uid;     // empty: whatever incarnation is there
  bool force = false;  // project: drop the record without waiting for the node
};
enum class DeleteOutcome { kDeleting, kDeleted };
struct DeleteReply {
  DeleteOutcome outcome = DeleteOutcome::kDeleting;
  std::string uid;  // of what is being deleted
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

// --- project.expire / project.evict / project.reap: gc. The apiserver checks each against its own
// clock and state: expireAt is past; a NotReadyAt or TerminatingAt window is over; it is
// Terminated.
struct GcRequest {
  std::string name;
  std::string uid;
};

// --- project.status: agent -----------------------------------------------------------------------
struct StatusRequest {
  std::string node;
  std::int64_t registration = 0;
  std::string name;
  std::string uid;
  std::int64_t assignment = 0;
  std::int64_t generation = 0;    // of the spec this speaks of
  Phase phase = Phase::kRunning;  // Running, Failed, Terminated; Scheduled: progress, no transition
  std::string reason;
  std::string message;
  std::vector<ServiceStatus> services;
  std::int64_t number = 0;  // grows with each of a registration: what comes late is known by it
};

// --- node.register: agent ------------------------------------------------------------------------
struct RegisterRequest {
  std::string node;
  std::string agent_id;
  std::map<std::string, std::string> labels;
  NodeInfo info;
  bool engine_ready = false;
  std::string engine_message;
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
};
struct HeartbeatReply {
  bool registered = false;    // false: register again
  std::int64_t revision = 0;  // of the newest change that concerns this node
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
  Phase phase = Phase::kScheduled;  // Terminating: tear it down
  ProjectSpec spec;
};
struct DesiredReply {
  std::string cluster;
  std::int64_t revision = 0;  // of the newest change that concerns this node
  std::vector<DesiredProject> projects;
  std::string next;
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
struct ChangesReply {
  std::vector<Change> changes;
  std::int64_t revision = 0;
  bool more = false;
};

// --- Hints and events ----------------------------------------------------------------------------
struct Wake {  // node.<node>.wake, sched.wake, sched.all, gc.wake
  std::int64_t revision = 0;
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
};

}  // namespace cara::schema
