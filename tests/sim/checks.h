// Checks: what must hold at every step of a run (one sentence each), watched from outside.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "tests/sim/cluster.h"
#include "tests/sim/copy_checks.h"
#include "tests/sim/gc_checks.h"
#include "tests/sim/history_checks.h"
#include "tests/sim/node_checks.h"
#include "tests/sim/route_checks.h"

namespace cara::sim {

class Checks {
 public:
  // Hooks itself into the cluster's world; the cluster must outlive it.
  explicit Checks(Cluster& cluster);
  Checks(const Checks&) = delete;
  Checks& operator=(const Checks&) = delete;

  // The first thing that was wrong, if any.
  const std::optional<std::string>& violation() const { return violation_; }
  std::uint64_t steps() const { return steps_; }
  // Engine operations that changed something so far.
  std::uint64_t engine_changes() const { return engine_changes_; }
  const RouteChecks& routes() const { return routes_; }

 private:
  struct Seen {
    schema::Phase phase = schema::Phase::kPending;
    std::int64_t assignment = 0;
    std::int64_t revision = 0;
    std::int64_t generation = 0;
    std::string name;
    Timestamp phase_at{};  // of the phase's condition
  };

  void fail(const std::string& sentence);
  void check_store();
  void note_order(const runtime::Request& request);
  void check_ends(const Snapshot& now);
  bool was_deleted(const std::string& name, bool by_force) const;
  void check_project(const schema::Project& project);
  void check_move(const schema::Project& project, const Seen& last, const std::string& who);
  void check_promises(const std::map<std::string, schema::Project>& projects);
  void check_status(const std::string& process, const runtime::Request& request);
  void check_engine(const std::string& node);
  void check_removal(const std::string& node, const agent::EngineOp& op);
  void remember_up(const std::string& node, const agent::Observation& seen);

  Cluster& cluster_;
  Orders orders_;
  Snapshot before_;
  NodeChecks nodes_;
  GcChecks gc_;
  HistoryChecks history_;
  CopyChecks copies_;
  RouteChecks routes_;
  std::optional<std::string> violation_;
  std::uint64_t steps_ = 0;
  std::uint64_t engine_changes_ = 0;
  std::int64_t revision_ = 0;
  std::map<std::string, Seen> seen_;  // by uid, of every project there ever was
  std::set<std::string> present_;     // uids in the store
  std::map<std::pair<std::string, std::int64_t>, std::string> holders_;   // uid, epoch -> node
  std::map<std::pair<std::string, std::string>, agent::Labels> volumes_;  // node, name: last seen
  std::map<std::string, MonoTime> up_;  // uid/assignment/service -> last seen up
};

}  // namespace cara::sim
