// What the operations on Docker's objects share: where they are, and whose.
#pragma once

#include <string>

#include "services/agent/docker/http.h"
#include "services/agent/engine.h"

namespace cara::docker {

bool is_done(const HttpResponse& response);

std::string container_path(const std::string& id);
std::string network_path(const std::string& id);
std::string volume_path(const std::string& name);

// An image's own labels and those of other tools may be there too.
bool carries(const agent::Labels& labels, const agent::Labels& wanted);
// The error for an object of our name that is not ours.
Error taken(const std::string& kind, const std::string& name, const std::string& id,
            const agent::Labels& labels);

}  // namespace cara::docker
