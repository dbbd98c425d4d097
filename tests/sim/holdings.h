// Holdings: what the projects in a store take of their nodes, added up anew each time.
#pragma once

#include <map>
#include <optional>
#include <string>

#include "schema/fit.h"
#include "schema/lifecycle.h"

namespace cara::sim {

class Holdings {
 public:
  // `nodes` must outlive it.
  Holdings(const std::map<std::string, schema::Node>& nodes,
           const std::map<std::string, schema::Project>& projects)
      : nodes_(nodes) {
    for (const auto& [name, project] : projects) {
      const schema::ProjectStatus& status = project.status;
      if (status.node_ref.empty() || !schema::is_bound(status.phase)) continue;
      schema::add_to(usage_[status.node_ref], schema::demand_of(project.spec));
    }
  }

  const std::map<std::string, schema::Usage>& usage() const { return usage_; }

  // A node that would take it now.
  std::optional<std::string> find_fit(const schema::Project& project) const {
    const schema::Demand demand = schema::demand_of(project.spec);
    for (const auto& [name, node] : nodes_) {
      const auto found = usage_.find(name);
      const schema::Usage usage = found == usage_.end() ? schema::Usage{} : found->second;
      if (!schema::misfit({node, usage}, {project, demand})) return name;
    }
    return std::nullopt;
  }

 private:
  const std::map<std::string, schema::Node>& nodes_;
  std::map<std::string, schema::Usage> usage_;  // by node
};

}  // namespace cara::sim
