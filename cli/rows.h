// Objects, revisions and events as tables: what a user sees at a glance.
#pragma once

#include <string>
#include <vector>

#include "cli/table.h"
#include "schema/history.h"
#include "schema/types.h"

namespace cara::cli {

// NAME PHASE NODE CONDITIONS AGE
Table project_table(const std::vector<schema::Project>& projects, Timestamp now);
// The same, and GENERATION ASSIGNMENT SERVICES
Table wide_project_table(const std::vector<schema::Project>& projects, Timestamp now);
// NAME STATUS ADDRESS VERSION AGE
Table node_table(const std::vector<schema::Node>& nodes, Timestamp now);
// The same, and PROJECTS CPU MEMORY TAINTS OS-IMAGE ARCH KERNEL DOCKER. CPU and MEMORY: what the
// projects on the node ask for, of what it has for them. `projects`: all of the cluster.
Table wide_node_table(const std::vector<schema::Node>& nodes,
                      const std::vector<schema::Project>& projects, Timestamp now);

// REVISION GENERATION AGE CAUSE HEALTHY CURRENT IMAGES
Table revision_table(const std::vector<schema::RevisionInfo>& revisions, Timestamp now);
// AGE OBJECT ACTOR REASON COUNT MESSAGE, and a row of it
Table event_table();
void add_event(Table& table, const schema::Event& event, Timestamp now);

// `8s`; `-` for a time that is not set. What is in the future is a clock that is off, not an age.
std::string age_of(Timestamp time, Timestamp now);

// The lines of a log on one.
std::string one_line(std::string text);

}  // namespace cara::cli
