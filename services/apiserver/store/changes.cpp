// The part of the store around objects: claims, the change log, answers to retries.
#include "services/apiserver/store/store.h"

namespace cara::apiserver {

Result<std::optional<std::string>> Store::holder(std::string_view claim) {
  std::optional<std::string> project;
  const Result<Ok> done = database_->run(
      "SELECT objects.name FROM claims JOIN objects USING (uid) WHERE claims.name = ?", {claim},
      [&](const Row& row) {
        project = row.bytes(0);
        return Walk::kEnd;
      });
  if (!done) return done.error();
  return project;
}

Result<Ok> Store::set_claims(const schema::Project& project,
                             const std::vector<std::string>& claims) {
  if (refusal_) return *refusal_;
  const std::string_view uid = project.metadata.uid;
  Result<Ok> done = database_->run("DELETE FROM claims WHERE uid = ?", {uid});
  for (const std::string& claim : claims) {
    if (!done) return done;
    done = database_->run("INSERT INTO claims (name, uid) VALUES (?, ?)",
                          {std::string_view(claim), uid});
  }
  return done;
}

Result<Ok> Store::log(Written written) {
  const Result<Ok> done = database_->run(
      "INSERT INTO changes (revision, kind, name, uid, node, deleted) VALUES (?, ?, ?, ?, ?, ?)",
      {written.revision, std::string_view(written.kind), std::string_view(written.name),
       std::string_view(written.uid), std::string_view(written.notify.node),
       std::int64_t{written.deleted}});
  if (done) written_.push_back(std::move(written));
  return done;
}

// Every revision is one row, so the oldest row to keep follows from the newest revision.
Result<Ok> Store::trim() {
  const std::int64_t floor = revision_ - options_.max_changes;
  if (floor <= floor_) return Ok{};
  const Result<Ok> done = database_->run("DELETE FROM changes WHERE revision <= ?", {Arg(floor)});
  if (done) floor_ = floor;
  return done;
}

Result<Ok> Store::walk_changes(std::int64_t since, const OnChange& on_change) {
  return database_->run(
      "SELECT revision, kind, name, uid, deleted FROM changes AS c WHERE revision > ?"
      " AND NOT EXISTS (SELECT 1 FROM changes AS later WHERE later.kind = c.kind"
      " AND later.name = c.name AND later.revision > c.revision) ORDER BY revision",
      {Arg(since)}, [&](const Row& row) {
        return on_change({.revision = row.number(0),
                          .kind = row.bytes(1),
                          .name = row.bytes(2),
                          .uid = row.bytes(3),
                          .deleted = row.number(4) != 0});
      });
}

Result<std::int64_t> Store::newest_for_node(std::string_view node) {
  std::int64_t revision = 0;
  const Result<Ok> done = database_->run(
      "SELECT COALESCE(MAX(revision), 0) FROM changes WHERE node = ?", {node}, [&](const Row& row) {
        revision = row.number(0);
        return Walk::kEnd;
      });
  if (!done) return done.error();
  return revision;
}

Result<std::optional<std::string>> Store::find_reply(std::string_view request) {
  std::optional<std::string> reply;
  const Result<Ok> done =
      database_->run("SELECT reply FROM requests WHERE id = ?", {request}, [&](const Row& row) {
        reply = row.bytes(0);
        return Walk::kEnd;
      });
  if (!done) return done.error();
  return reply;
}

Result<Ok> Store::keep_reply(std::string_view request, std::string_view reply, Timestamp now) {
  if (refusal_) return *refusal_;
  Result<Ok> done = database_->run("INSERT INTO requests (id, reply, at) VALUES (?, ?, ?)",
                                   {request, Blob{reply}, now.ms});
  if (!done) return done;
  return database_->run(
      "DELETE FROM requests WHERE number <= (SELECT MAX(number) FROM requests) - ?",
      {Arg(options_.max_replies)});
}

}  // namespace cara::apiserver
