// The flags of cara-agent, and those that need reading. Ring 3.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "services/agent/plan.h"
#include "services/runtime/host/main_support.h"

namespace cara::agent {

host::ProgramSpec program();

// Nothing: it is wrong, and was said so.
std::optional<std::map<std::string, std::string>> read_labels(
    const std::vector<std::string>& pairs);
std::optional<NodeRules> read_rules(const host::Flags& flags);

}  // namespace cara::agent
