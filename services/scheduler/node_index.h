// NodeIndex: the nodes and what is taken of them, kept so that place() need not look at all of
// them. It follows changes one by one; nothing in it depends on their order.
//
// Nodes that take nothing new (NotReady, cordoned, ...) are only counted. The others are grouped by
// what the rules about taints and architecture look at, so that those are asked once per group; in
// a group they are ranked. A label leads to the nodes that have it.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "services/scheduler/ranked_nodes.h"

namespace cara::scheduler {

struct NodeGroup {
  schema::Node like;  // Ready, with the group's taints and architecture, and nothing else
  RankedNodes ranked;
};

struct IndexedNode {
  std::string_view name;
  Rank rank;
  schema::Amounts free;                  // without `allocatable`: no end of it
  NodeGroup* group = nullptr;            // null: it takes nothing new, or has not registered
  std::optional<schema::Misfit> closed;  // why it takes nothing new, whatever the project
  bool registered = false;
  schema::Usage usage;
  Weight weight;
  schema::Node node;
};

class NodeIndex {
 public:
  using Nodes = std::map<std::string, IndexedNode>;

  NodeIndex() = default;
  NodeIndex(const NodeIndex&) = delete;
  NodeIndex& operator=(const NodeIndex&) = delete;

  // Spread at first.
  void set_strategy(schema::PlacementStrategy strategy);
  void clear();

  void put_node(const schema::Node& node);
  void remove_node(const std::string& name);
  // The project takes its share of this node now, and of no other; also of one that has not
  // registered (yet).
  void hold(const std::string& project, const std::string& node, const schema::ProjectSpec& spec);
  void release(const std::string& project);

  // Grows whenever a project that did not fit might fit now, or for another reason does not.
  std::uint64_t freed() const { return freed_; }

  const Nodes& nodes() const { return nodes_; }
  const IndexedNode* find(const std::string& name) const;
  const std::map<std::string, NodeGroup>& groups() const { return groups_; }
  // Those that take something new, in no order that matters; null: none has the label.
  const std::vector<const IndexedNode*>* with_label(const std::string& key,
                                                    const std::string& value) const;

 private:
  struct Held {
    std::string node;
    schema::Demand demand;
    Weight weight;
    bool operator==(const Held&) const = default;
  };

  IndexedNode& entry_of(const std::string& name);
  void attach(IndexedNode& node);
  void detach(IndexedNode& node);
  void enter(IndexedNode& node);
  void leave(IndexedNode& node);
  void add(const Held& held);
  void subtract(const Held& held);
  void drop_if_empty(const std::string& name);
  NodeGroup& group_of(const schema::Node& node);

  schema::PlacementStrategy strategy_ = schema::PlacementStrategy::kSpread;
  Nodes nodes_;
  std::map<std::string, NodeGroup> groups_;  // by a text of what they have in common
  std::map<std::string, std::map<std::string, std::vector<const IndexedNode*>>> labels_;
  std::map<std::string, Held> held_;  // by project
  std::uint64_t freed_ = 0;
};

}  // namespace cara::scheduler
