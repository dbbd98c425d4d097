#include "services/runtime/host/clock.h"

#include <sys/random.h>
#include <time.h>

#include <chrono>

#include "schema/check.h"

namespace cara::host {

runtime::MonoTime mono_now() {
  timespec time{};
  CARA_CHECK(clock_gettime(CLOCK_BOOTTIME, &time) == 0);
  return {std::int64_t{time.tv_sec} * 1'000'000 + time.tv_nsec / 1'000};
}

runtime::Instant now() {
  const auto wall = std::chrono::system_clock::now().time_since_epoch();
  return {mono_now(), {std::chrono::duration_cast<std::chrono::milliseconds>(wall).count()}};
}

runtime::Seed random_seed() {
  runtime::Seed seed;
  CARA_CHECK(getrandom(&seed, sizeof seed, 0) == static_cast<ssize_t>(sizeof seed));
  return seed;
}

}  // namespace cara::host
