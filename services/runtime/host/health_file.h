// The file in which a process says that its actor's thread goes round, and whether it is connected
// to the bus; `--healthcheck` reads it. One line: the time of CLOCK_BOOTTIME in microseconds, which
// no stepped clock changes, then `connected` or `away`, then a sentence.
#pragma once

#include <chrono>
#include <string>

#include "schema/result.h"
#include "services/runtime/actor.h"

namespace cara::host {

// A process that has not written for so long hangs, is frozen or is dead.
inline constexpr std::chrono::seconds kHealthStaleAfter{5};

struct Health {
  runtime::MonoTime written;
  bool connected = false;
  std::string sentence;  // where it is connected to, or why it is not; one line
};

// Replaced as a whole: nobody reads half of it.
Result<Ok> write_health(const std::string& path, const Health& health);
void remove_health(const std::string& path);

// What to tell about the process that writes `path`; the error says why it is not healthy.
Result<std::string> check_health(const std::string& path, runtime::MonoTime now);

}  // namespace cara::host
