#include "services/apiserver/store/database_file.h"

#include <filesystem>
#include <optional>
#include <system_error>

#include "services/apiserver/store/migrations.h"

namespace cara::apiserver {
namespace {

namespace fs = std::filesystem;

constexpr const char* kMemory = ":memory:";

Error about(const std::string& path, const std::string& what) {
  return internal("the database " + path + " " + what);
}

Result<Ok> check_integrity(Database& database, const std::string& path) {
  const std::string damage = find_damage(database);
  if (damage.empty()) return Ok{};
  return about(path, "is damaged (" + damage +
                         "); restore a backup, or move it away to begin with an empty cluster");
}

Result<std::int64_t> schema_version(Database& database) {
  std::int64_t version = 0;
  const Result<Ok> done = database.run("PRAGMA user_version", {}, [&](const Row& row) {
    version = row.number(0);
    return Walk::kEnd;
  });
  if (!done) return done.error();
  return version;
}

// Each step in its own transaction, with the version it makes: a crash leaves a whole one.
Result<Ok> migrate(Database& database, const std::string& path, const std::string& cluster) {
  const Result<std::int64_t> version = schema_version(database);
  if (!version) return version.error();
  const auto newest = static_cast<std::int64_t>(migrations().size());
  if (*version > newest) {
    return about(path, "was written by a newer cara-apiserver (schema " + std::to_string(*version) +
                           ", this one knows up to " + std::to_string(newest) +
                           "); install that version again");
  }
  for (std::int64_t step = *version; step < newest; ++step) {
    std::string sql = "BEGIN IMMEDIATE;";
    sql += migrations()[static_cast<std::size_t>(step)];
    sql += "PRAGMA user_version = " + std::to_string(step + 1) + "; COMMIT;";
    if (Result<Ok> done = database.script(sql); !done) {
      return about(path, "could not be migrated: " + done.error().message);
    }
  }
  return database.run(
      "INSERT OR IGNORE INTO meta (id, cluster, revision, floor) VALUES (1, ?, 0, 0)",
      {std::string_view(cluster)});
}

Result<std::unique_ptr<Database>> open_checked(const std::string& path,
                                               const std::string& cluster) {
  Result<std::unique_ptr<Database>> database = Database::open(path);
  if (!database) return about(path, "cannot be opened: " + database.error().message);
  if (Result<Ok> done = check_integrity(**database, path); !done) return done.error();
  if (Result<Ok> done = migrate(**database, path, cluster); !done) return done.error();
  return database;
}

// An empty file is what SQLite takes for a new database, so a truncated one would silently reset
// the cluster. A new database is therefore made aside and appears only when it is complete.
Result<Ok> create(const std::string& path, const std::string& cluster) {
  const std::string draft = path + ".new";
  std::error_code error;
  for (const char* suffix : {"", "-wal", "-shm", "-journal"}) fs::remove(draft + suffix, error);
  if (const Result<Ok> made = Database::create_empty(draft); !made) {
    return about(path, "cannot be made: " + made.error().message);
  }
  {
    const Result<std::unique_ptr<Database>> database = open_checked(draft, cluster);
    if (!database) return database.error();
  }
  fs::rename(draft, path, error);
  if (error) return about(path, "cannot be made: " + error.message());
  return Ok{};
}

Result<Ok> prepare(const std::string& path, const std::string& cluster) {
  std::error_code error;
  const fs::file_status status = fs::status(path, error);
  if (!fs::exists(status)) {
    if (status.type() != fs::file_type::not_found) {
      return about(path, "cannot be read: " + error.message());
    }
    if (fs::exists(path + "-wal", error) && fs::file_size(path + "-wal", error) > 0) {
      return about(path, "is missing while its journal " + path +
                             "-wal is there; restore it, or "
                             "move the journal away to begin with an empty cluster");
    }
    return create(path, cluster);
  }
  if (!fs::is_regular_file(status)) return about(path, "is not a file");
  if (fs::file_size(path, error) == 0) {
    return about(path,
                 "is empty, which cara-apiserver never leaves it; restore a backup, or "
                 "remove it to begin with an empty cluster");
  }
  fs::permissions(path, fs::perms::owner_read | fs::perms::owner_write, error);
  return Ok{};
}

}  // namespace

Result<std::unique_ptr<Database>> open_database(const std::string& path,
                                                const std::string& cluster) {
  if (path != kMemory) {
    if (Result<Ok> done = prepare(path, cluster); !done) return done.error();
  }
  return open_checked(path, cluster);
}

std::string find_damage(Database& database) {
  std::string finding;
  const auto first_row = [&](const Row& row) {
    finding = row.bytes(0);
    return Walk::kEnd;
  };
  Result<Ok> done = database.run("PRAGMA integrity_check(1)", {}, first_row);
  if (!done) return done.error().message;
  if (finding != "ok") return finding;
  finding.clear();
  done = database.run("PRAGMA foreign_key_check", {}, first_row);
  if (!done) return done.error().message;
  return finding.empty() ? "" : "dangling rows in `" + finding + "`";
}

}  // namespace cara::apiserver
