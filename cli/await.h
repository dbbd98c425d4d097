// Waits until objects are what they are to be, and shows how it goes: what `wait`, `apply --wait`
// and `restart --wait` share.
#pragma once

#include <string>

#include "cli/api.h"
#include "cli/context.h"
#include "cli/goal.h"
#include "cli/wait.h"

namespace cara::cli {

struct Awaited {
  Kind kind = Kind::kProject;
  std::string name;
  std::string uid;  // empty: whatever incarnation is there
  Goal goal;
};

// kDone, and nothing said: it is so. Else what stands in the way was said.
Exit await(Context& context, Api& api, const Awaited& awaited, const Patience& patience);

// What was just applied or changed: its generation, until it runs or is given up, and a line on
// standard output that says so.
Exit await_generation(Context& context, Api& api, const schema::Project& project,
                      const Patience& patience);

}  // namespace cara::cli
