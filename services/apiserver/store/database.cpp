#include "services/apiserver/store/database.h"

#include <SQLiteCpp/SQLiteCpp.h>
#include <fcntl.h>
#include <sqlite3.h>
#include <unistd.h>

#include <cerrno>
#include <map>
#include <system_error>

#include "schema/check.h"

namespace cara::apiserver {
namespace {

constexpr int kBusyTimeoutMs = 2'000;  // somebody has the file open in a shell
constexpr int kPrimaryCodeMask = 0xff;

constexpr const char* kPragmas = R"sql(
  PRAGMA synchronous = FULL;
  PRAGMA foreign_keys = ON;
  PRAGMA trusted_schema = OFF;
  PRAGMA cell_size_check = ON;
  PRAGMA temp_store = MEMORY;
  PRAGMA journal_size_limit = 67108864;
  PRAGMA wal_autocheckpoint = 1000;
)sql";

bool is_disk_full(int code, int system_errno) {
  if ((code & kPrimaryCodeMask) == SQLITE_FULL) return true;
  return (code & kPrimaryCodeMask) == SQLITE_IOERR &&
         (system_errno == ENOSPC || system_errno == EDQUOT);
}

struct Diagnosis {
  Trouble trouble;
  Error error;
};

Diagnosis diagnose(int code, int system_errno, const std::string& text) {
  if (is_disk_full(code, system_errno)) {
    return {Trouble::kRefused, unavailable("the disk is full")};
  }
  switch (code & kPrimaryCodeMask) {
    case SQLITE_READONLY:
      return {Trouble::kRefused, unavailable("the database is read-only")};
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
      return {Trouble::kRefused, unavailable("the database is locked by another program")};
    case SQLITE_NOMEM:
    case SQLITE_CANTOPEN:
      return {Trouble::kRefused, unavailable("the database is out of resources: " + text)};
    case SQLITE_IOERR:
      return {Trouble::kFatal, internal("the disk failed: " + text)};
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
      return {Trouble::kFatal, internal("the database is damaged: " + text)};
    case SQLITE_CONSTRAINT:
      return {Trouble::kNone, conflict("the store refused it: " + text)};
  }
  return {Trouble::kNone, internal("the store failed: " + text)};
}

void bind(SQLite::Statement& statement, int index, const Arg& arg) {
  struct Binder {
    SQLite::Statement& statement;
    int index;
    void operator()(std::int64_t v) const { statement.bind(index, v); }
    void operator()(std::string_view v) const { statement.bind(index, std::string(v)); }
    // The caller keeps the bytes until the statement is reset, before run() returns.
    void operator()(Blob v) const {
      statement.bindNoCopy(index, v.bytes.data(), static_cast<int>(v.bytes.size()));
    }
  };
  std::visit(Binder{statement, index}, arg);
}

}  // namespace

struct Database::Impl {
  explicit Impl(const std::string& path) : database(path, SQLite::OPEN_READWRITE, kBusyTimeoutMs) {}

  SQLite::Database database;
  std::map<std::string, SQLite::Statement, std::less<>> statements;
};

std::int64_t Row::number(int column) const { return statement_.getColumn(column).getInt64(); }
std::string Row::bytes(int column) const { return statement_.getColumn(column).getString(); }

Database::Database(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Database::~Database() = default;

Result<std::unique_ptr<Database>> Database::open(const std::string& path) {
  try {
    auto impl = std::make_unique<Impl>(path);
    const std::string mode = impl->database.execAndGet("PRAGMA journal_mode = WAL").getString();
    if (path != ":memory:" && mode != "wal") {
      return internal("its journal cannot be switched to WAL mode (it is `" + mode + "`)");
    }
    impl->database.exec(kPragmas);
    return std::unique_ptr<Database>(new Database(std::move(impl)));
  } catch (const SQLite::Exception& exception) {
    return diagnose(exception.getExtendedErrorCode(), errno, exception.what()).error;
  } catch (const std::exception& exception) {
    return internal(exception.what());
  }
}

Result<Ok> Database::create_empty(const std::string& path) {
  const int file = ::open(path.c_str(), O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, 0600);
  if (file < 0) return internal(std::generic_category().message(errno));
  ::close(file);
  return Ok{};
}

Result<Ok> Database::run(std::string_view sql, std::initializer_list<Arg> args,
                         const OnRow& on_row) {
  try {
    auto found = impl_->statements.find(sql);
    if (found == impl_->statements.end()) {
      found =
          impl_->statements.try_emplace(std::string(sql), impl_->database, std::string(sql)).first;
    }
    SQLite::Statement& statement = found->second;
    // A statement that is not reset pins the WAL, also when a row or a write throws.
    struct Reset {
      SQLite::Statement& statement;
      ~Reset() { statement.tryReset(); }
    } reset{statement};
    int index = 0;
    for (const Arg& arg : args) bind(statement, ++index, arg);
    while (statement.executeStep()) {
      if (on_row && on_row(Row(statement)) == Walk::kEnd) break;
    }
    return Ok{};
  } catch (const std::exception& exception) {
    return failed(exception);
  }
}

Result<Ok> Database::script(const std::string& sql) {
  try {
    impl_->database.exec(sql);
    return Ok{};
  } catch (const std::exception& exception) {
    return failed(exception);
  }
}

Error Database::failed(const std::exception& exception) {
  const auto* from_sqlite = dynamic_cast<const SQLite::Exception*>(&exception);
  if (from_sqlite == nullptr) return internal(std::string("the store failed: ") + exception.what());
  const int system_errno = sqlite3_system_errno(impl_->database.getHandle());
  Diagnosis diagnosis =
      diagnose(from_sqlite->getExtendedErrorCode(), system_errno, exception.what());
  remember(diagnosis.trouble, diagnosis.error);
  return diagnosis.error;
}

void Database::remember(Trouble trouble, const Error& error) {
  if (trouble <= trouble_) return;
  trouble_ = trouble;
  trouble_error_ = error;
}

// In WAL mode SQLite itself does not notice.
Result<Ok> Database::check_in_place() {
  int moved = 0;
  sqlite3_file_control(impl_->database.getHandle(), "main", SQLITE_FCNTL_HAS_MOVED, &moved);
  if (moved == 0) return Ok{};
  const Error error = internal("the database file was moved or removed while in use");
  remember(Trouble::kFatal, error);
  return error;
}

void Database::forget_refusal() {
  if (trouble_ == Trouble::kRefused) trouble_ = Trouble::kNone;
}

bool Database::in_transaction() const {
  return sqlite3_get_autocommit(impl_->database.getHandle()) == 0;
}

}  // namespace cara::apiserver
