// Whole lists, however many pages the server cuts them into.
#pragma once

#include <cstdint>
#include <functional>
#include <vector>

#include "cli/api.h"
#include "schema/history.h"
#include "schema/types.h"

namespace cara::cli {

// Calls `take` with each of them, by name, and answers a revision of the store that all of them
// are at least as new as. Objects that came before an error are no whole list.
Result<std::int64_t> each_project(Api& api, runtime::Duration timeout,
                                  const std::function<void(schema::Project&)>& take);
Result<std::int64_t> each_node(Api& api, runtime::Duration timeout,
                               const std::function<void(schema::Node&)>& take);
Result<std::vector<schema::Project>> list_projects(Api& api, runtime::Duration timeout);
Result<std::vector<schema::Node>> list_nodes(Api& api, runtime::Duration timeout);
// Oldest first, behind `request.after`.
Result<std::vector<schema::Event>> list_events(Api& api, schema::EventListRequest request,
                                               runtime::Duration timeout);

}  // namespace cara::cli
