#include "schema/time.h"

#include <array>
#include <charconv>
#include <chrono>

#include "schema/formats.h"

namespace cara {
namespace {

constexpr std::int64_t kDayMs = 86'400'000;

// The number made of exactly `width` digits at `at`, or -1.
int digits(std::string_view text, std::size_t at, std::size_t width) {
  if (at + width > text.size()) return -1;
  int value = 0;
  for (std::size_t i = at; i < at + width; ++i) {
    if (text[i] < '0' || text[i] > '9') return -1;
    value = value * 10 + (text[i] - '0');
  }
  return value;
}

Error bad_timestamp(std::string_view text, std::string_view why) {
  return invalid("`" + schema::printable(text) + "` is no RFC 3339 time: " + std::string(why) +
                 "; write it like 2025-12-31T23:59:59Z");
}

std::string padded(std::int64_t value, std::size_t width) {
  std::string text = std::to_string(value);
  return text.size() < width ? std::string(width - text.size(), '0') + text : text;
}

struct Unit {
  std::string_view name;
  std::int64_t ms;
};
constexpr std::array<Unit, 5> kUnits{
    {{"d", kDayMs}, {"h", 3'600'000}, {"m", 60'000}, {"s", 1'000}, {"ms", 1}}};

}  // namespace

std::string to_string(Timestamp time) {
  using namespace std::chrono;
  const sys_time<milliseconds> point{milliseconds(time.ms)};
  const auto day = floor<days>(point);
  const year_month_day date{day};
  const hh_mm_ss clock{point - day};
  std::string text = padded(static_cast<int>(date.year()), 4) + "-" +
                     padded(static_cast<unsigned>(date.month()), 2) + "-" +
                     padded(static_cast<unsigned>(date.day()), 2) + "T" +
                     padded(clock.hours().count(), 2) + ":" + padded(clock.minutes().count(), 2) +
                     ":" + padded(clock.seconds().count(), 2);
  if (clock.subseconds().count() != 0) text += "." + padded(clock.subseconds().count(), 3);
  return text + "Z";
}

Result<Timestamp> parse_timestamp(std::string_view text) {
  using namespace std::chrono;
  const int y = digits(text, 0, 4), mo = digits(text, 5, 2), d = digits(text, 8, 2);
  const int h = digits(text, 11, 2), mi = digits(text, 14, 2), s = digits(text, 17, 2);
  if (y < 0 || mo < 0 || d < 0 || h < 0 || mi < 0 || s < 0 || text[4] != '-' || text[7] != '-' ||
      (text[10] != 'T' && text[10] != 't' && text[10] != ' ') || text[13] != ':' ||
      text[16] != ':') {
    return bad_timestamp(text, "the shape is wrong");
  }
  const year_month_day date{year(y), month(static_cast<unsigned>(mo)),
                            day(static_cast<unsigned>(d))};
  if (!date.ok()) return bad_timestamp(text, "there is no such day");
  if (y < 1970) return bad_timestamp(text, "years before 1970 are not supported");
  if (h > 23 || mi > 59 || s > 60) return bad_timestamp(text, "there is no such time of day");

  std::size_t at = 19;
  std::int64_t ms = 0;
  if (at < text.size() && text[at] == '.') {
    const std::size_t start = ++at;
    for (std::int64_t unit = 100; at < text.size() && digits(text, at, 1) >= 0; ++at, unit /= 10) {
      ms += unit * digits(text, at, 1);
    }
    if (at == start) return bad_timestamp(text, "no digits behind the point");
  }

  const std::string_view zone = text.substr(at);
  std::int64_t offset_minutes = 0;
  if (zone != "Z" && zone != "z") {
    const int zh = digits(zone, 1, 2), zm = digits(zone, 4, 2);
    if (zone.empty()) return bad_timestamp(text, "the time zone is missing");
    if (zone.size() != 6 || (zone[0] != '+' && zone[0] != '-') || zone[3] != ':' || zh < 0 ||
        zh > 23 || zm < 0 || zm > 59) {
      return bad_timestamp(text, "the time zone is neither Z nor an offset like +02:00");
    }
    offset_minutes = (zone[0] == '-' ? -1 : 1) * (zh * 60 + zm);
  }
  const std::int64_t day_ms = sys_days(date).time_since_epoch().count() * kDayMs;
  return Timestamp{day_ms + ((h * 60 + mi - offset_minutes) * 60 + s) * 1000 + ms};
}

std::string format_age(std::int64_t elapsed_ms) {
  const std::int64_t seconds = elapsed_ms < 0 ? 0 : elapsed_ms / 1000;
  if (seconds < 120) return std::to_string(seconds) + "s";
  if (seconds < 2 * 3600) return std::to_string(seconds / 60) + "m";
  if (seconds < 2 * 86'400) return std::to_string(seconds / 3600) + "h";
  return std::to_string(seconds / 86'400) + "d";
}

Result<std::int64_t> parse_duration_ms(std::string_view text) {
  const Error wrong = invalid("`" + schema::printable(text) +
                              "` is no duration; write it like 500ms, 30s, 5m, 1h30m or 2d");
  if (text == "0") return std::int64_t{0};
  std::int64_t total = 0;
  std::string_view rest = text;
  if (rest.empty()) return wrong;
  while (!rest.empty()) {
    std::int64_t count = 0;
    const auto [end, code] = std::from_chars(rest.data(), rest.data() + rest.size(), count);
    if (code != std::errc() || count < 0) return wrong;
    rest.remove_prefix(static_cast<std::size_t>(end - rest.data()));
    const std::string_view name = rest.substr(0, rest.find_first_of("0123456789"));
    const Unit* unit = nullptr;
    for (const Unit& candidate : kUnits) {
      if (candidate.name == name) unit = &candidate;
    }
    std::int64_t part = 0;
    if (unit == nullptr || __builtin_mul_overflow(count, unit->ms, &part) ||
        __builtin_add_overflow(total, part, &total)) {
      return wrong;
    }
    rest.remove_prefix(name.size());
  }
  return total;
}

std::string format_duration_ms(std::int64_t ms) {
  std::string text;
  for (const Unit& unit : kUnits) {
    if (ms < unit.ms) continue;
    text += std::to_string(ms / unit.ms) + std::string(unit.name);
    ms %= unit.ms;
  }
  return text.empty() ? "0s" : text;
}

}  // namespace cara
