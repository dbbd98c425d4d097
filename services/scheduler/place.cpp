#include "services/scheduler/place.h"

#include <cstddef>
#include <vector>

#include "schema/lifecycle.h"
#include "services/scheduler/filters.h"

namespace cara::scheduler {
namespace {

std::string explain(std::size_t nodes, const std::vector<std::size_t>& refused) {
  if (nodes == 0) return "no node has registered yet";
  std::string text = "0/" + std::to_string(nodes) + (nodes == 1 ? " node fits" : " nodes fit");
  const char* separator = ": ";
  for (std::size_t i = 0; i < refused.size(); ++i) {
    if (refused[i] == 0) continue;
    text += separator + std::to_string(refused[i]) + " " + std::string(filters()[i].refusal);
    separator = ", ";
  }
  return text;
}

}  // namespace

Placement place(const Nodes& nodes, const Load& load, const schema::Project& project) {
  const std::string* best = nullptr;
  std::int64_t best_load = 0;
  std::vector<std::size_t> refused(filters().size());
  for (const auto& [name, node] : nodes) {
    std::size_t failed = 0;
    while (failed < refused.size() && filters()[failed].passes(node, project)) ++failed;
    if (failed < refused.size()) {
      ++refused[failed];
      continue;
    }
    const auto found = load.find(name);
    const std::int64_t node_load = found == load.end() ? 0 : found->second;
    if (best != nullptr && node_load >= best_load) continue;
    best = &name;
    best_load = node_load;
  }
  if (best == nullptr) return {.node = "", .reason = explain(nodes.size(), refused)};
  return {.node = *best, .reason = ""};
}

Load load_of(const Projects& projects) {
  Load load;
  for (const auto& [name, project] : projects) {
    const schema::ProjectStatus& status = project.status;
    if (!status.node_ref.empty() && schema::is_bound(status.phase)) ++load[status.node_ref];
  }
  return load;
}

}  // namespace cara::scheduler
