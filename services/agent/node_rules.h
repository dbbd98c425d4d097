// What a node's owner forbids. Pure.
#pragma once

#include <string>
#include <vector>

#include "schema/types.h"
#include "services/agent/plan.h"

namespace cara::agent {

// A sentence per thing in the spec that this node does not allow.
std::vector<std::string> forbidden(const schema::ProjectSpec& spec, const NodeRules& rules);

// `*` in the pattern stands for any text, slashes too.
bool matches(std::string_view pattern, std::string_view text);

}  // namespace cara::agent
