// RouteChecks: which containers the routers of the nodes send requests to, and when they may end.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>

#include "tests/sim/copy_checks.h"
#include "tests/sim/snapshot.h"

namespace cara::sim {

class RouteChecks {
 public:
  // What it refers to must outlive it.
  RouteChecks(Cluster& cluster, const CopyChecks& copies, Fail fail)
      : cluster_(cluster), copies_(copies), fail_(std::move(fail)) {}

  // The store has changed.
  void look(const Snapshot& now);
  // An agent asks for something, or is about to be given an event.
  void on_request(const std::string& process, const runtime::Request& request);
  void on_event(const std::string& process, const runtime::Event& event);
  // Its engine is asked for something.
  void before_engine_op(const std::string& node, const agent::EngineOp& op);
  // The containers of a node, or the routes to them, may be other ones.
  void look_at(const std::string& node, const agent::Observation& seen);

  // No router still owes an answer to routes that it was given.
  bool all_answered() const;

 private:
  // Of an agent: what excuses it.
  struct Known {
    std::map<runtime::RequestId, MonoTime> beats;  // and registrations: when they were sent
    std::set<runtime::RequestId> registering;      // of these
    std::map<runtime::RequestId, MonoTime> sets;   // SetRoutes that have no answer
    MonoTime lease_since;
    MonoTime lease_end;
    std::optional<MonoTime> no_router_at;  // it was told that its router does not do its work
  };

  void follow_routes(const std::string& node, const ModelIngress& router);
  bool is_silent(const Known& known) const;
  bool is_behind(const std::string& process) const;
  void check_lost(const std::string& node, const ModelIngress& router);
  void check_stop(const std::string& node, const ModelIngress& router,
                  const agent::ContainerInfo& container);
  bool had_lease(const Known& known) const;
  void follow_lease(Known& known, const runtime::Answered& answer);

  Cluster& cluster_;
  const CopyChecks& copies_;
  Fail fail_;
  std::set<std::string> exclusive_;              // uids
  std::map<std::string, Known> known_;           // by process
  std::map<ModelIngress::Key, MonoTime> hosts_;  // of the store: since when
  std::map<std::string, int> sets_;              // node -> how often its router was given routes
  std::map<std::string, std::set<ModelIngress::Key>> keys_;  // node -> hosts its router has
  std::map<std::string, std::set<std::string>> routed_;      // node -> IPs that have a route
  std::map<std::pair<std::string, std::string>, MonoTime> unrouted_at_;  // node, IP
};

// Nothing: every router sends the hosts of every project where the store says they are, and the
// store says the same of them.
std::optional<std::string> why_misrouted(Cluster& cluster);
// How many times the routers were given routes.
int times_routed(Cluster& cluster);

}  // namespace cara::sim
