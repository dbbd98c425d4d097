// When a node is short of something, and what of it projects may have.
#include "services/agent/capacity.h"
#include "services/agent/pressure.h"
#include "tests/catch_compat.h"

using namespace cara;
using namespace cara::agent;

namespace {

constexpr std::int64_t kMi = std::int64_t{1} << 20;
constexpr std::int64_t kGi = std::int64_t{1} << 30;

}  // namespace

TEST_CASE("what must be free is a part or an amount") {
  CHECK(*parse_least_free("10%") == LeastFree{.percent = 10});
  CHECK(*parse_least_free("0%") == LeastFree{});
  CHECK(*parse_least_free("0") == LeastFree{});
  CHECK(*parse_least_free("1.5Gi") == LeastFree{.bytes = kGi + kGi / 2});
  for (const char* wrong : {"", "%", "91%", "-1%", "5.5%", "-1", "ten", "10 %"}) {
    INFO(wrong);
    const auto read = parse_least_free(wrong);
    REQUIRE_FALSE(read.ok());
    CHECK(read.error().message.find("10%") != std::string::npos);
  }
}

TEST_CASE("pressure begins below the limit and is over a fifth above it") {
  PressureGauge gauge("DiskPressure", {.percent = 10});
  CHECK_FALSE(gauge.read(10 * kGi, 100 * kGi));
  CHECK_FALSE(gauge.is_high());
  CHECK(gauge.read(10 * kGi - 1, 100 * kGi));
  CHECK(gauge.is_high());
  CHECK_FALSE(gauge.read(10 * kGi, 100 * kGi));
  CHECK_FALSE(gauge.read(3 * kGi, 100 * kGi));
  CHECK(gauge.is_high());
  CHECK(gauge.trouble().type == "DiskPressure");
  CHECK(gauge.trouble().message == "3Gi of 100Gi free (3%); the pressure is over at 12Gi");
  CHECK(gauge.read(12 * kGi, 100 * kGi));
  CHECK_FALSE(gauge.is_high());
  CHECK_FALSE(gauge.read(11 * kGi, 100 * kGi));
}

TEST_CASE("a figure that swings around the limit is news once") {
  PressureGauge gauge("MemoryPressure", {.bytes = 100 * kMi});
  int news = 0;
  for (int i = 0; i < 100; ++i) {
    if (gauge.read((i % 2 == 0 ? 99 : 119) * kMi, 8 * kGi)) ++news;
  }
  CHECK(news == 1);
}

TEST_CASE("what is not known is no pressure, and neither is what nobody asks for") {
  PressureGauge gauge("DiskPressure", {.percent = 10});
  CHECK_FALSE(gauge.read(std::nullopt, 0));
  CHECK(gauge.read(0, 80 * kGi));
  CHECK(gauge.trouble().message.starts_with("0 of 80Gi free (0%)"));
  CHECK(gauge.read(std::nullopt, 0));
  CHECK_FALSE(gauge.is_high());
  PressureGauge off("DiskPressure", {});
  CHECK_FALSE(off.read(0, 80 * kGi));
}

TEST_CASE("projects may request what is not kept for the system") {
  EngineInfo info{.cpus = 4, .memory_bytes = 8 * kGi};
  const auto usual = allocatable(info, {.pids = 1000, .gpus = 2});
  CHECK(usual == schema::Amounts{3900, 8 * kGi - 256 * kMi, 900, 2});
  info.memory_bytes = 512 * kMi;
  CHECK(allocatable(info, {})->memory_bytes == 384 * kMi);
  CHECK(allocatable(info, {.reserved_memory_bytes = 500 * kMi})->memory_bytes == 12 * kMi);
  const auto nothing =
      allocatable(info, {.reserved_cpu_millis = 5000, .reserved_memory_bytes = kGi, .pids = 0});
  CHECK(nothing == schema::Amounts{});
  CHECK_FALSE(allocatable({}, {}));  // an engine that has not answered
}
