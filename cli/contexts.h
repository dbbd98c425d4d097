// Contexts: ways to clusters by name, in a file of the user's. The settings of one are flags
// (`nats`, `nats-creds`, ...), and hold where neither a flag nor the environment says otherwise.
#pragma once

#include <map>
#include <string>

#include "cli/context.h"
#include "schema/result.h"

namespace cara::cli {

struct Contexts {
  std::string current;                                              // empty: none
  std::map<std::string, std::map<std::string, std::string>> named;  // settings by flag
};

// `$XDG_CONFIG_HOME/caravanserai/config.yaml`, or below ~/.config. kInvalid: nobody's home.
Result<std::string> contexts_path(const host::Environment& environment);
// No file is no context. Errors begin with file and line.
Result<Contexts> read_contexts(const std::string& path);
// As a whole or not at all, and for the user's eyes only.
Result<Ok> write_contexts(const std::string& path, const Contexts& contexts);

// The name that --context, CARA_CONTEXT or the file says; empty: none.
std::string chosen_context(const host::Flags& flags, const Contexts& contexts);
// `flags`, and for what nobody gave the chosen context's settings.
Result<host::Flags> with_context(const Context& context, const host::Flags& flags);

}  // namespace cara::cli
