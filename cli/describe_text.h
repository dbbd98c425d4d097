// All about one object, for people. What a spec says is walked over as plain data, so a new field
// appears by itself. Nothing in it can move a terminal's cursor.
#pragma once

#include <string>
#include <vector>

#include "schema/history.h"
#include "schema/types.h"

namespace cara::cli {

// Whether the values of variables that look secret are shown.
enum class Secrets { kHidden, kShown };

// `events`: oldest first.
std::string describe_project(const schema::Project& project,
                             const std::vector<schema::Event>& events, Secrets secrets,
                             Timestamp now);
// `projects`: those that it holds.
std::string describe_node(const schema::Node& node, const std::vector<schema::Project>& projects,
                          const std::vector<schema::Event>& events, Timestamp now);

}  // namespace cara::cli
