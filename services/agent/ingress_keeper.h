// IngressKeeper: keeps the node's router as the cluster and the node's containers are.
//
// A project of this node is routed to what its plan says serves now; one of another node to that
// node's ingress. A container that is to end is held until its route is gone and the requests that
// are under way have ended, or its grace period has. A router that does not run holds nothing.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "services/agent/desired_pull.h"
#include "services/agent/ingress.h"
#include "services/agent/plan.h"
#include "services/agent/route_pull.h"
#include "services/runtime/actor.h"
#include "services/runtime/backoff.h"
#include "services/runtime/ids.h"

namespace cara::agent {

struct IngressKeeperOptions {
  std::string node;
  bool enabled = false;
  // Between the end of a route and the first count: a request that was being routed is counted.
  runtime::Duration settle = std::chrono::milliseconds(10);
  runtime::Duration count_every = std::chrono::milliseconds(50);
  runtime::Backoff backoff = {.base = std::chrono::milliseconds(100),
                              .max = std::chrono::seconds(5)};
  runtime::TimerId timer = 0;
};

class IngressKeeper {
 public:
  // `ids` must outlive it.
  IngressKeeper(IngressKeeperOptions options, runtime::RequestIds& ids);

  bool enabled() const { return options_.enabled; }
  // The complete set of this node: what has left it has no routes here.
  void want(const DesiredSet& desired, runtime::MonoTime now);
  // What a project's plan says.
  void serve(const std::string& project, Serving serving, runtime::MonoTime now);
  // Nothing is left of it here.
  void drop(const std::string& project);
  // Where everything else is; nothing: not known yet.
  void set_cluster(const std::optional<ClusterRoutes>& cluster);
  // Another cluster: the router is left as it is until this one's sets are known.
  void forget();

  IngressView view(const std::string& project) const;
  // Projects whose view has changed since this was called last.
  std::set<std::string> take_changed() { return std::exchange(changed_, {}); }
  bool has_changed() const { return !changed_.empty(); }
  // Why the router does not do what it should; empty: it does.
  const std::string& trouble() const { return trouble_; }

  // True if the event was its own.
  bool handle(const runtime::Event& event, runtime::MonoTime now, runtime::Effects& out);
  // Sends what is to be sent now. To be called in every step.
  void advance(runtime::MonoTime now, runtime::Effects& out);

 private:
  struct Rule {
    std::string name;
    std::string host;
    std::string path;
    std::string service;
    std::int64_t port = 0;
    bool operator==(const Rule&) const = default;
  };
  // A container that has routes.
  struct Routed {
    std::set<std::string> addresses;
    runtime::Duration grace{};
  };
  // One that has none any more.
  struct Leaving {
    std::set<std::string> addresses;
    runtime::MonoTime until;
  };
  struct Local {
    std::vector<Rule> rules;
    std::optional<Serving> serving;                    // nothing: it has not been planned yet
    std::map<std::string, std::set<std::string>> had;  // all addresses of each that has routes
    std::map<std::string, Leaving> leaving;            // by container
    IngressView shown;
  };
  struct Table {
    std::map<RouteKey, Route> routes;
    bool complete = true;
    std::string hop_key;
    bool operator==(const Table&) const = default;
  };

  static std::map<std::string, Routed> routed(const Local& local);
  static void expect_routes(Local& local, const Serving& serving, runtime::MonoTime now);
  template <class Change>
  void change(Local& local, runtime::MonoTime now, const Change& apply);
  Route route_of(const std::string& project, const Rule& rule, const Serving& serving) const;
  Route route_of(const schema::ProjectRoutes& project, const schema::RouteRule& rule) const;
  Table make_table() const;
  SetRoutes steps_to(const Table& table) const;
  bool is_sure() const { return acked_ && acked_->complete; }
  bool is_routed(const std::set<std::string>& addresses) const;
  IngressView make_view(const Local& local) const;
  void show();

  void set_routes(runtime::MonoTime now, runtime::Effects& out);
  void routes_set(const Result<IngressReply>& reply, runtime::MonoTime now);
  void count(runtime::MonoTime now, runtime::Effects& out);
  void counted(const Result<IngressReply>& reply, runtime::MonoTime now);
  void release(runtime::MonoTime now);
  void set_timer(runtime::MonoTime now, runtime::Effects& out);

  const IngressKeeperOptions options_;
  runtime::RequestIds& ids_;

  bool wanted_known_ = false;  // want() was called for this cluster
  std::map<std::string, Local> locals_;
  std::optional<ClusterRoutes> cluster_;
  bool touched_ = false;  // the table may be another one
  Table wanted_;
  std::optional<Table> acked_;  // what the router does; nothing: not known
  std::optional<std::pair<runtime::RequestId, Table>> setting_;
  std::uint32_t failures_ = 0;
  runtime::MonoTime retry_at_;
  std::optional<runtime::RequestId> counting_;
  runtime::MonoTime count_at_;
  std::string trouble_;
  bool down_ = false;  // it does not run: no request is under way
  std::set<std::string> changed_;
};

}  // namespace cara::agent
