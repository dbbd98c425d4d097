// Apply -> a watcher sees Running, and delete -> the record is gone, against the raw Engine API. In
// pairs, one after the other in one run, so that a drifting machine cancels out.
#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <nlohmann/json.hpp>

#include "tests/bench/benches.h"

namespace cara::bench {
namespace {

constexpr std::chrono::seconds kPatience{60};

struct Sample {
  double up_ms = 0;
  double down_ms = 0;
};

Result<Sample> cara_round(CaraClient& cara, const RawProject& project) {
  Sample sample;
  auto start = std::chrono::steady_clock::now();
  if (auto done = cara.apply(manifest_of(project)); !done.ok()) return done.error();
  if (auto seen = cara.wait_running({project.name}, kPatience); !seen.ok()) return seen.error();
  sample.up_ms = ms_since(start);
  start = std::chrono::steady_clock::now();
  if (auto done = cara.remove(project.name); !done.ok()) return done.error();
  if (auto seen = cara.wait_gone({project.name}, kPatience); !seen.ok()) return seen.error();
  sample.down_ms = ms_since(start);
  return sample;
}

Result<Sample> raw_round(RawEngine& engine, const RawProject& project) {
  Sample sample;
  auto start = std::chrono::steady_clock::now();
  if (auto up = engine.up(project); !up.ok()) return up.error();
  sample.up_ms = ms_since(start);
  start = std::chrono::steady_clock::now();
  if (auto down = engine.down(project); !down.ok()) return down.error();
  sample.down_ms = ms_since(start);
  return sample;
}

double quantile(std::vector<double> values, double share) {
  std::sort(values.begin(), values.end());
  const auto last = static_cast<double>(values.size() - 1);
  return values[static_cast<std::size_t>(share * last + 0.5)];
}

struct Series {
  std::vector<double> cara, raw, ratio;
  void add(double cara_ms, double raw_ms) {
    cara.push_back(cara_ms);
    raw.push_back(raw_ms);
    ratio.push_back(cara_ms / raw_ms);
  }
};

void report(const std::string& what, std::size_t services, const Series& series,
            nlohmann::ordered_json& out) {
  fmt::print("{:<20} {:>8} {:>9.1f} {:>9.1f} {:>9.1f} {:>9.1f} {:>9.3f} {:>9.3f}\n", what, services,
             quantile(series.raw, 0.5), quantile(series.raw, 0.99), quantile(series.cara, 0.5),
             quantile(series.cara, 0.99), quantile(series.ratio, 0.5),
             quantile(series.ratio, 0.99));
  std::fflush(stdout);
  out.push_back(
      {{"what", what}, {"services", services}, {"raw_ms", series.raw}, {"cara_ms", series.cara}});
}

}  // namespace

Result<std::string> bench_apply(Sides sides, const ApplyPlan& plan) {
  fmt::print("{:<20} {:>8} {:>9} {:>9} {:>9} {:>9} {:>9} {:>9}\n", "", "services", "raw p50",
             "raw p99", "cara p50", "cara p99", "ratio p50", "ratio p99");
  nlohmann::ordered_json out = nlohmann::ordered_json::array();
  for (std::size_t services : plan.services) {
    Series up, down;
    // Round 0 warms up caches and connections on both sides.
    for (std::int64_t i = 0; i <= plan.rounds; ++i) {
      const std::string suffix = std::to_string(services) + "-" + std::to_string(i);
      const RawProject through{"bench-c" + suffix, plan.image, services};
      const RawProject direct{"bench-r" + suffix, plan.image, services};
      const bool cara_first = i % 2 == 0;
      Result<Sample> first =
          cara_first ? cara_round(sides.cara, through) : raw_round(sides.raw, direct);
      if (!first.ok()) return first.error();
      Result<Sample> second =
          cara_first ? raw_round(sides.raw, direct) : cara_round(sides.cara, through);
      if (!second.ok()) return second.error();
      if (i == 0) continue;
      const Sample& ours = cara_first ? *first : *second;
      const Sample& raw = cara_first ? *second : *first;
      up.add(ours.up_ms, raw.up_ms);
      down.add(ours.down_ms, raw.down_ms);
    }
    report("apply -> Running", services, up, out);
    report("delete -> gone", services, down, out);
  }
  return out.dump(1);
}

}  // namespace cara::bench
