// The clocks of this machine, read nowhere else in the control plane's processes.
#pragma once

#include "services/runtime/actor.h"
#include "services/runtime/ids.h"

namespace cara::host {

// Monotonic time from CLOCK_BOOTTIME: it goes on while the machine sleeps, so a lease that ended
// during a suspend has ended.
runtime::MonoTime mono_now();
runtime::Instant now();

// From the kernel's generator.
runtime::Seed random_seed();

}  // namespace cara::host
