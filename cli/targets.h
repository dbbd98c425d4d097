// How commands that reach into containers name them: `PROJECT/SERVICE`, or `PROJECT` alone.
#pragma once

#include <string>
#include <string_view>

#include "cli/api.h"
#include "schema/types.h"

namespace cara::cli {

struct Target {
  std::string project;
  std::string service;  // empty: not said
};

// `shop/web`, `shop`. kInvalid: neither.
Result<Target> parse_target(std::string_view word);
// The name of the service; the only one if none was said. kNotFound with what it could have meant.
Result<std::string> choose_service(const schema::Project& project, const Target& target);
// The same for a command that needs just one.
Result<Target> find_target(Api& api, std::string_view word, runtime::Duration timeout);

}  // namespace cara::cli
