#include "services/scheduler/filters.h"

#include <algorithm>
#include <array>

namespace cara::scheduler {
namespace {

// Its agent was heard lately.
bool is_ready(const schema::Node& node, const schema::Project&) {
  return node.status.state == schema::NodeState::kReady;
}

// Nobody took it out of service.
bool is_schedulable(const schema::Node& node, const schema::Project&) {
  return !node.spec.unschedulable;
}

// It has every label that the project asks for.
bool has_labels(const schema::Node& node, const schema::Project& project) {
  const auto& wanted = project.spec.node_selector;
  return std::all_of(wanted.begin(), wanted.end(), [&](const auto& label) {
    const auto found = node.metadata.labels.find(label.first);
    return found != node.metadata.labels.end() && found->second == label.second;
  });
}

constexpr std::array kFilters{
    Filter{is_ready, "NotReady"},
    Filter{is_schedulable, "unschedulable"},
    Filter{has_labels, "without the labels of spec.nodeSelector"},
};

}  // namespace

std::span<const Filter> filters() { return kFilters; }

}  // namespace cara::scheduler
