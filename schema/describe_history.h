// The fields of revisions and events on the wire. What they mean: history.h.
#pragma once

#include "schema/describe_types.h"
#include "schema/history.h"

namespace cara::schema {

template <>
struct EnumNames<RevisionCause> {
  static constexpr std::array<std::string_view, 4> kNames{"apply", "rollback", "undo", "change"};
};

template <class V>
void describe(V& v, RevisionInfo& x) {
  v.field(kRequired, "number", x.number, {});
  v.field(kRequired, "generation", x.generation, {});
  v.field(kOptional, "at", x.at, {});
  v.field(kRequired, "cause", x.cause, {});
  v.field(kRequired, "healthy", x.healthy, {});
  v.field(kRequired, "current", x.current, {});
  v.field(kOptional, "images", x.images, {});
  v.field(kOptional, "spec", x.spec, {});
}
template <class V>
void describe(V& v, HistoryRequest& x) {
  v.field(kRequired, "name", x.name, {});
  v.field(kOptional, "revision", x.revision, {});
}
template <class V>
void describe(V& v, HistoryReply& x) {
  v.field(kRequired, "revisions", x.revisions, {});
}
template <class V>
void describe(V& v, UndoRequest& x) {
  v.field(kRequired, "requestId", x.request_id, {});
  v.field(kRequired, "name", x.name, {});
  v.field(kOptional, "toRevision", x.to_revision, {});
}
template <class V>
void describe(V& v, UndoReply& x) {
  v.field(kRequired, "revision", x.revision, {});
  v.field(kRequired, "changed", x.changed, {});
  v.field(kOptional, "note", x.note, {});
}
template <class V>
void describe(V& v, Event& x) {
  v.field(kRequired, "number", x.number, {});
  v.field(kRequired, "kind", x.kind, {});
  v.field(kRequired, "name", x.name, {});
  v.field(kRequired, "uid", x.uid, {});
  v.field(kOptional, "first", x.first, {});
  v.field(kOptional, "last", x.last, {});
  v.field(kRequired, "actor", x.actor, {});
  v.field(kRequired, "reason", x.reason, {});
  v.field(kRequired, "message", x.message, {});
  v.field(kRequired, "count", x.count, {});
}
template <class V>
void describe(V& v, EventListRequest& x) {
  v.field(kOptional, "kind", x.kind, {});
  v.field(kOptional, "name", x.name, {});
  v.field(kOptional, "uid", x.uid, {});
  v.field(kOptional, "after", x.after, {});
  v.field(kOptional, "limit", x.limit, {});
}
template <class V>
void describe(V& v, EventListReply& x) {
  v.field(kRequired, "events", x.events, {});
  v.field(kOptional, "more", x.more, {});
}
template <class V>
void describe(V& v, ReportedEvent& x) {
  v.field(kRequired, "name", x.name, {});
  v.field(kRequired, "uid", x.uid, {});
  v.field(kRequired, "reason", x.reason, {});
  v.field(kRequired, "message", x.message, {});
  v.field(kOptional, "about", x.about, {});
  v.field(kOptional, "count", x.count, {});
}
template <class V>
void describe(V& v, EventReportRequest& x) {
  v.field(kRequired, "node", x.node, {});
  v.field(kRequired, "registration", x.registration, {});
  v.field(kRequired, "events", x.events, {});
}
template <class V>
void describe(V& v, EventReportReply& x) {
  v.field(kRequired, "taken", x.taken, {});
}

}  // namespace cara::schema
