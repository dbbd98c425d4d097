// What the bus is told after a commit: one event per changed object, and one hint for everybody
// whom the batch concerns.
#pragma once

#include <cstdint>
#include <span>

#include "services/apiserver/route_watch.h"
#include "services/apiserver/store/store.h"
#include "services/runtime/actor.h"

namespace cara::apiserver {

runtime::Effects announce(std::span<const Written> written, std::int64_t revision,
                          RouteWatch& routes);

}  // namespace cara::apiserver
