// 150 seeds of the simulator, each twice. `cara_sim --seed N --trace` replays one.
#include "tests/catch_compat.h"
#include "tests/sim/run.h"

namespace {

constexpr std::uint64_t kSeedsPerBlock = 25;

void run_block(std::uint64_t block) {
  for (std::uint64_t i = 0; i < kSeedsPerBlock; ++i) {
    const std::uint64_t seed = 1 + block * kSeedsPerBlock + i;
    const cara::sim::RunResult result = cara::sim::run_twice(seed);
    INFO(cara::sim::report(seed, result));
    CHECK(result.failure.empty());
  }
}

// What never happens is not tested, whatever the seeds say.
std::string missing(const cara::sim::Coverage& faults) {
  std::string names;
  for (std::size_t i = 0; i < cara::sim::kFaults; ++i) {
    if (faults.times[i] != 0) continue;
    names += (names.empty() ? "" : ", ") + std::string(cara::sim::kFaultNames[i]);
  }
  return names;
}

}  // namespace

TEST_CASE("seeds 1..25 break, heal and settle [S52][S54][E44]") { run_block(0); }
TEST_CASE("seeds 26..50 break, heal and settle") { run_block(1); }
TEST_CASE("seeds 51..75 break, heal and settle") { run_block(2); }
TEST_CASE("seeds 76..100 break, heal and settle") { run_block(3); }
TEST_CASE("seeds 101..125 break, heal and settle") { run_block(4); }
TEST_CASE("seeds 126..150 break, heal and settle") { run_block(5); }

TEST_CASE("every kind of fault happens within the fixed seeds") {
  cara::sim::Coverage faults;
  for (std::uint64_t seed = 1; seed <= 6 * kSeedsPerBlock && !missing(faults).empty(); ++seed) {
    faults.add(cara::sim::run({.seed = seed}).faults);
  }
  CHECK(missing(faults) == "");
}
