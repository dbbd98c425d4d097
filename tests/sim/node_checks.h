// NodeChecks: who may be on which node, and when it may be taken off it.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <utility>

#include "schema/fit.h"
#include "tests/sim/snapshot.h"

namespace cara::sim {

class NodeChecks {
 public:
  // What it refers to must outlive it.
  NodeChecks(Cluster& cluster, const Orders& orders, Fail fail)
      : cluster_(cluster), orders_(orders), fail_(std::move(fail)) {}

  // The store has changed.
  void look(const Snapshot& before, const Snapshot& now);
  // A step was made.
  void look_at_waiting();
  // How long a project waits for its lost node.
  Duration window_of(const schema::Project& project) const;

 private:
  // Most nodes were lost together.
  struct Held {
    std::size_t of = 0;  // that were Ready before
    MonoTime since;
  };

  void check_room(const Snapshot& before, const Snapshot& now);
  void check_bind(const schema::Project& project, const Snapshot& before, const Snapshot& now);
  void check_unbind(const schema::Project& project, const schema::Project& old,
                    const Snapshot& before, const Snapshot& now);
  void check_forced_end(const schema::Project& project, const schema::Project& old);
  void follow_losses(const Snapshot& before, const Snapshot& now);
  void follow_waits(const Snapshot& now);
  bool holds() const;
  void check_wait(const schema::Project& project, const Snapshot& now);
  Duration waited(const std::string& uid, const char* condition) const;

  Cluster& cluster_;
  const Orders& orders_;
  Fail fail_;
  std::map<std::string, schema::Usage> usage_;  // by node
  std::map<std::string, MonoTime> lost_;        // nodes, while they are NotReady
  std::optional<Held> held_;
  std::map<std::pair<std::string, std::string>, MonoTime> waits_;      // uid, condition: since when
  std::map<std::string, std::pair<std::string, MonoTime>> placeable_;  // uid: name, since when
  MonoTime lossy_until_;                                               // the bus lost messages
};

}  // namespace cara::sim
