// cara_sim: replays seeds of the simulator.
#include <fmt/format.h>

#include <cstdint>
#include <cstdlib>
#include <optional>
#include <string>
#include <string_view>

#include "tests/sim/run.h"

namespace {

constexpr std::string_view kUsage =
    "usage: cara_sim --seed N [--trace]   one seed; with everything that happens\n"
    "       cara_sim --seeds A..B         many, each twice; then how often each fault happened\n"
    "       cara_sim --hunt A..B          many, each once, until the first that fails\n";

std::optional<std::uint64_t> parse_number(std::string_view text) {
  if (text.empty() || text.size() > 18) return std::nullopt;
  std::uint64_t value = 0;
  for (const char c : text) {
    if (c < '0' || c > '9') return std::nullopt;
    value = value * 10 + static_cast<std::uint64_t>(c - '0');
  }
  return value;
}

int run_seeds(std::uint64_t first, std::uint64_t last) {
  int failed = 0;
  cara::sim::Coverage faults;
  for (std::uint64_t seed = first; seed <= last; ++seed) {
    const cara::sim::RunResult result = cara::sim::run_twice(seed);
    faults.add(result.faults);
    if (result.failure.empty()) {
      fmt::print("seed {} ok: {} steps, {} operations, settled {} ms after the last fault\n", seed,
                 result.steps, result.operations, result.settled_after_ms);
      continue;
    }
    ++failed;
    fmt::print("{}", cara::sim::report(seed, result));
  }
  for (std::size_t i = 0; i < cara::sim::kFaults; ++i) {
    fmt::print("{:9} {}\n", faults.times[i], cara::sim::kFaultNames[i]);
  }
  fmt::print("{} seeds, {} failed\n", last - first + 1, failed);
  return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

int hunt(std::uint64_t first, std::uint64_t last) {
  for (std::uint64_t seed = first; seed <= last; ++seed) {
    const cara::sim::RunResult result = cara::sim::run({.seed = seed});
    if (result.failure.empty()) continue;
    fmt::print("seed {}: {}\n", seed, result.failure);
    return EXIT_FAILURE;
  }
  fmt::print("seeds {} to {}: nothing was found\n", first, last);
  return EXIT_SUCCESS;
}

int run_seed(std::uint64_t seed, bool with_trace) {
  fmt::print("seed {}\n", seed);
  cara::sim::RunOptions options{.seed = seed};
  if (with_trace) {
    options.listener = [](const cara::sim::TraceEntry& entry) {
      fmt::print("{}\n", cara::sim::to_text(entry));
    };
  }
  const cara::sim::RunResult result = cara::sim::run(options);
  if (!result.failure.empty()) {
    fmt::print("{}", cara::sim::report(seed, result));
    return EXIT_FAILURE;
  }
  fmt::print("ok: {} steps, trace hash {:016x}\n", result.steps, result.hash);
  return EXIT_SUCCESS;
}

}  // namespace

int main(int argc, char** argv) {
  std::optional<std::uint64_t> seed;
  std::optional<std::uint64_t> last;
  bool trace = false;
  bool hunts = false;
  for (int i = 1; i < argc; ++i) {
    const std::string_view flag = argv[i];
    const std::string_view value = i + 1 < argc ? argv[i + 1] : "";
    if (flag == "--trace") {
      trace = true;
    } else if (flag == "--seed") {
      seed = parse_number(value);
      ++i;
    } else if (flag == "--seeds" || flag == "--hunt") {
      hunts = flag == "--hunt";
      const auto dots = value.find("..");
      seed = parse_number(value.substr(0, dots));
      last = dots == std::string_view::npos ? std::nullopt : parse_number(value.substr(dots + 2));
      if (!last) seed.reset();
      ++i;
    } else {
      seed.reset();
      break;
    }
  }
  if (!seed) {
    fmt::print(stderr, "{}", kUsage);
    return 2;
  }
  if (!last) return run_seed(*seed, trace);
  return hunts ? hunt(*seed, *last) : run_seeds(*seed, *last);
}
