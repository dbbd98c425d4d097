// What a project's ingress rules are to the cluster: which hosts it has, and where it is.
#pragma once

#include <optional>
#include <string>

#include "schema/messages.h"
#include "schema/types.h"

namespace cara::schema {

// Without rules, if it has none or is Terminated.
ProjectRoutes routes_of(const Project& project);

// Why no request reaches it, from its phase alone and without the containers' own words:
// everybody may read it. `shop is Pending (Unschedulable)`.
std::string why_unreachable(const Project& project);

// `https://shop.example:8443/api`. Without an ingress: with HTTP's own port.
std::string url_of(const std::string& host, const std::string& path,
                   const std::optional<NodeIngress>& ingress);

}  // namespace cara::schema
