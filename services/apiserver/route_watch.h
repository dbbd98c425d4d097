// RouteWatch: what the bus was told of hosts and where they are, in memory. Every ingress of the
// cluster is woken when that changes, and only then.
#pragma once

#include <map>
#include <string>
#include <utility>

namespace cara::apiserver {

class RouteWatch {
 public:
  // True if it differs from what was told last of that object. Empty: it has no routes.
  bool tell(const std::string& kind, const std::string& name, const std::string& routes) {
    const std::pair<std::string, std::string> object{kind, name};
    if (routes.empty()) return told_.erase(object) > 0;
    std::string& told = told_[object];
    if (told == routes) return false;
    told = routes;
    return true;
  }

 private:
  std::map<std::pair<std::string, std::string>, std::string> told_;  // kind, name -> routes
};

}  // namespace cara::apiserver
