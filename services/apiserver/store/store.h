// Store: every Project and Node, the names they claim, the change log, the answers to retries, and
// what is remembered of specs and events.
// The only user of SQLite, on a file or (in the simulator and in tests) on `:memory:`.
//
// One thread. All calls below "One transaction" REQUIRE begin() before them.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "schema/fit.h"
#include "schema/history.h"
#include "schema/result.h"
#include "schema/types.h"
#include "services/apiserver/store/database.h"

namespace cara::apiserver {

struct StoreOptions {
  std::string path = ":memory:";
  std::string cluster;                // the id that a new store gets
  std::string hop_key;                // likewise; empty: none
  std::int64_t max_changes = 10'000;  // kept in the log; who is further behind lists again
  std::int64_t max_replies = 1'000;   // kept for retries
  std::int64_t max_revisions = 10;    // of a project
  std::int64_t max_object_events = 100;
  bool restoring = false;            // a backup is opened, to be made the cluster's store
  std::int64_t max_events = 20'000;  // of all objects; trimmed every 100
};

// Whom a change concerns.
struct Notify {
  std::string node;         // its agent has something to do
  bool schedulers = false;  // something waits for a node, or a node has room
  bool gc = false;          // something waits for a time
};

// One row of the change log, with what the bus is told about it.
struct Written {
  std::int64_t revision = 0;
  std::string kind;  // `project`, `node`
  std::string name;
  std::string uid;
  std::string phase;  // of a node: its state
  bool deleted = false;
  Notify notify;
  std::string routes;  // digest_of() the object as it was written
};

struct ChangeRow {
  std::int64_t revision = 0;
  std::string kind;
  std::string name;
  std::string uid;
  bool deleted = false;
};

// One of the specs that a project had.
struct Revision {
  std::int64_t number = 0;
  std::int64_t generation = 0;
  Timestamp at;
  schema::RevisionCause cause = schema::RevisionCause::kApply;
  std::int64_t healthy_in = 0;  // assignment in which the project was last Running with it; 0: none
  std::string spec;             // packed
};

// Empty texts: any.
struct EventQuery {
  std::string_view kind;
  std::string_view name;
  std::string_view uid;
  std::int64_t after = 0;  // number
};
using OnEvent = std::function<Walk(const schema::Event&)>;

// A packed object, as a list walks over them.
struct Packed {
  std::string name;
  std::string body;
};
using OnPacked = std::function<Walk(const Packed&)>;

struct PendingProject {
  std::string name;
  std::string uid;
};
using OnPending = std::function<Walk(const PendingProject&)>;

struct NodeCounts {
  std::int64_t all = 0;
  std::int64_t ready = 0;
};

// Most nodes were lost at once.
struct Held {
  std::int64_t of = 0;   // nodes that were Ready before; 0: nothing is held
  bool allowed = false;  // an operator lets projects be moved all the same
  std::string reason;
};
using OnChange = std::function<Walk(const ChangeRow&)>;

// Two have the same if an ingress does the same for both; empty: it has nothing to do.
std::string digest_of(const schema::Project& project);
std::string digest_of(const schema::Node& node);

class Store {
 public:
  // Refused, with a sentence for the user: a damaged file, one of a newer version, no access.
  static Result<std::unique_ptr<Store>> open(const StoreOptions& options);

  const std::string& cluster() const { return cluster_; }
  const std::string& hop_key() const { return hop_key_; }  // what ingresses show each other
  std::int64_t revision() const { return revision_; }      // grows with every write, never reused
  std::int64_t floor() const { return floor_; }            // changes up to here are forgotten
  // Assignments and registrations that are given out are above this one.
  std::int64_t epochs() const { return epochs_; }

  // A backup goes on as the cluster's store. Its revision jumps far beyond any that was given out
  // after the backup, the change log is forgotten, so that every mirror lists again, and every
  // agent has something new to read. What runs keeps its assignment.
  static constexpr std::int64_t kRevisionJump = std::int64_t{1} << 32;
  Result<Ok> go_on_from_backup();

  // --- One transaction. Ended by commit() or rollback(). With `refusal`, every write in it is
  // answered with that error and reads go on.
  Result<Ok> begin(std::optional<Error> refusal = std::nullopt);
  Result<Ok> commit();  // REQUIRES: trouble() == kNone. Durable when it returns Ok
  void rollback();
  Trouble trouble() const { return database_->trouble(); }
  const Error& trouble_error() const { return database_->trouble_error(); }
  const std::vector<Written>& written() const { return written_; }

  // --- One request in it: begin_request, then keep_request or undo_request.
  Result<Ok> begin_request();
  Result<Ok> keep_request();
  void undo_request();

  // --- Objects. put() gives the object the next revision. REQUIRES of a put: name and uid are
  // set; a phase move that lifecycle.h does not allow is refused with kConflict.
  Result<std::optional<schema::Project>> find_project(std::string_view name);
  Result<std::optional<schema::Node>> find_node(std::string_view name);
  Result<Ok> put(schema::Project& project, const Notify& notify);
  Result<Ok> put(schema::Node& node, const Notify& notify);
  Result<Ok> remove(const schema::Project& project, const Notify& notify);
  Result<Ok> remove(const schema::Node& node, const Notify& notify);

  // By name, behind `after`. The callback must not call the store.
  Result<Ok> walk(std::string_view kind, std::string_view after, const OnPacked& on_object);
  // Projects that are bound to `node` and not Terminated.
  Result<Ok> walk_bound(std::string_view node, std::string_view after, const OnPacked& on_object);
  Result<bool> any_in_phase(schema::Phase phase);
  Result<Ok> walk_pending(const OnPending& on_project);  // what changed last comes first

  // --- What bound projects take of their nodes. From hold() on until the project is stored as
  // Pending or Terminated, or removed. REQUIRES: it was put, with its node.
  Result<Ok> hold(const schema::Project& project);
  // Of all projects that hold something there, but the one with `except_uid`.
  Result<schema::Usage> usage(std::string_view node, std::string_view except_uid);

  // --- Nodes that are lost together.
  Result<NodeCounts> count_nodes();
  using OnCount = std::function<void(std::string_view phase, std::int64_t projects)>;
  Result<Ok> count_projects(const OnCount& on_count);
  Result<Held> held();
  Result<Ok> set_held(const Held& held);

  // --- Names that may be used once in the cluster.
  Result<std::optional<std::string>> holder(std::string_view claim);  // name of the project
  Result<Ok> set_claims(const schema::Project& project, const std::vector<std::string>& claims);

  // --- The change log. The newest change of each object after `since`, oldest first.
  Result<Ok> walk_changes(std::int64_t since, const OnChange& on_change);
  Result<std::int64_t> newest_for_node(std::string_view node);  // 0: none

  // --- Revisions. The newest one and the newest that was healthy are never dropped.
  // A new one, of the spec of `project`. REQUIRES: it was put.
  Result<Ok> add_revision(const schema::Project& project, schema::RevisionCause cause);
  // The project is Running with its spec, in its assignment.
  Result<Ok> mark_healthy(const schema::Project& project);
  Result<std::vector<Revision>> revisions(std::string_view uid);  // oldest first

  // --- Events. Merged with a like one of the newest of that object: same actor, reason and
  // `about`, or, without one, message. They outlive their object.
  Result<Ok> add_event(const schema::Event& event, std::string_view about);
  Result<Ok> walk_events(const EventQuery& query, const OnEvent& on_event);  // oldest first

  // --- Retries.
  Result<std::optional<std::string>> find_reply(std::string_view request);
  Result<Ok> keep_reply(std::string_view request, std::string_view reply, Timestamp now);

 private:
  explicit Store(const StoreOptions& options, std::unique_ptr<Database> database);
  Result<Ok> load();
  Result<Ok> load_meta();
  using OnProject = std::function<Result<Ok>(const schema::Project&)>;
  // What an older database lacks, for each project that `sql` finds; all of it or nothing.
  Result<Ok> take_over(std::string_view sql, const OnProject& on_project);
  Result<Ok> begin_history();
  Result<Ok> begin_holdings();
  Result<Ok> begin_ingress();
  Result<Ok> merge_event(const schema::Event& event, std::string_view about, bool& merged);
  Result<std::optional<std::string>> find_body(std::string_view kind, std::string_view name);
  Result<Ok> save(Written written, std::string_view node, const std::string& body);
  Result<Ok> drop(Written written);
  Result<Ok> log(Written written);
  Result<Ok> trim();

  StoreOptions options_;
  std::unique_ptr<Database> database_;
  std::string cluster_;
  std::string hop_key_;
  std::int64_t revision_ = 0;
  std::int64_t floor_ = 0;
  std::int64_t epochs_ = 0;
  std::int64_t backup_at_ = 0;
  std::optional<Error> refusal_;
  std::vector<Written> written_;
  bool wrote_aside_ = false;  // something that is no revision of an object
  std::int64_t revision_at_begin_ = 0;
  std::int64_t revision_at_request_ = 0;
  std::size_t written_at_request_ = 0;
};

}  // namespace cara::apiserver
