#include "schema/types.h"

#include <algorithm>

#include "schema/describe_types.h"

namespace cara::schema {

std::string_view to_string(Phase phase) {
  return EnumNames<Phase>::kNames[static_cast<std::size_t>(phase)];
}

std::string_view to_string(NodeState state) {
  return EnumNames<NodeState>::kNames[static_cast<std::size_t>(state)];
}

const Condition* find_condition(const std::vector<Condition>& conditions, std::string_view type) {
  for (const Condition& condition : conditions) {
    if (condition.type == type) return &condition;
  }
  return nullptr;
}

void set_condition(std::vector<Condition>& conditions, Condition condition) {
  condition.last_transition_time = whole_seconds(condition.last_transition_time);
  for (Condition& old : conditions) {
    if (old.type != condition.type) continue;
    condition.last_transition_time =
        std::max(condition.last_transition_time, old.last_transition_time);
    old = std::move(condition);
    return;
  }
  conditions.push_back(std::move(condition));
}

void clear_condition(std::vector<Condition>& conditions, std::string_view type) {
  std::erase_if(conditions, [&](const Condition& condition) { return condition.type == type; });
}

}  // namespace cara::schema
