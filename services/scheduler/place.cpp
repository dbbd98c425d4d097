#include "services/scheduler/place.h"

#include <cstddef>
#include <cstdint>

namespace cara::scheduler {
namespace {

// A selector that so few nodes pass is answered by looking at each of them.
constexpr std::size_t kFewNodes = 500;
// So many nodes in the order of their rank are tried against a selector that more pass.
constexpr std::size_t kMaxTries = 200;

// Where a project that must stay with its data has it; null: it may go anywhere.
const std::string* home_of(const schema::Project& project) {
  const bool stays = project.spec.on_node_loss == schema::OnNodeLoss::kStay;
  return stays && !project.status.home.empty() ? &project.status.home : nullptr;
}

// The nodes with that label of the selector which the fewest have; null: there are none.
const std::vector<const IndexedNode*>* rarest(const NodeIndex& index,
                                              const schema::ProjectSpec& spec) {
  const std::vector<const IndexedNode*>* fewest = nullptr;
  for (const auto& [key, value] : spec.node_selector) {
    const auto* nodes = index.with_label(key, value);
    if (nodes == nullptr) return nullptr;
    if (fewest == nullptr || nodes->size() < fewest->size()) fewest = nodes;
  }
  return fewest;
}

class Search {
 public:
  explicit Search(const schema::Wish& wish) : wish_(wish) {
    about_groups_.spec.tolerations = wish.project.spec.tolerations;
    group_demand_.architectures = wish.demand.architectures;
  }

  void look_at(const IndexedNode& node) {
    if (!covers(node.free, wish_.demand.amounts)) return;
    if (best_ != nullptr && best_unwelcome_ == 0 && best_->rank < node.rank) return;
    if (schema::misfit({node.node, node.usage}, wish_)) return;
    take(node, schema::unwelcome(node.node, wish_.project.spec));
  }

  // False: it gave up after `tries` nodes.
  bool look_through(const NodeGroup& group, std::size_t& tries) {
    if (schema::misfit({group.like, {}}, {about_groups_, group_demand_})) return true;
    const std::int64_t unwelcome = schema::unwelcome(group.like, wish_.project.spec);
    if (best_ != nullptr && best_unwelcome_ < unwelcome) return true;
    bool gave_up = false;
    group.ranked.any_of(wish_.demand.amounts, [&](const RankedNodes::Item& item) {
      if (best_ != nullptr && best_unwelcome_ == unwelcome && best_->rank < item.rank) return true;
      if (tries-- == 0) return gave_up = true;
      if (schema::misfit({item.node->node, item.node->usage}, wish_)) return false;
      take(*item.node, unwelcome);
      return true;
    });
    return !gave_up;
  }

  std::string chosen() const {
    return std::string(best_ == nullptr ? std::string_view() : best_->name);
  }
  void forget() { best_ = nullptr; }

 private:
  void take(const IndexedNode& node, std::int64_t unwelcome) {
    if (best_ != nullptr &&
        (best_unwelcome_ != unwelcome ? best_unwelcome_ < unwelcome : best_->rank < node.rank)) {
      return;
    }
    best_ = &node;
    best_unwelcome_ = unwelcome;
  }

  const schema::Wish& wish_;
  // Only what the rules look at that are the same for all nodes of a group.
  schema::Project about_groups_;
  schema::Demand group_demand_;

  const IndexedNode* best_ = nullptr;
  std::int64_t best_unwelcome_ = 0;
};

bool look_through_all(const NodeIndex& index, Search& search, std::size_t tries) {
  for (const auto& [key, group] : index.groups()) {
    if (!search.look_through(group, tries)) return false;
  }
  return true;
}

}  // namespace

std::string place(const NodeIndex& index, const schema::Wish& wish) {
  Search search(wish);
  if (const std::string* home = home_of(wish.project)) {
    const IndexedNode* node = index.find(*home);
    if (node != nullptr && !node->closed) search.look_at(*node);
  } else if (wish.project.spec.node_selector.empty()) {
    look_through_all(index, search, SIZE_MAX);
  } else if (const auto* nodes = rarest(index, wish.project.spec)) {
    if (nodes->size() > kFewNodes && look_through_all(index, search, kMaxTries)) {
      return search.chosen();
    }
    search.forget();
    for (const IndexedNode* node : *nodes) search.look_at(*node);
  }
  return search.chosen();
}

std::string why_not(const NodeIndex& index, const schema::Wish& wish) {
  schema::Misfits misfits;
  for (const auto& [name, node] : index.nodes()) {
    if (!node.registered) continue;
    const schema::Candidate candidate{node.node, node.usage};
    const auto why = node.closed ? node.closed : schema::misfit(candidate, wish);
    if (why) misfits.add(*why, candidate);
  }
  return misfits.text(wish);
}

}  // namespace cara::scheduler
