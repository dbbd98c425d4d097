// A backup becomes the database, while no apiserver uses it.
#pragma once

#include <cstdint>
#include <string>

#include "schema/result.h"

namespace cara::apiserver {

struct RestoreOptions {
  std::string backup;
  std::string database;
  bool replace = false;  // a database that is there is put aside
};

struct Restored {
  std::string cluster;
  std::int64_t revision_before = 0;  // in the backup
  std::int64_t revision = 0;
  std::string put_aside;  // where the database before is now; empty: there was none
};

// REQUIRES: the caller holds the database's lock. A backup that is damaged, of a newer version or
// no backup at all is refused, and then nothing has changed. The backup itself is only read.
Result<Restored> restore(const RestoreOptions& options);

}  // namespace cara::apiserver
