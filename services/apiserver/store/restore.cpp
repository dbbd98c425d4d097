#include "services/apiserver/store/restore.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <memory>
#include <system_error>

#include "schema/wire.h"
#include "services/apiserver/store/database_file.h"
#include "services/apiserver/store/store.h"

namespace cara::apiserver {
namespace {

namespace fs = std::filesystem;

constexpr const char* kJournals[] = {"-wal", "-shm", "-journal"};

bool has_content(const std::string& path) {
  std::error_code error;
  return fs::file_size(path, error) > 0 && !error;
}

// Nothing is lost by a power cut after this.
Result<Ok> sync(const std::string& path) {
  const int file = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  const bool done = file >= 0 && ::fsync(file) == 0;
  const std::string why = std::generic_category().message(errno);
  if (file >= 0) ::close(file);
  if (done) return Ok{};
  return unavailable(path + " cannot be written to the disk: " + why);
}

// Root restores for the user that serves it: whose the database was, or whose folder it is.
Result<Ok> give_to_owner(const std::string& draft, const std::string& database) {
  struct stat owner {};
  if (::geteuid() != 0) return Ok{};
  if (::stat(database.c_str(), &owner) != 0 &&
      ::stat(fs::absolute(database).parent_path().c_str(), &owner) != 0) {
    return Ok{};
  }
  std::error_code error;
  for (const std::string& path : {draft, database + ".lock"}) {
    if (!fs::exists(path, error) || ::chown(path.c_str(), owner.st_uid, owner.st_gid) == 0)
      continue;
    return unavailable(path + " cannot be given to the user of " + database + ": " +
                       std::generic_category().message(errno));
  }
  return Ok{};
}

void remove_all(const std::string& draft) {
  std::error_code ignored;
  fs::remove(draft, ignored);
  for (const char* suffix : kJournals) fs::remove(draft + suffix, ignored);
}

Error no_backup(const std::string& file, const std::string& why) {
  return invalid("the backup " + file + " cannot be used: " + why);
}

Result<Ok> check(const RestoreOptions& options) {
  std::error_code error;
  const fs::file_status status = fs::status(options.backup, error);
  if (!fs::exists(status)) return no_backup(options.backup, "there is no such file");
  if (!fs::is_regular_file(status)) return no_backup(options.backup, "it is no file");
  if (fs::equivalent(options.backup, options.database, error)) {
    return no_backup(options.backup, "it is the database itself");
  }
  if (has_content(options.backup + "-wal")) {
    return no_backup(options.backup,
                     "it is a database in use, with a journal beside it; "
                     "`caractrl backup` makes a backup");
  }
  const bool is_there =
      fs::exists(options.database, error) || has_content(options.database + "-wal");
  if (!is_there || options.replace) return Ok{};
  return conflict("the database " + options.database +
                  " exists; with --force-restore it is put aside, or use another --db");
}

// A file of another program would be taken for a database of schema 0, and get our tables.
Result<Ok> check_is_ours(const std::string& draft, const std::string& backup) {
  const auto database = Database::open(draft);
  if (!database) return no_backup(backup, database.error().message);
  std::int64_t clusters = 0;
  const Result<Ok> read =
      (*database)->run("SELECT COUNT(*) FROM meta WHERE cluster <> ''", {}, [&](const Row& row) {
        clusters = row.number(0);
        return Walk::kEnd;
      });
  if (!read || clusters != 1) return no_backup(backup, "it is no database of a cara-apiserver");
  const std::string damage = find_damage(**database);
  if (!damage.empty()) return no_backup(backup, "it is damaged: " + damage);
  return Ok{};
}

Result<Restored> prepare(const RestoreOptions& options, const std::string& draft) {
  std::error_code error;
  if (Result<Ok> made = Database::create_empty(draft); !made) {
    return unavailable(draft + " cannot be made: " + made.error().message);
  }
  fs::copy_file(options.backup, draft, fs::copy_options::overwrite_existing, error);
  if (error) return unavailable(draft + " cannot be written: " + error.message());
  fs::permissions(draft, fs::perms::owner_read | fs::perms::owner_write, error);
  if (Result<Ok> ours = check_is_ours(draft, options.backup); !ours) return ours.error();
  const auto store = Store::open({.path = draft, .cluster = "none", .restoring = true});
  if (!store) return no_backup(options.backup, store.error().message);
  Restored restored{.cluster = (*store)->cluster(), .revision_before = (*store)->revision()};
  if (Result<Ok> done = (*store)->go_on_from_backup(); !done) {
    return no_backup(options.backup, done.error().message);
  }
  restored.revision = (*store)->revision();
  return restored;
}

// The database first: without it, a journal that is left keeps an apiserver from starting empty.
Result<std::string> put_aside(const std::string& database) {
  const std::string aside = database + ".before-restore";
  std::error_code error;
  const bool was_there = fs::exists(database, error) || has_content(database + "-wal");
  if (!was_there) return std::string();
  if (fs::exists(database, error)) {
    remove_all(aside);
    fs::rename(database, aside, error);
    if (error) return unavailable(database + " cannot be put aside: " + error.message());
  }
  for (const char* suffix : kJournals) {
    if (!fs::exists(database + suffix, error)) continue;
    fs::rename(database + suffix, aside + suffix, error);
    if (error) return unavailable(database + suffix + " cannot be put aside: " + error.message());
  }
  return aside;
}

}  // namespace

Result<Restored> restore(const RestoreOptions& options) {
  if (Result<Ok> checked = check(options); !checked) return checked.error();
  const std::string draft = options.database + ".restore";
  remove_all(draft);
  Result<Restored> restored = prepare(options, draft);
  // Its connection is closed: everything is in the one file.
  Result<Ok> synced = restored ? give_to_owner(draft, options.database) : restored.error();
  if (synced) synced = sync(draft);
  if (synced && has_content(draft + "-wal")) {
    synced = unavailable(draft + "-wal could not be written into its database");
  }
  if (!synced) {
    remove_all(draft);
    return synced.error();
  }
  Result<std::string> aside = put_aside(options.database);
  if (!aside) return aside.error();
  std::error_code error;
  for (const char* suffix : kJournals) fs::remove(draft + suffix, error);
  fs::rename(draft, options.database, error);
  if (error) return unavailable(options.database + " cannot be made: " + error.message());
  restored->put_aside = std::move(*aside);
  if (Result<Ok> done = sync(fs::absolute(options.database).parent_path()); !done) {
    return done.error();
  }
  return restored;
}

Result<Ok> Store::go_on_from_backup() {
  const std::vector<std::string_view> statements{
      "UPDATE meta SET revision = revision + ?1, floor = revision + ?1, epochs = revision + ?1,"
      " backup_at = 0 WHERE ?1 > 0",
      "DELETE FROM changes WHERE ?1 > 0"};
  Result<Ok> done = database_->run("BEGIN");
  for (const std::string_view sql : statements) {
    if (done) done = database_->run(sql, {Arg(kRevisionJump)});
  }
  if (done) done = database_->run("COMMIT");
  if (done) done = load_meta();
  if (!done) return done;
  std::vector<schema::Node> nodes;
  done = begin();
  if (!done) return done;
  done = walk("node", "", [&](const Packed& packed) {
    Result<schema::Node> node = schema::unpack_message<schema::Node>(packed.body);
    if (node) nodes.push_back(std::move(*node));
    return Walk::kOn;
  });
  // An agent reads what it should have when there is something newer for its node.
  for (schema::Node& node : nodes) {
    if (done) done = put(node, {.node = node.metadata.name});
  }
  return done ? commit() : done;
}

}  // namespace cara::apiserver
