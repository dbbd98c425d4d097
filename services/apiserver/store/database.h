// Database: one SQLite connection. Statements in, rows out; every exception of the library ends
// here, and what went wrong with the disk is told apart from what was wrong with a request.
//
// One thread. One connection does all reading, writing and checkpointing: SQLite before 3.51.3 can
// corrupt a WAL that two connections write at the same moment
// (https://sqlite.org/wal.html#the_wal_reset_bug).
#pragma once

#include <cstdint>
#include <functional>
#include <initializer_list>
#include <memory>
#include <string>
#include <string_view>
#include <variant>

#include "schema/result.h"

namespace SQLite {
class Statement;
}

namespace cara::apiserver {

struct Blob {
  std::string_view bytes;
};
using Arg = std::variant<std::int64_t, std::string_view, Blob>;

// The row a statement stands on; valid inside the callback only.
class Row {
 public:
  explicit Row(SQLite::Statement& statement) : statement_(statement) {}
  std::int64_t number(int column) const;
  std::string bytes(int column) const;

 private:
  SQLite::Statement& statement_;
};

enum class Walk { kOn, kEnd };
using OnRow = std::function<Walk(const Row&)>;

// What the last failures say about the database as a whole.
enum class Trouble {
  kNone,
  kRefused,  // it takes no writes now (disk full, read-only, busy): the transaction is lost
  kFatal,    // it cannot be trusted any more (I/O error, corruption): the process must end
};

class Database {
 public:
  // `:memory:`, or a file that exists. Sets every pragma the store relies on.
  static Result<std::unique_ptr<Database>> open(const std::string& path);
  // Makes the file, which open() then accepts. Its mode is 0600.
  static Result<Ok> create_empty(const std::string& path);
  ~Database();

  // Runs one statement; `sql` must be a literal (statements are kept by their text).
  Result<Ok> run(std::string_view sql, std::initializer_list<Arg> args = {},
                 const OnRow& on_row = {});
  // Runs several statements that return nothing.
  Result<Ok> script(const std::string& sql);

  // Fatal trouble when the file is no longer at its path: what is written to it would be lost.
  Result<Ok> check_in_place();

  Trouble trouble() const { return trouble_; }
  const Error& trouble_error() const { return trouble_error_; }
  void forget_refusal();
  bool in_transaction() const;

 private:
  struct Impl;
  explicit Database(std::unique_ptr<Impl> impl);
  Error failed(const std::exception& exception);
  void remember(Trouble trouble, const Error& error);

  std::unique_ptr<Impl> impl_;
  Trouble trouble_ = Trouble::kNone;
  Error trouble_error_;
};

}  // namespace cara::apiserver
