// Latencies in bounded memory: what quantiles say, and how far they are off.
#include <cmath>

#include "services/runtime/latency.h"
#include "tests/catch_compat.h"

using namespace cara::runtime;
using namespace std::chrono_literals;

TEST_CASE("nothing measured: every figure is 0") {
  const Latency latency;
  CHECK(latency.count() == 0);
  CHECK(latency.quantile(0.5) == Duration(0));
  CHECK(latency.below(28) == 0);
}

TEST_CASE("a quantile is never below the truth and at most an eighth above it") {
  for (std::int64_t us = 0; us < 200'000'000; us = us * 9 / 8 + 1) {
    Latency latency;
    latency.add(Duration(us));
    const std::int64_t said = latency.quantile(0.99).count();
    CHECK(said > us);
    CHECK(said <= us + us / 8 + 1);
  }
}

TEST_CASE("p50 and p99 of a thousand different values") {
  Latency latency;
  for (int ms = 1; ms <= 1000; ++ms) latency.add(std::chrono::milliseconds(ms));
  CHECK(latency.count() == 1000);
  CHECK(latency.sum() == Duration(500'500'000));
  CHECK(std::abs(static_cast<double>(latency.quantile(0.5).count()) - 500e3) < 500e3 / 8);
  CHECK(std::abs(static_cast<double>(latency.quantile(0.99).count()) - 990e3) < 990e3 / 8);
}

TEST_CASE("one slow one among many: in p100, not in p50") {
  Latency latency;
  for (int i = 0; i < 999; ++i) latency.add(100us);
  latency.add(5s);
  CHECK(latency.quantile(0.5) < 120us);
  CHECK(latency.quantile(0.99) < 120us);
  CHECK(latency.quantile(1.0) > 4s);
}

TEST_CASE("counts below a power of two are exact") {
  Latency latency;
  for (const auto us : {0, 1, 7, 8, 15, 16, 1023, 1024, 1025}) latency.add(Duration(us));
  CHECK(latency.below(0) == 1);
  CHECK(latency.below(3) == 3);
  CHECK(latency.below(4) == 5);
  CHECK(latency.below(10) == 7);
  CHECK(latency.below(Latency::kMaxExponent) == 9);
}

TEST_CASE("what makes no sense is taken all the same") {
  Latency latency;
  latency.add(Duration(-5));
  latency.add(std::chrono::hours(10'000));
  CHECK(latency.count() == 2);
  CHECK(latency.quantile(1.0) <= Duration(std::int64_t{1} << Latency::kMaxExponent));
}
