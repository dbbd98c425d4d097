#include "tests/sim/store_faults.h"

#include <sqlite3.h>

#include <string>
#include <utility>

#include "schema/check.h"

namespace cara::sim {
namespace {

sqlite3* opened = nullptr;

int remember(sqlite3* database, const char**, const void*) {
  opened = database;
  return SQLITE_OK;
}

std::int64_t pages(sqlite3* database) {
  std::int64_t count = 0;
  const auto read = [](void* into, int, char** values, char**) {
    *static_cast<std::int64_t*>(into) = std::stoll(values[0]);
    return 0;
  };
  CARA_CHECK(sqlite3_exec(database, "PRAGMA page_count", read, &count, nullptr) == SQLITE_OK);
  return count;
}

void limit(sqlite3* database, std::int64_t most_pages) {
  const std::string sql = "PRAGMA max_page_count = " + std::to_string(most_pages);
  CARA_CHECK(sqlite3_exec(database, sql.c_str(), nullptr, nullptr, nullptr) == SQLITE_OK);
}

constexpr std::int64_t kNoLimit = 0xffff'fffe;

}  // namespace

struct StoreFaults::Disk {
  sqlite3* database = nullptr;
  bool full = false;
  std::function<void()> on_failure;  // set: the next commit fails
};

StoreFaults::StoreFaults() : disk_(std::make_unique<Disk>()) {}
StoreFaults::~StoreFaults() = default;

std::unique_ptr<apiserver::Store> StoreFaults::open(const apiserver::StoreOptions& options) {
  // The store keeps its connection to itself; SQLite tells of every one that is made.
  const auto hook = reinterpret_cast<void (*)()>(&remember);
  CARA_CHECK(sqlite3_auto_extension(hook) == SQLITE_OK);
  auto store = apiserver::Store::open(options);
  sqlite3_cancel_auto_extension(hook);
  CARA_CHECK(store.ok());
  disk_->database = std::exchange(opened, nullptr);
  const auto on_commit = [](void* disk) {
    const auto on_failure = std::exchange(static_cast<Disk*>(disk)->on_failure, {});
    if (on_failure) on_failure();
    return on_failure ? 1 : 0;  // else it becomes a ROLLBACK
  };
  sqlite3_commit_hook(disk_->database, on_commit, disk_.get());
  return std::move(*store);
}

void StoreFaults::set_full(bool full) {
  disk_->full = full;
  limit(disk_->database, full ? pages(disk_->database) : kNoLimit);
}

bool StoreFaults::is_full() const { return disk_->full; }

void StoreFaults::fail_next_commit(std::function<void()> on_failure) {
  disk_->on_failure = std::move(on_failure);
}

}  // namespace cara::sim
