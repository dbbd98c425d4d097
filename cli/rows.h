// Projects and nodes as tables: what a user sees at a glance.
#pragma once

#include <vector>

#include "cli/table.h"
#include "schema/types.h"

namespace cara::cli {

// NAME PHASE NODE CONDITIONS AGE
Table project_table(const std::vector<schema::Project>& projects, Timestamp now);
// NAME STATUS ADDRESS VERSION AGE
Table node_table(const std::vector<schema::Node>& nodes, Timestamp now);

}  // namespace cara::cli
