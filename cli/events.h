// What happened to objects: for `events` and for `get events`.
#pragma once

#include <string>
#include <vector>

#include "cli/context.h"
#include "services/runtime/host/flags.h"

namespace cara::cli {

// --for, --since
std::vector<host::FlagSpec> event_flags();
// `words`: what follows `events`. REQUIRES: the verb has row_flags(), event_flags() and --timeout.
Exit show_events(Context& context, const host::Flags& flags, const char* verb,
                 const std::vector<std::string>& words);

}  // namespace cara::cli
