// ModelIngress: a node's HTTP router in memory, for the simulator and unit tests. Requests that are
// under way are what the test says.
#pragma once

#include <map>
#include <string>
#include <utility>

#include "services/agent/ingress.h"

namespace cara::sim {

class ModelIngress final : public agent::Ingress {
 public:
  using Key = agent::RouteKey;

  Result<agent::IngressReply> execute(const agent::IngressOp& op) override {
    if (const auto* set = std::get_if<agent::SetRoutes>(&op)) {
      if (set->complete) routes.clear();
      for (const Key& key : set->gone) routes.erase(key);
      for (const agent::Route& route : set->routes) routes[{route.host, route.path}] = route;
      if (set->complete || !set->hop_key.empty()) hop_key = set->hop_key;
      ++sets;
      last_set = *set;
    }
    if (!trouble.empty()) return unavailable(trouble);
    agent::IngressReply reply;
    if (const auto* count = std::get_if<agent::CountRequests>(&op)) {
      for (const std::string& address : count->addresses) {
        const auto found = under_way.find(address);
        reply.under_way[address] = found == under_way.end() ? 0 : found->second;
      }
    }
    return reply;
  }

  std::map<Key, agent::Route> routes;
  std::string hop_key;
  std::map<std::string, std::int64_t> under_way;  // by address
  std::string trouble;                            // not empty: it does not run
  int sets = 0;
  agent::SetRoutes last_set;
};

}  // namespace cara::sim
