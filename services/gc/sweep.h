// sweep(): what the garbage collector has to ask the apiserver for. Pure: a snapshot in, values
// out. The apiserver checks every action against its own clock and state, so an action that comes
// early or twice does nothing.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "schema/time.h"
#include "schema/types.h"

namespace cara::gc {

using Projects = std::map<std::string, schema::Project>;

enum class Action {
  kExpire,  // its expireAt is past: delete it
  kEvict,   // its node is lost: back to Pending, or the forced end of a teardown
  kReap,    // everything of it is gone: remove the record
};
std::string_view operation(Action action);  // `project.expire`

// What has to be done with one project now, if anything.
std::optional<Action> decide(const schema::Project& project, Timestamp now);

struct Sweep {
  std::vector<std::string> due;     // names of projects that decide() has something for
  std::optional<Timestamp> expiry;  // the next expireAt that is still to come
};
Sweep sweep(const Projects& projects, Timestamp now);

}  // namespace cara::gc
