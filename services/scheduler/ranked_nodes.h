// RankedNodes: nodes by rank, in blocks that know the most that any of their nodes has free. A
// search takes the first that has enough and skips blocks that are full without looking into them:
// with 10,000 nodes of which all are full it reads some 150 small records.
#pragma once

#include <cstddef>
#include <vector>

#include "services/scheduler/score.h"

namespace cara::scheduler {

struct IndexedNode;

// Is `wanted` free in everything?
constexpr bool covers(const schema::Amounts& free, const schema::Amounts& wanted) {
  return wanted.cpu_millis <= free.cpu_millis && wanted.memory_bytes <= free.memory_bytes &&
         wanted.pids <= free.pids && wanted.gpus <= free.gpus;
}

class RankedNodes {
 public:
  struct Item {
    Rank rank;
    schema::Amounts free;
    const IndexedNode* node = nullptr;
  };

  // REQUIRES: nothing of this rank is there.
  void insert(const Item& item);
  // REQUIRES: it is there.
  void erase(const Rank& rank);
  bool empty() const { return blocks_.empty(); }

  // By rank, those that have `wanted` free, until `take(item)` is true. False: it never was.
  template <class Take>
  bool any_of(const schema::Amounts& wanted, Take take) const {
    for (const Block& block : blocks_) {
      if (!covers(block.most_free, wanted)) continue;
      for (const Item& item : block.items) {
        if (covers(item.free, wanted) && take(item)) return true;
      }
    }
    return false;
  }

 private:
  static constexpr std::size_t kMaxItems = 128;  // of a block

  struct Block {
    schema::Amounts most_free;  // of each amount, whichever node has it
    std::vector<Item> items;    // never empty
  };
  using Blocks = std::vector<Block>;

  Blocks::iterator block_of(const Rank& rank);
  void split(Blocks::iterator block);
  static void measure(Block& block);

  Blocks blocks_;
};

}  // namespace cara::scheduler
