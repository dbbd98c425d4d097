#include "services/scheduler/ranked_nodes.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "schema/check.h"

namespace cara::scheduler {
namespace {

constexpr auto kBefore = [](const RankedNodes::Item& item, const Rank& rank) {
  return item.rank < rank;
};

void raise(schema::Amounts& most, const schema::Amounts& free) {
  most.cpu_millis = std::max(most.cpu_millis, free.cpu_millis);
  most.memory_bytes = std::max(most.memory_bytes, free.memory_bytes);
  most.pids = std::max(most.pids, free.pids);
  most.gpus = std::max(most.gpus, free.gpus);
}

}  // namespace

void RankedNodes::insert(const Item& item) {
  auto block = block_of(item.rank);
  if (block == blocks_.end()) {
    if (blocks_.empty()) blocks_.emplace_back();
    block = std::prev(blocks_.end());
  }
  auto& items = block->items;
  items.insert(std::lower_bound(items.begin(), items.end(), item.rank, kBefore), item);
  raise(block->most_free, item.free);
  if (items.size() > kMaxItems) split(block);
}

void RankedNodes::erase(const Rank& rank) {
  const auto block = block_of(rank);
  CARA_CHECK(block != blocks_.end());
  auto& items = block->items;
  const auto found = std::lower_bound(items.begin(), items.end(), rank, kBefore);
  CARA_CHECK(found != items.end() && found->rank == rank);
  items.erase(found);
  if (items.empty()) {
    blocks_.erase(block);
    return;
  }
  // Blocks that have become small are joined, or the list of them would only grow.
  if (const auto next = std::next(block);
      next != blocks_.end() && items.size() + next->items.size() <= kMaxItems / 2) {
    items.insert(items.end(), next->items.begin(), next->items.end());
    blocks_.erase(next);
  }
  measure(*block);
}

// The first that ends at `rank` or behind it.
RankedNodes::Blocks::iterator RankedNodes::block_of(const Rank& rank) {
  return std::partition_point(blocks_.begin(), blocks_.end(),
                              [&](const Block& block) { return block.items.back().rank < rank; });
}

void RankedNodes::split(Blocks::iterator block) {
  const auto middle = block->items.begin() + kMaxItems / 2;
  Block upper;
  upper.items.assign(middle, block->items.end());
  block->items.erase(middle, block->items.end());
  measure(*block);
  measure(upper);
  blocks_.insert(std::next(block), std::move(upper));
}

void RankedNodes::measure(Block& block) {
  block.most_free = block.items.front().free;
  for (const Item& item : block.items) raise(block.most_free, item.free);
}

}  // namespace cara::scheduler
