// The part of the store that remembers: the specs a project had, and what happened to objects.
#include "schema/check.h"
#include "schema/wire.h"
#include "services/apiserver/store/store.h"

namespace cara::apiserver {
namespace {

// An event is merged with an equal one among this many newest of its object.
constexpr std::int64_t kMergeWindow = 8;
// All events are counted only now and then, so there are up to this many more.
constexpr std::int64_t kTrimEvery = 100;

schema::Event event_of(const Row& row) {
  return {.number = row.number(0),
          .kind = row.bytes(1),
          .name = row.bytes(2),
          .uid = row.bytes(3),
          .first = {row.number(4)},
          .last = {row.number(5)},
          .actor = row.bytes(6),
          .reason = row.bytes(7),
          .message = row.bytes(8),
          .count = row.number(9)};
}

}  // namespace

// Projects from before revisions were kept begin with the spec that they have.
Result<Ok> Store::begin_history() {
  return take_over(
      "SELECT body FROM objects WHERE kind = 'project' AND uid NOT IN (SELECT uid FROM revisions)",
      [this](const schema::Project& project) {
        const Result<Ok> done = add_revision(project, schema::RevisionCause::kApply);
        const bool settled = project.status.observed_generation == project.metadata.generation &&
                             project.status.phase == schema::Phase::kRunning;
        return done && settled ? mark_healthy(project) : done;
      });
}

Result<Ok> Store::add_revision(const schema::Project& project, schema::RevisionCause cause) {
  if (refusal_) return *refusal_;
  wrote_aside_ = true;
  const std::string_view uid = project.metadata.uid;
  const std::string spec = schema::pack_message(project.spec);
  Result<Ok> done = database_->run(
      "INSERT INTO revisions (uid, number, generation, at, cause, healthy_in, spec) VALUES (?1,"
      " (SELECT COALESCE(MAX(number), 0) + 1 FROM revisions WHERE uid = ?1), ?2, ?3, ?4, 0, ?5)",
      {uid, project.metadata.generation, project.metadata.updated_at.ms, to_string(cause),
       Blob{spec}});
  if (!done) return done;
  // The newest that was healthy stays, whatever came after it: it is what a rollback goes back to.
  return database_->run(
      "DELETE FROM revisions WHERE uid = ?1 AND number NOT IN"
      " (SELECT number FROM revisions WHERE uid = ?1 ORDER BY number IN"
      " (SELECT MAX(number) FROM revisions WHERE uid = ?1 AND healthy_in > 0) DESC,"
      " number DESC LIMIT ?2)",
      {uid, Arg(options_.max_revisions)});
}

Result<Ok> Store::mark_healthy(const schema::Project& project) {
  const std::string_view uid = project.metadata.uid;
  const std::int64_t generation = project.metadata.generation;
  const std::int64_t assignment = project.status.assignment;
  bool marked = true;
  Result<Ok> done =
      database_->run("SELECT healthy_in = ? FROM revisions WHERE uid = ? AND generation = ?",
                     {assignment, uid, generation}, [&](const Row& row) {
                       marked = row.number(0) != 0;
                       return Walk::kEnd;
                     });
  if (!done || marked) return done;
  if (refusal_) return *refusal_;
  wrote_aside_ = true;
  return database_->run("UPDATE revisions SET healthy_in = ? WHERE uid = ? AND generation = ?",
                        {assignment, uid, generation});
}

Result<std::vector<Revision>> Store::revisions(std::string_view uid) {
  std::vector<Revision> found;
  const Result<Ok> done = database_->run(
      "SELECT number, generation, at, cause, healthy_in, spec FROM revisions WHERE uid = ?"
      " ORDER BY number",
      {uid}, [&](const Row& row) {
        found.push_back({.number = row.number(0),
                         .generation = row.number(1),
                         .at = {row.number(2)},
                         .cause = schema::parse_cause(row.bytes(3)),
                         .healthy_in = row.number(4),
                         .spec = row.bytes(5)});
        return Walk::kOn;
      });
  if (!done) return done.error();
  return found;
}

Result<Ok> Store::merge_event(const schema::Event& event, std::string_view about, bool& merged) {
  std::int64_t number = 0;
  const Result<Ok> done = database_->run(
      "SELECT number FROM (SELECT * FROM events WHERE uid = ?1 ORDER BY number DESC LIMIT ?2)"
      " WHERE actor = ?3 AND reason = ?4 AND about = ?5 AND (about <> '' OR message = ?6) LIMIT 1",
      {std::string_view(event.uid), Arg(kMergeWindow), std::string_view(event.actor),
       std::string_view(event.reason), about, std::string_view(event.message)},
      [&](const Row& row) {
        number = row.number(0);
        return Walk::kEnd;
      });
  merged = done && number != 0;
  if (!merged) return done;
  return database_->run(
      "UPDATE events SET number = (SELECT MAX(MAX(number), (SELECT epochs FROM meta)) + 1"
      " FROM events), last = ?, message = ?,"
      " count = count + ? WHERE number = ?",
      {event.last.ms, std::string_view(event.message), event.count, Arg(number)});
}

Result<Ok> Store::add_event(const schema::Event& event, std::string_view about) {
  if (refusal_) return *refusal_;
  wrote_aside_ = true;
  bool merged = false;
  Result<Ok> done = merge_event(event, about, merged);
  if (!done || merged) return done;
  std::int64_t number = 0;
  done = database_->run(
      "INSERT INTO events (number, kind, name, uid, first, last, actor, reason, about, message,"
      " count) VALUES ((SELECT MAX(COALESCE(MAX(number), 0), (SELECT epochs FROM meta)) + 1 FROM"
      " events), ?, ?, ?, ?, ?, ?, ?, ?,"
      " ?, ?) RETURNING number",
      {std::string_view(event.kind), std::string_view(event.name), std::string_view(event.uid),
       event.last.ms, event.last.ms, std::string_view(event.actor), std::string_view(event.reason),
       about, std::string_view(event.message), event.count},
      [&](const Row& row) {
        number = row.number(0);
        return Walk::kOn;
      });
  if (!done) return done;
  done = database_->run(
      "DELETE FROM events WHERE uid = ?1 AND number <="
      " (SELECT number FROM events WHERE uid = ?1 ORDER BY number DESC LIMIT 1 OFFSET ?2)",
      {std::string_view(event.uid), Arg(options_.max_object_events)});
  if (!done || number % kTrimEvery != 0) return done;
  return database_->run(
      "DELETE FROM events WHERE number <="
      " (SELECT number FROM events ORDER BY number DESC LIMIT 1 OFFSET ?)",
      {Arg(options_.max_events)});
}

Result<Ok> Store::walk_events(const EventQuery& query, const OnEvent& on_event) {
  const auto on_row = [&](const Row& row) {
    const schema::Event event = event_of(row);
    const bool wanted = (query.kind.empty() || query.kind == event.kind) &&
                        (query.name.empty() || query.name == event.name) &&
                        (query.uid.empty() || query.uid == event.uid);
    return wanted ? on_event(event) : Walk::kOn;
  };
  if (!query.kind.empty() && !query.name.empty()) {
    return database_->run(
        "SELECT number, kind, name, uid, first, last, actor, reason, message, count FROM events"
        " WHERE kind = ? AND name = ? AND number > ? ORDER BY number",
        {query.kind, query.name, Arg(query.after)}, on_row);
  }
  return database_->run(
      "SELECT number, kind, name, uid, first, last, actor, reason, message, count FROM events"
      " WHERE number > ? ORDER BY number",
      {Arg(query.after)}, on_row);
}

}  // namespace cara::apiserver
