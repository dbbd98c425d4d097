// What objects in the engine are made from: the agent makes an object anew when this differs, and
// whoever foretells what a change will do asks the same functions.
#pragma once

#include <string>
#include <vector>

#include "schema/types.h"

namespace cara::schema {

// Of a container. What only the agent acts on (restart policy, dependencies, pulls) does not count,
// nor do fields with their defaults. Labels of containers hold it: one that comes out differently
// than in the version before makes every container of every cluster anew.
std::string spec_hash(const ProjectSpec& spec, const ServiceDef& service);
// Empty for a network without anything special.
std::string network_hash(const NetworkDef& network);
// Empty for a volume without files.
std::string content_hash(const VolumeDef& volume);

// The project's own networks, `default` first.
std::vector<NetworkDef> own_networks(const ProjectSpec& spec);
// The networks that the service is on; none unless its networkMode is Bridge.
std::vector<ServiceNetwork> memberships(const ServiceDef& service);

// The next container of a service may run beside the one before it: the update policy wants it, and
// neither takes anything from the other. Whether there is one that runs, on the same networks, is
// not asked here.
bool may_start_first(const ProjectSpec& spec, const ServiceDef& service);

}  // namespace cara::schema
