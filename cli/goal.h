// What commands wait for an object to become, and whether it has. Pure.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "cli/objects.h"
#include "schema/types.h"
#include "services/runtime/actor.h"

namespace cara::cli {

struct Goal {
  enum class What {
    kPhase,       // word: `Running`, of the spec that it has now
    kCondition,   // word and status: a condition that is absent is `False`
    kGone,        // or another incarnation
    kGeneration,  // what was applied runs, or, if it is paused, is stopped
  };
  What what = What::kGone;
  std::string word;
  std::string status;
  std::int64_t generation = 0;
};

// `phase=Running`, `condition=TYPE[=STATUS]`, `delete`
Result<Goal> parse_goal(std::string_view text);

struct Progress {
  bool met = false;
  std::string failure;                // it will never be met: why
  std::string state;                  // where it is, in a line
  std::vector<std::string> services;  // a line for each
};
// `waited`: since the generation was applied.
Progress judge(const Goal& goal, const schema::Project& project, runtime::Duration waited);
Progress judge(const Goal& goal, const schema::Node& node);

}  // namespace cara::cli
