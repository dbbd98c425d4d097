// Filters: the rules a node must pass to get a project. One function and one word per rule; the
// words reach the user in the Phase condition, counted.
//
// To add one: write the function in filters.cpp and add its line to the table there.
#pragma once

#include <span>
#include <string_view>

#include "schema/types.h"

namespace cara::scheduler {

struct Filter {
  bool (*passes)(const schema::Node& node, const schema::Project& project);
  std::string_view refusal;  // what a node that does not pass is, behind a count
};

// In the order they are asked: a node counts for the first rule it fails.
std::span<const Filter> filters();

}  // namespace cara::scheduler
