#include "services/scheduler/node_index.h"

#include <algorithm>
#include <limits>
#include <utility>

#include "schema/check.h"

namespace cara::scheduler {
namespace {

constexpr std::int64_t kNoEnd = std::numeric_limits<std::int64_t>::max();

// The rules that do not depend on the project come before all others.
std::optional<schema::Misfit> closed_by(const schema::Node& node) {
  static const schema::Project kAnyProject;
  static const schema::Demand kNothing;
  static const schema::Usage kUnused;
  const auto why = schema::misfit({node, kUnused}, {kAnyProject, kNothing});
  return why && *why < schema::Misfit::kNotHome ? why : std::nullopt;
}

schema::Amounts free_of(const schema::Node& node, const schema::Usage& usage) {
  const auto& all = node.status.info.allocatable;
  if (!all) return {kNoEnd, kNoEnd, kNoEnd, kNoEnd};
  const auto left = [](std::int64_t has, std::int64_t taken) {
    return std::max<std::int64_t>(0, has - taken);
  };
  const schema::Amounts& taken = usage.amounts;
  return {left(all->cpu_millis, taken.cpu_millis), left(all->memory_bytes, taken.memory_bytes),
          left(all->pids, taken.pids), left(all->gpus, taken.gpus)};
}

// The same text for nodes of which the rules about taints and architecture say the same. Neither
// keys nor values may have line breaks.
std::string group_key(const schema::Node& node) {
  std::vector<std::string> taints;
  for (const schema::Taint& taint : node.spec.taints) {
    const char* const effect = taint.effect == schema::TaintEffect::kNoSchedule ? "!" : "?";
    taints.push_back("\n" + taint.key + "=" + taint.value + effect);
  }
  std::sort(taints.begin(), taints.end());
  std::string key = node.status.info.architecture;
  for (const std::string& taint : taints) key += taint;
  return key;
}

// Is it the same node to all rules?
bool looks_same(const schema::Node& a, const schema::Node& b) {
  return closed_by(a) == closed_by(b) && a.metadata.labels == b.metadata.labels &&
         a.spec.taints == b.spec.taints &&
         a.status.info.architecture == b.status.info.architecture &&
         a.status.info.allocatable == b.status.info.allocatable;
}

bool name_before(const IndexedNode* a, const IndexedNode* b) { return a->name < b->name; }

}  // namespace

void NodeIndex::set_strategy(schema::PlacementStrategy strategy) {
  if (strategy == strategy_) return;
  for (auto& [name, node] : nodes_) leave(node);
  strategy_ = strategy;
  for (auto& [name, node] : nodes_) enter(node);
}

void NodeIndex::clear() {
  nodes_.clear();
  groups_.clear();
  labels_.clear();
  held_.clear();
  ++freed_;
}

void NodeIndex::put_node(const schema::Node& node) {
  IndexedNode& entry = entry_of(node.metadata.name);
  if (entry.registered && looks_same(entry.node, node)) {
    entry.node = node;
    return;
  }
  detach(entry);
  entry.registered = true;
  entry.node = node;
  attach(entry);
  ++freed_;
}

void NodeIndex::remove_node(const std::string& name) {
  const auto found = nodes_.find(name);
  if (found == nodes_.end() || !found->second.registered) return;
  detach(found->second);
  found->second.registered = false;
  found->second.node = {};
  drop_if_empty(name);
  ++freed_;
}

void NodeIndex::hold(const std::string& project, const std::string& node,
                     const schema::ProjectSpec& spec) {
  const schema::Demand demand = schema::demand_of(spec);
  Held held{.node = node, .demand = demand, .weight = weight_of(spec, demand)};
  const auto found = held_.find(project);
  if (found != held_.end()) {
    if (found->second == held) return;
    subtract(found->second);
  }
  add(held);
  held_.insert_or_assign(project, std::move(held));
}

void NodeIndex::release(const std::string& project) {
  const auto found = held_.find(project);
  if (found == held_.end()) return;
  subtract(found->second);
  held_.erase(found);
}

const IndexedNode* NodeIndex::find(const std::string& name) const {
  const auto found = nodes_.find(name);
  return found == nodes_.end() || !found->second.registered ? nullptr : &found->second;
}

const std::vector<const IndexedNode*>* NodeIndex::with_label(const std::string& key,
                                                             const std::string& value) const {
  const auto values = labels_.find(key);
  if (values == labels_.end()) return nullptr;
  const auto found = values->second.find(value);
  return found == values->second.end() ? nullptr : &found->second;
}

IndexedNode& NodeIndex::entry_of(const std::string& name) {
  const auto [found, is_new] = nodes_.try_emplace(name);
  if (is_new) found->second.name = found->first;
  return found->second;
}

// --- One node -----------------------------------------------------------------------------------

// Makes it findable. REQUIRES: it is not, and its group is null.
void NodeIndex::attach(IndexedNode& node) {
  node.closed = closed_by(node.node);
  if (node.closed) return;
  node.group = &group_of(node.node);
  for (const auto& [key, value] : node.node.metadata.labels) {
    auto& nodes = labels_[key][value];
    nodes.insert(std::lower_bound(nodes.begin(), nodes.end(), &node, name_before), &node);
  }
  enter(node);
}

void NodeIndex::detach(IndexedNode& node) {
  if (node.group == nullptr) return;
  leave(node);
  if (node.group->ranked.empty()) groups_.erase(group_key(node.node));
  node.group = nullptr;
  for (const auto& [key, value] : node.node.metadata.labels) {
    auto& values = labels_[key];
    auto& nodes = values[value];
    const auto found = std::lower_bound(nodes.begin(), nodes.end(), &node, name_before);
    CARA_CHECK(found != nodes.end() && *found == &node);
    nodes.erase(found);
    if (nodes.empty()) values.erase(value);
    if (values.empty()) labels_.erase(key);
  }
}

void NodeIndex::enter(IndexedNode& node) {
  if (node.group == nullptr) return;
  node.free = free_of(node.node, node.usage);
  const std::int64_t projects = node.usage.projects;
  node.rank = rank_of(strategy_, share_of(node.node, projects, node.weight), projects, node.name);
  node.group->ranked.insert({node.rank, node.free, &node});
}

void NodeIndex::leave(IndexedNode& node) {
  if (node.group != nullptr) node.group->ranked.erase(node.rank);
}

NodeGroup& NodeIndex::group_of(const schema::Node& node) {
  const auto [found, is_new] = groups_.try_emplace(group_key(node));
  NodeGroup& group = found->second;
  if (is_new) {
    group.like.status.state = schema::NodeState::kReady;
    group.like.spec.taints = node.spec.taints;
    group.like.status.info.architecture = node.status.info.architecture;
  }
  return group;
}

// --- What projects take -------------------------------------------------------------------------

void NodeIndex::add(const Held& held) {
  IndexedNode& node = entry_of(held.node);
  leave(node);
  schema::add_to(node.usage, held.demand);
  node.weight.cpu_millis += held.weight.cpu_millis;
  node.weight.memory_bytes += held.weight.memory_bytes;
  enter(node);
}

void NodeIndex::subtract(const Held& held) {
  IndexedNode& node = entry_of(held.node);
  leave(node);
  schema::take_from(node.usage, held.demand);
  node.weight.cpu_millis -= held.weight.cpu_millis;
  node.weight.memory_bytes -= held.weight.memory_bytes;
  enter(node);
  drop_if_empty(held.node);
  ++freed_;
}

void NodeIndex::drop_if_empty(const std::string& name) {
  const auto found = nodes_.find(name);
  if (!found->second.registered && found->second.usage.projects == 0) nodes_.erase(found);
}

}  // namespace cara::scheduler
