// Points in wall time as users write them: RFC 3339, stored in UTC with millisecond resolution.
// Wall time is for people and for `expireAt`; durations between processes use monotonic clocks.
#pragma once

#include <compare>
#include <cstdint>
#include <string>
#include <string_view>

#include "schema/result.h"

namespace cara {

struct Timestamp {
  std::int64_t ms = 0;  // since 1970-01-01T00:00:00Z
  auto operator<=>(const Timestamp&) const = default;
  bool is_set() const { return ms != 0; }
};

// `2025-06-01T12:00:05Z`; `.123` is printed only when it is not zero.
std::string to_string(Timestamp time);

// RFC 3339 with any offset. Refused: a missing zone, single-digit fields, days and hours that do
// not exist, years before 1970 and after 9999. A leap second (`:60`) counts as the next minute.
Result<Timestamp> parse_timestamp(std::string_view text);

// Without the milliseconds, as conditions show it.
inline Timestamp whole_seconds(Timestamp time) { return {time.ms - time.ms % 1000}; }

// `8s`, `5m`, `3h`, `2d`: the age of something, as tables show it.
std::string format_age(std::int64_t elapsed_ms);

// `250ms`, `30s`, `5m`, `2h`, `1d`, `1h30m`; the result in milliseconds. Zero needs no unit.
Result<std::int64_t> parse_duration_ms(std::string_view text);
std::string format_duration_ms(std::int64_t ms);

}  // namespace cara
