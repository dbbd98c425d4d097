#include "services/apiserver/store/backup.h"

#include <SQLiteCpp/SQLiteCpp.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <system_error>
#include <utility>

#include "services/apiserver/store/database.h"

namespace cara::apiserver {
namespace {

namespace fs = std::filesystem;

constexpr int kBusyTimeoutMs = 2'000;
// A client that was ended does not keep the next one waiting.
constexpr std::int64_t kAbandonedAfterMs = 10'000;
constexpr std::size_t kMaxClient = 64;
// Left to the writer beside the copy: without room it could write nothing.
constexpr std::uintmax_t kRoomForWriter = 64 * 1024 * 1024;

void remove_draft(const std::string& draft) {
  std::error_code ignored;
  for (const char* suffix : {"", "-journal", "-wal", "-shm"}) fs::remove(draft + suffix, ignored);
}

Result<Ok> check_room(const std::string& database) {
  std::uintmax_t needed = kRoomForWriter;
  for (const char* suffix : {"", "-wal"}) {
    std::error_code error;
    const std::uintmax_t size = fs::file_size(database + suffix, error);
    if (!error) needed += size;
  }
  std::error_code error;
  const fs::path folder = fs::absolute(database).parent_path();
  const fs::space_info space = fs::space(folder, error);
  if (error || space.available >= needed) return Ok{};
  return unavailable("the copy is made beside the database, and " + folder.string() + " has only " +
                     std::to_string(space.available) + " bytes free of " + std::to_string(needed) +
                     " that it needs");
}

// In one transaction that only reads; the copy has no journal and is not synced: its reader does
// that with what arrives.
void copy(const std::string& database, const std::string& draft) {
  SQLite::Database from(database, SQLite::OPEN_READONLY, kBusyTimeoutMs);
  SQLite::Statement vacuum(from, "VACUUM INTO ?");
  vacuum.bind(1, draft);
  vacuum.exec();
}

schema::BackupBeginReply mark(const std::string& draft, Timestamp now) {
  SQLite::Database to(draft, SQLite::OPEN_READWRITE);
  to.exec("PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF;");
  SQLite::Statement update(to, "UPDATE meta SET backup_at = ?");
  update.bind(1, now.ms);
  update.exec();
  SQLite::Statement meta(to, "SELECT revision, cluster FROM meta");
  meta.executeStep();
  return {.revision = meta.getColumn(0).getInt64(), .cluster = meta.getColumn(1).getString()};
}

}  // namespace

BackupCopy::BackupCopy(std::string database)
    : database_(std::move(database)), draft_(database_ + ".backup") {
  remove_draft(draft_);  // of a process that was killed while it copied
}

BackupCopy::~BackupCopy() { drop(); }

void BackupCopy::drop() {
  if (file_ >= 0) ::close(std::exchange(file_, -1));
  client_.clear();
}

Result<schema::BackupBeginReply> BackupCopy::begin(const schema::BackupBeginRequest& request,
                                                   Timestamp now) {
  if (request.client.empty() || request.client.size() > kMaxClient) {
    return invalid("client must have 1 to " + std::to_string(kMaxClient) + " characters");
  }
  if (file_ >= 0 && request.client == client_) return about_;
  if (file_ >= 0 && now.ms - used_at_.ms < kAbandonedAfterMs) {
    return conflict("another backup is being made; try again when it is done");
  }
  drop();
  if (Result<Ok> made = make(now); !made) {
    remove_draft(draft_);
    return made.error();
  }
  client_ = request.client;
  used_at_ = now;
  return about_;
}

Result<Ok> BackupCopy::make(Timestamp now) {
  remove_draft(draft_);
  if (Result<Ok> room = check_room(database_); !room) return room;
  if (Result<Ok> made = Database::create_empty(draft_); !made) {
    return unavailable(draft_ + " cannot be made: " + made.error().message);
  }
  try {
    copy(database_, draft_);
    about_ = mark(draft_, now);
  } catch (const std::exception& exception) {
    return unavailable("the database cannot be copied to " + draft_ + ": " + exception.what());
  }
  const int file = ::open(draft_.c_str(), O_RDONLY | O_CLOEXEC);
  struct stat about {};
  if (file < 0 || ::fstat(file, &about) != 0) {
    const std::string why = std::generic_category().message(errno);
    if (file >= 0) ::close(file);
    return unavailable(draft_ + " cannot be read: " + why);
  }
  remove_draft(draft_);
  file_ = file;
  about_.bytes = about.st_size;
  return Ok{};
}

Result<schema::BackupReadReply> BackupCopy::read(const schema::BackupReadRequest& request,
                                                 Timestamp now) {
  if (file_ < 0 || request.client != client_) {
    return gone(
        "the copy is not there any more: the apiserver was started again, or nothing was "
        "read of it for a minute");
  }
  if (request.offset < 0) return invalid("offset must be 0 or more");
  used_at_ = now;
  schema::BackupReadReply reply;
  reply.data.data.resize(kPieceBytes);
  const ssize_t got = ::pread(file_, reply.data.data.data(), kPieceBytes, request.offset);
  if (got < 0) return unavailable("the copy: " + std::generic_category().message(errno));
  reply.data.data.resize(static_cast<std::size_t>(got));
  return reply;
}

Result<schema::BackupEndReply> BackupCopy::end(const schema::BackupEndRequest& request) {
  if (request.client == client_) drop();
  return schema::BackupEndReply{};
}

}  // namespace cara::apiserver
