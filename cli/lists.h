// Whole lists, however many pages the server cuts them into.
#pragma once

#include <vector>

#include "cli/api.h"
#include "schema/history.h"
#include "schema/types.h"

namespace cara::cli {

Result<std::vector<schema::Project>> list_projects(Api& api, runtime::Duration timeout);
Result<std::vector<schema::Node>> list_nodes(Api& api, runtime::Duration timeout);
// Oldest first, behind `request.after`.
Result<std::vector<schema::Event>> list_events(Api& api, schema::EventListRequest request,
                                               runtime::Duration timeout);

}  // namespace cara::cli
