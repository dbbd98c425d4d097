// Objects, revisions and events as tables: what a user sees at a glance.
#pragma once

#include <string>
#include <vector>

#include "cli/table.h"
#include "schema/fit.h"
#include "schema/history.h"
#include "schema/types.h"

namespace cara::cli {

using Cells = std::vector<std::string>;

// NAME PHASE NODE CONDITIONS AGE; wide: GENERATION ASSIGNMENT SERVICES, too
Cells project_head(bool wide);
Cells project_cells(const schema::Project& project, bool wide, Timestamp now);
// NAME STATUS ADDRESS VERSION AGE; wide: PROJECTS CPU MEMORY TAINTS OS-IMAGE ARCH KERNEL DOCKER,
// too. CPU and MEMORY: what the projects on the node ask for, of what it has for them.
Cells node_head(bool wide);
// `usage`: of its projects; null: not wide.
Cells node_cells(const schema::Node& node, const schema::Usage* usage, Timestamp now);

// REVISION GENERATION AGE CAUSE HEALTHY CURRENT IMAGES
Table revision_table(const std::vector<schema::RevisionInfo>& revisions, Timestamp now);
// AGE OBJECT ACTOR REASON COUNT MESSAGE
Cells event_head();
Cells event_cells(const schema::Event& event, Timestamp now);

// `8s`; `-` for a time that is not set. What is in the future is a clock that is off, not an age.
std::string age_of(Timestamp time, Timestamp now);

// The lines of a log on one.
std::string one_line(std::string text);

}  // namespace cara::cli
