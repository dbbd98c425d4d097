// LiveMap: a map that HAProxy holds, what it is wanted to be, and the file it starts with. Not
// thread-safe.
#pragma once

#include <optional>
#include <string>

#include "services/agent/ingress/admin_socket.h"
#include "services/agent/ingress/route_map.h"

namespace cara::haproxy {

class LiveMap {
 public:
  static constexpr std::size_t kFewChanges = 64;  // more are made as a new version of the whole

  // `file` is its name in `folder`, and HAProxy's name for the map.
  LiveMap(const std::string& folder, std::string file);

  const RouteMap& wanted() const { return wanted_; }
  // Also writes the file.
  void want(RouteMap map);
  // HAProxy starts, with the file.
  void started() { held_ = file_is_current_ ? std::optional(wanted_) : std::nullopt; }
  // HAProxy runs since before: what it has is wanted.
  Result<Ok> adopt(const AdminSocket& admin);
  // Makes HAProxy's map the wanted one. Requests see one of the two for each entry, never neither.
  Result<Ok> apply(const AdminSocket& admin);

 private:
  Result<Ok> read(const AdminSocket& admin);
  Result<Ok> replace(const AdminSocket& admin);

  std::string path_;
  std::string file_;
  RouteMap wanted_;
  std::optional<RouteMap> held_;  // by HAProxy, as far as is known
  bool file_is_current_ = false;  // as far as this life has seen to it
};

}  // namespace cara::haproxy
