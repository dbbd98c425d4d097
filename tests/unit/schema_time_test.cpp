#include "schema/time.h"
#include "tests/catch_compat.h"

using namespace cara;

TEST_CASE("RFC 3339 times are read with any offset [S18]") {
  CHECK(parse_timestamp("1970-01-01T00:00:00Z")->ms == 0);
  CHECK(parse_timestamp("2025-12-31T23:59:59Z")->ms == 1767225599000);
  CHECK(parse_timestamp("2026-01-01T01:59:59+02:00")->ms == 1767225599000);
  CHECK(parse_timestamp("2025-12-31T18:29:59-05:30")->ms == 1767225599000);
  CHECK(parse_timestamp("2025-12-31T23:59:59.25Z")->ms == 1767225599250);
  CHECK(parse_timestamp("2024-02-29T00:00:00z")->ms == 1709164800000);
}

TEST_CASE("times that are not RFC 3339 are refused with a hint [S18]") {
  for (const char* text :
       {"", "2025-1-1T1:1:1Z", "2025-02-30T00:00:00Z", "2023-02-29T00:00:00Z",
        "2025-12-31T23:59:59", "2025-12-31T24:00:00Z", "2025-12-31T23:60:00Z", "2025-12-31",
        "2025-13-01T00:00:00Z", "2025-12-31T23:59:59+0200", "2025-12-31T23:59:59.Z",
        "2025-12-31T23:59:59Zx", "tomorrow", "1969-12-31T23:59:59Z", "2025-12-31T23:59:59+24:00"}) {
    INFO(text);
    const auto time = parse_timestamp(text);
    REQUIRE(!time.ok());
    CHECK(time.error().message.find("2025-12-31T23:59:59Z") != std::string::npos);
  }
}

TEST_CASE("a printed time reads back as itself") {
  for (const char* text : {"2025-06-01T12:00:05Z", "2024-02-29T23:59:59.007Z"}) {
    CHECK(to_string(*parse_timestamp(text)) == text);
  }
}

TEST_CASE("ages are one number and one unit [S39]") {
  CHECK(format_age(8'000) == "8s");
  CHECK(format_age(-5) == "0s");
  CHECK(format_age(119'999) == "119s");
  CHECK(format_age(5 * 60'000) == "5m");
  CHECK(format_age(3 * 3'600'000) == "3h");
  CHECK(format_age(2 * 86'400'000) == "2d");
}

TEST_CASE("durations are read and printed") {
  CHECK(*parse_duration_ms("500ms") == 500);
  CHECK(*parse_duration_ms("30s") == 30'000);
  CHECK(*parse_duration_ms("1h30m") == 5'400'000);
  CHECK(*parse_duration_ms("2d") == 172'800'000);
  CHECK(*parse_duration_ms("0") == 0);
  CHECK(format_duration_ms(5'400'000) == "1h30m");
  CHECK(format_duration_ms(0) == "0s");
  for (const char* text : {"", "30", "s", "-5s", "5 s", "5x", "99999999999999999999s",
                           "9223372036854775807d", "1.5s"}) {
    INFO(text);
    CHECK(!parse_duration_ms(text).ok());
  }
}
