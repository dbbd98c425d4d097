// A project of ten services with health gates against the time that its longest chain needs: the
// same containers, one after the other, each when the one before is healthy, by the raw Engine API.
//
//        s1        s5
//   s0 < s2 > s4 < s6 > s8 - s9
//        s3        s7
#include <fmt/format.h>

#include <cstdio>
#include <nlohmann/json.hpp>
#include <numeric>

#include "tests/bench/benches.h"

namespace cara::bench {
namespace {

constexpr std::chrono::seconds kPatience{300};
constexpr std::size_t kLongestChain = 6;
const std::vector<std::vector<std::size_t>> kNeeds{{},  {0}, {0}, {0},       {1, 2, 3},
                                                   {4}, {4}, {4}, {5, 6, 7}, {8}};

schema::Project gated(const RawProject& project) {
  schema::Project manifest = manifest_of(project);
  for (std::size_t i = 0; i < kNeeds.size(); ++i) {
    for (std::size_t need : kNeeds[i]) {
      manifest.spec.services[i].depends_on.push_back(
          {.service = "s" + std::to_string(need),
           .condition = schema::DependencyCondition::kHealthy});
    }
  }
  return manifest;
}

Result<double> cara_round(CaraClient& cara, const RawProject& project) {
  const auto start = std::chrono::steady_clock::now();
  if (auto done = cara.apply(gated(project)); !done.ok()) return done.error();
  if (auto seen = cara.wait_running({project.name}, kPatience); !seen.ok()) return seen.error();
  const double taken = ms_since(start);
  if (auto done = cara.remove(project.name); !done.ok()) return done.error();
  if (auto seen = cara.wait_gone({project.name}, kPatience); !seen.ok()) return seen.error();
  return taken;
}

Result<double> raw_round(RawEngine& engine, const RawProject& project) {
  const auto times = engine.chain_up(project);
  if (!times.ok()) return times.error();
  if (auto down = engine.down(project); !down.ok()) return down.error();
  return std::accumulate(times->begin(), times->end(), 0.0);
}

}  // namespace

Result<std::string> bench_chain(Sides sides, const ChainPlan& plan) {
  fmt::print("{} services with health gates, the longest chain has {}; ms\n", kNeeds.size(),
             kLongestChain);
  fmt::print("{:<6} {:>10} {:>10} {:>8} {:>6}\n", "pair", "raw chain", "cara", "ratio", "load");
  nlohmann::ordered_json out = nlohmann::ordered_json::array();
  std::vector<double> ratios;
  for (std::int64_t i = 1; i <= plan.rounds; ++i) {
    const RawProject direct{"chain-r" + std::to_string(i), plan.image, kLongestChain};
    const RawProject through{"chain-c" + std::to_string(i), plan.image, kNeeds.size()};
    const bool cara_first = i % 2 == 0;
    auto first = cara_first ? cara_round(sides.cara, through) : raw_round(sides.raw, direct);
    if (!first.ok()) return first.error();
    auto second = cara_first ? raw_round(sides.raw, direct) : cara_round(sides.cara, through);
    if (!second.ok()) return second.error();
    const double cara_ms = cara_first ? *first : *second;
    const double raw_ms = cara_first ? *second : *first;
    ratios.push_back(cara_ms / raw_ms);
    fmt::print("{:<6} {:>10.1f} {:>10.1f} {:>8.3f} {:>6.1f}\n", i, raw_ms, cara_ms, ratios.back(),
               load());
    std::fflush(stdout);
    out.push_back({{"raw_chain_ms", raw_ms}, {"cara_ms", cara_ms}, {"load", load()}});
  }
  fmt::print("median ratio: {:.3f}\n", median(ratios));
  return out.dump(1);
}

}  // namespace cara::bench
