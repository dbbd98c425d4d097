// GcChecks: what is due is done in time, as long as the apiserver and one gc are well.
#pragma once

#include <map>
#include <string>
#include <utility>

#include "tests/sim/node_checks.h"
#include "tests/sim/snapshot.h"

namespace cara::sim {

class GcChecks {
 public:
  // What it refers to must outlive it.
  GcChecks(Cluster& cluster, const NodeChecks& nodes, Fail fail)
      : cluster_(cluster), nodes_(nodes), fail_(std::move(fail)) {}

  // The store has changed.
  void look(const Snapshot& now);
  // The apiserver made a step.
  void look_at_duties();

 private:
  enum class Duty { kExpire, kEvict, kEnd, kReap };
  struct Due {
    std::string name;
    MonoTime since;   // that it is to be done, some time
    Duration window;  // which has to pass first
  };
  using Key = std::pair<std::string, Duty>;  // of a uid

  void add(std::map<Key, Due>& duties, const schema::Project& project) const;
  static std::string sentence(Duty duty);

  Cluster& cluster_;
  const NodeChecks& nodes_;
  Fail fail_;
  std::map<Key, Due> duties_;
  MonoTime held_until_;   // moves were held
  MonoTime lossy_until_;  // the bus lost messages
};

}  // namespace cara::sim
