// Strays: objects on this engine that some agent of Caravanserai has made, and that are not this
// agent's: those of a cluster or a node name that the machine belonged to before. Nobody removes
// them but people. Pure.
#pragma once

#include <string>

#include "services/agent/engine.h"
#include "services/agent/names.h"

namespace cara::agent {

// How many there are and the names of the first ones; empty: there is none.
std::string describe_strays(const Observation& all, const Owner& owner);

}  // namespace cara::agent
