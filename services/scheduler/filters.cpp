#include "services/scheduler/filters.h"

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

constexpr std::array kFilters{
    Filter{is_ready, "NotReady"},
    Filter{is_schedulable, "unschedulable"},
};

}  // namespace

std::span<const Filter> filters() { return kFilters; }

}  // namespace cara::scheduler
