// BusApi: the control plane behind a NATS server.
#pragma once

#include <functional>
#include <memory>

#include "cli/api.h"
#include "cli/context.h"

namespace cara::cli {

// `interrupted` ends a wait for hints.
Result<std::unique_ptr<Api>> connect_to_bus(const Connection& connection,
                                            std::function<bool()> interrupted);

}  // namespace cara::cli
