// The benchmarks. Each prints its table and returns the raw figures as JSON.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "schema/result.h"
#include "tests/bench/cara_client.h"
#include "tests/bench/raw_engine.h"

namespace cara::bench {

struct Sides {
  CaraClient& cara;
  RawEngine& raw;
};

// Both sides of a pair; who goes first changes from pair to pair.
struct ApplyPlan {
  std::string image;
  std::vector<std::size_t> services;  // sizes of projects
  std::int64_t rounds = 20;           // pairs of each size
};
Result<std::string> bench_apply(Sides sides, const ApplyPlan& plan);

struct ManyPlan {
  std::string image;
  std::size_t projects = 60;
  std::size_t services = 2;
  std::int64_t rounds = 3;
  std::int64_t agent_pid = 0;
  std::chrono::milliseconds idle = std::chrono::seconds(10);
};
Result<std::string> bench_many(Sides sides, const ManyPlan& plan);

struct ChainPlan {
  std::string image;  // becomes healthy
  std::int64_t rounds = 5;
};
Result<std::string> bench_chain(Sides sides, const ChainPlan& plan);

// One project on one side.
schema::Project manifest_of(const RawProject& project);
// How busy the machine was over the last minute.
double load();

}  // namespace cara::bench
