// The database file before it is used: made with the right mode, checked, brought to today's
// tables. Nothing here ever repairs or empties a file: a wrong one is refused, saying what to do.
#pragma once

#include <memory>
#include <string>

#include "schema/result.h"
#include "services/apiserver/store/database.h"

namespace cara::apiserver {

// `path` is a file, made if absent, or `:memory:`. `cluster` becomes the id of a new store.
Result<std::unique_ptr<Database>> open_database(const std::string& path,
                                                const std::string& cluster);

// The first thing that is wrong with it, in SQLite's words; empty: nothing is.
std::string find_damage(Database& database);

}  // namespace cara::apiserver
