// What is remembered of an object beside its state: the specs that a project had, and what happened
// to projects and nodes.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "schema/types.h"

namespace cara::schema {

// --- Revisions: the specs of a project, numbered 1, 2, 3, ...
// --------------------------------------

// What made it the project's spec. Rollback: by itself, because a newer one did not become Running.
// Change: it was stopped, started or restarted by hand.
enum class RevisionCause { kApply, kRollback, kUndo, kChange };

std::string_view to_string(RevisionCause cause);
RevisionCause parse_cause(std::string_view text);  // unknown: kApply

struct RevisionInfo {
  std::int64_t number = 0;
  std::int64_t generation = 0;
  Timestamp at;
  RevisionCause cause = RevisionCause::kApply;
  bool healthy = false;             // the project was Running with it
  bool current = false;             // the project's spec now
  std::vector<std::string> images;  // of its services, in their order, each once
  std::optional<ProjectSpec> spec;  // when it was asked for
};

// --- project.history: admin, viewer (without env values). Oldest first. --------------------------
struct HistoryRequest {
  std::string name;
  std::int64_t revision = 0;  // only this one, with its spec; 0: all, without
};
struct HistoryReply {
  std::vector<RevisionInfo> revisions;
};

// --- project.undo: admin. The spec of an earlier revision is applied as a new one. ---------------
struct UndoRequest {
  std::string request_id;
  std::string name;
  std::int64_t to_revision = 0;  // 0: the one before the current one
};
struct UndoReply {
  std::int64_t revision = 0;  // whose spec is back
  bool changed = true;        // false: the project had that spec already
  std::string note;           // what of it was left out; empty: nothing
};

// --- Events --------------------------------------------------------------------------------------

// Equal ones are merged: `count` grows, and the event is the newest again, under a new number.
struct Event {
  std::int64_t number = 0;  // grows with every change of any event
  std::string kind;         // `project`, `node`
  std::string name;
  std::string uid;
  Timestamp first;
  Timestamp last;
  std::string actor;   // `admin/alice`, `agent/worker-01`, `scheduler`, `gc`, `apiserver`
  std::string reason;  // one CamelCase word
  std::string message;
  std::int64_t count = 1;
};

// --- event.list: admin, viewer. Oldest first; also of objects that are gone. ---------------------
struct EventListRequest {
  std::string kind;  // empty: of all kinds, and so on
  std::string name;
  std::string uid;
  std::int64_t after = 0;  // the number of the last one seen
  std::int64_t limit = 0;  // 0: as many as fit
};
struct EventListReply {
  std::vector<Event> events;
  bool more = false;  // ask again, after the number of the last one
};

// --- event.report: agent, about projects that are bound to its node. Others are passed over. -----
struct ReportedEvent {
  std::string name;
  std::string uid;
  std::string reason;
  std::string message;
  std::string about;       // merged by this instead of the message: `pull/nginx:1`
  std::int64_t count = 1;  // how often since the last report
};
inline constexpr std::size_t kMaxReportedEvents = 100;
struct EventReportRequest {
  std::string node;
  std::int64_t registration = 0;
  std::vector<ReportedEvent> events;  // at most kMaxReportedEvents
};
struct EventReportReply {
  std::int64_t taken = 0;
};

}  // namespace cara::schema
