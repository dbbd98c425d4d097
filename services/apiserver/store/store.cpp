#include "services/apiserver/store/store.h"

#include "schema/check.h"
#include "schema/lifecycle.h"
#include "schema/routes.h"
#include "schema/wire.h"
#include "services/apiserver/store/database_file.h"

namespace cara::apiserver {
namespace {

constexpr const char* kProject = "project";
constexpr const char* kNode = "node";

std::string quoted(std::string_view text) { return "'" + std::string(text) + "'"; }

// The lifecycle table as triggers: whatever the code above does, nothing else is ever stored.
// They are made anew at every start, from the table this program was built with.
std::string lifecycle_triggers() {
  std::string allowed;
  for (const schema::Move& move : schema::moves()) {
    allowed += (allowed.empty() ? "" : ", ") +
               quoted(std::string(to_string(move.from)) + ">" + std::string(to_string(move.to)));
  }
  return "CREATE TEMP TRIGGER phase_moves BEFORE UPDATE OF phase ON main.objects"
         " WHEN NEW.kind = 'project' AND OLD.phase <> NEW.phase"
         " AND (OLD.phase || '>' || NEW.phase) NOT IN (" +
         allowed +
         ")"
         " BEGIN SELECT RAISE(ABORT, 'this phase move is not allowed'); END;"
         "CREATE TEMP TRIGGER phase_first BEFORE INSERT ON main.objects"
         " WHEN NEW.kind = 'project' AND NEW.phase <> 'Pending'"
         " BEGIN SELECT RAISE(ABORT, 'a new project is Pending'); END;"
         "CREATE TEMP TRIGGER phase_last BEFORE DELETE ON main.objects"
         " WHEN OLD.kind = 'project' AND OLD.phase <> 'Terminated'"
         " BEGIN SELECT RAISE(ABORT, 'only a Terminated project is removed'); END;";
}

template <class Object>
Result<std::optional<Object>> unpacked(const Result<std::optional<std::string>>& body) {
  if (!body) return body.error();
  if (!*body) return std::optional<Object>();
  Result<Object> object = schema::unpack_message<Object>(**body);
  if (!object) return internal("a stored object cannot be read: " + object.error().message);
  return std::optional<Object>(std::move(*object));
}

}  // namespace

std::string digest_of(const schema::Project& project) {
  if (project.status.ingress.empty()) return "";
  const schema::ProjectRoutes routes = schema::routes_of(project);
  return routes.rules.empty() ? "" : schema::pack_message(routes);
}

std::string digest_of(const schema::Node& node) {
  return node.status.info.ingress ? node.status.info.ingress->address : "";
}

Store::Store(const StoreOptions& options, std::unique_ptr<Database> database)
    : options_(options), database_(std::move(database)) {}

Result<std::unique_ptr<Store>> Store::open(const StoreOptions& options) {
  CARA_CHECK(!options.cluster.empty());
  Result<std::unique_ptr<Database>> database = open_database(options.path, options.cluster);
  if (!database) return database.error();
  std::unique_ptr<Store> store(new Store(options, std::move(*database)));
  if (Result<Ok> done = store->load(); !done) return done.error();
  return store;
}

Result<Ok> Store::load_meta() {
  return database_->run("SELECT cluster, revision, floor, hop_key, epochs, backup_at FROM meta", {},
                        [this](const Row& row) {
                          cluster_ = row.bytes(0);
                          revision_ = row.number(1);
                          floor_ = row.number(2);
                          hop_key_ = row.bytes(3);
                          epochs_ = row.number(4);
                          backup_at_ = row.number(5);
                          return Walk::kEnd;
                        });
}

Result<Ok> Store::load() {
  if (Result<Ok> done = load_meta(); !done) return done;
  if (backup_at_ != 0 && !options_.restoring) {
    return internal("the database " + options_.path + " is a backup, of " +
                    to_string(Timestamp{backup_at_}) +
                    ": what happened since would be done again under the same numbers; move it "
                    "away and start once with --restore BACKUP");
  }
  if (Result<Ok> began = begin_history(); !began) return began;
  if (Result<Ok> began = begin_holdings(); !began) return began;
  if (Result<Ok> began = begin_ingress(); !began) return began;
  return database_->script(lifecycle_triggers());
}

Result<Ok> Store::take_over(std::string_view sql, const OnProject& on_project) {
  std::vector<schema::Project> projects;
  Result<Ok> done = database_->run(sql, {}, [&](const Row& row) {
    Result<schema::Project> project = schema::unpack_message<schema::Project>(row.bytes(0));
    if (project) projects.push_back(std::move(*project));
    return Walk::kOn;
  });
  if (!done || projects.empty()) return done;
  done = database_->run("BEGIN");
  for (const schema::Project& project : projects) {
    if (done) done = on_project(project);
  }
  if (done) done = database_->run("COMMIT");
  if (!done && database_->in_transaction()) (void)database_->run("ROLLBACK");
  return done;
}

// --- Transactions -------------------------------------------------------------------------------

// Deferred: a batch that only reads takes no lock and costs no commit.
Result<Ok> Store::begin(std::optional<Error> refusal) {
  database_->forget_refusal();
  refusal_ = std::move(refusal);
  written_.clear();
  wrote_aside_ = false;
  revision_at_begin_ = revision_;
  return database_->run("BEGIN");
}

Result<Ok> Store::commit() {
  if (!written_.empty() || wrote_aside_) {
    if (Result<Ok> done = database_->check_in_place(); !done) return done;
  }
  if (!written_.empty()) {
    if (Result<Ok> done = trim(); !done) return done;
    Result<Ok> done =
        database_->run("UPDATE meta SET revision = ?, floor = ?", {Arg(revision_), Arg(floor_)});
    if (!done) return done;
  }
  return database_->run("COMMIT");
}

void Store::rollback() {
  // SQLite ends the transaction itself after some errors.
  if (database_->in_transaction()) (void)database_->run("ROLLBACK");
  revision_ = revision_at_begin_;
  written_.clear();
}

Result<Ok> Store::begin_request() {
  // SQLite ends the transaction itself after some errors (a full disk): a savepoint would be one of
  // its own then, and written for good when it is released, whatever becomes of the batch.
  if (!database_->in_transaction()) {
    if (trouble() != Trouble::kNone) return trouble_error();
    return internal("the transaction of the batch has ended");
  }
  revision_at_request_ = revision_;
  written_at_request_ = written_.size();
  return database_->run("SAVEPOINT request");
}

Result<Ok> Store::keep_request() { return database_->run("RELEASE request"); }

void Store::undo_request() {
  if (database_->in_transaction()) {
    (void)database_->run("ROLLBACK TO request");
    (void)database_->run("RELEASE request");
  }
  // Nobody has seen these revisions.
  revision_ = revision_at_request_;
  written_.resize(written_at_request_);
}

// --- Objects ------------------------------------------------------------------------------------

Result<std::optional<std::string>> Store::find_body(std::string_view kind, std::string_view name) {
  std::optional<std::string> body;
  const Result<Ok> done = database_->run("SELECT body FROM objects WHERE kind = ? AND name = ?",
                                         {kind, name}, [&](const Row& row) {
                                           body = row.bytes(0);
                                           return Walk::kEnd;
                                         });
  if (!done) return done.error();
  return body;
}

Result<std::optional<schema::Project>> Store::find_project(std::string_view name) {
  return unpacked<schema::Project>(find_body(kProject, name));
}

Result<std::optional<schema::Node>> Store::find_node(std::string_view name) {
  return unpacked<schema::Node>(find_body(kNode, name));
}

Result<Ok> Store::save(Written written, std::string_view node, const std::string& body) {
  bool updated = false;
  Result<Ok> done = database_->run(
      "UPDATE objects SET phase = ?, node = ?, revision = ?, body = ?"
      " WHERE kind = ? AND name = ? AND uid = ? RETURNING 1",
      {std::string_view(written.phase), node, written.revision, Blob{body},
       std::string_view(written.kind), std::string_view(written.name),
       std::string_view(written.uid)},
      [&](const Row&) {
        updated = true;
        return Walk::kOn;
      });
  if (done && !updated) {
    done = database_->run(
        "INSERT INTO objects (kind, name, uid, phase, node, revision, body)"
        " VALUES (?, ?, ?, ?, ?, ?, ?)",
        {std::string_view(written.kind), std::string_view(written.name),
         std::string_view(written.uid), std::string_view(written.phase), node, written.revision,
         Blob{body}});
  }
  if (!done) return done;
  return log(std::move(written));
}

Result<Ok> Store::put(schema::Project& project, const Notify& notify) {
  if (refusal_) return *refusal_;
  project.metadata.revision = ++revision_;
  return save({.revision = revision_,
               .kind = kProject,
               .name = project.metadata.name,
               .uid = project.metadata.uid,
               .phase = std::string(to_string(project.status.phase)),
               .notify = notify,
               .routes = digest_of(project)},
              project.status.node_ref, schema::pack_message(project));
}

Result<Ok> Store::put(schema::Node& node, const Notify& notify) {
  if (refusal_) return *refusal_;
  node.metadata.revision = ++revision_;
  return save({.revision = revision_,
               .kind = kNode,
               .name = node.metadata.name,
               .uid = node.metadata.uid,
               .phase = std::string(to_string(node.status.state)),
               .notify = notify,
               .routes = digest_of(node)},
              "", schema::pack_message(node));
}

Result<Ok> Store::drop(Written written) {
  if (refusal_) return *refusal_;
  written.revision = ++revision_;
  written.deleted = true;
  const Result<Ok> done =
      database_->run("DELETE FROM objects WHERE kind = ? AND name = ? AND uid = ?",
                     {std::string_view(written.kind), std::string_view(written.name),
                      std::string_view(written.uid)});
  if (!done) return done;
  return log(std::move(written));
}

Result<Ok> Store::remove(const schema::Project& project, const Notify& notify) {
  return drop({.kind = kProject,
               .name = project.metadata.name,
               .uid = project.metadata.uid,
               .phase = std::string(to_string(project.status.phase)),
               .notify = notify});
}

Result<Ok> Store::remove(const schema::Node& node, const Notify& notify) {
  return drop({.kind = kNode,
               .name = node.metadata.name,
               .uid = node.metadata.uid,
               .phase = std::string(to_string(node.status.state)),
               .notify = notify});
}

Result<Ok> Store::walk(std::string_view kind, std::string_view after, const OnPacked& on_object) {
  return database_->run("SELECT name, body FROM objects WHERE kind = ? AND name > ? ORDER BY name",
                        {kind, after}, [&](const Row& row) {
                          return on_object({row.bytes(0), row.bytes(1)});
                        });
}

Result<Ok> Store::walk_bound(std::string_view node, std::string_view after,
                             const OnPacked& on_object) {
  return database_->run(
      "SELECT name, body FROM objects WHERE kind = 'project' AND node = ? AND name > ?"
      " AND phase IN ('Scheduled', 'Running', 'Failed', 'Terminating') ORDER BY name",
      {node, after}, [&](const Row& row) {
        return on_object({row.bytes(0), row.bytes(1)});
      });
}

Result<bool> Store::any_in_phase(schema::Phase phase) {
  bool any = false;
  const Result<Ok> done =
      database_->run("SELECT 1 FROM objects WHERE kind = 'project' AND phase = ? LIMIT 1",
                     {to_string(phase)}, [&](const Row&) {
                       any = true;
                       return Walk::kEnd;
                     });
  if (!done) return done.error();
  return any;
}

}  // namespace cara::apiserver
