#include "services/agent/pressure.h"

#include <algorithm>
#include <charconv>
#include <utility>

#include "schema/formats.h"
#include "schema/quantity.h"

namespace cara::agent {
namespace {

constexpr std::int64_t kMostPercent = 90;

// Divides first: no total is too large.
std::int64_t part_of(std::int64_t total, std::int64_t percent) {
  return total / 100 * percent + total % 100 * percent / 100;
}

}  // namespace

Result<LeastFree> parse_least_free(std::string_view text) {
  const Error wrong = invalid("`" + schema::printable(text) +
                              "` is neither a part of the whole like 10% (at most 90%) nor an "
                              "amount like 100Mi; 0 is: never");
  if (!text.ends_with('%')) {
    const auto bytes = schema::parse_memory(text);
    if (!bytes || *bytes < 0) return wrong;
    return LeastFree{.bytes = *bytes};
  }
  text.remove_suffix(1);
  std::int64_t percent = 0;
  const auto read = std::from_chars(text.data(), text.data() + text.size(), percent);
  const bool whole = read.ec == std::errc() && read.ptr == text.data() + text.size();
  if (!whole || percent < 0 || percent > kMostPercent) return wrong;
  return LeastFree{.percent = percent};
}

bool PressureGauge::read(std::optional<std::int64_t> free, std::int64_t total) {
  free_ = free.value_or(0);
  total_ = std::max(total, free_);
  const std::int64_t least = std::max(least_.bytes, part_of(total_, least_.percent));
  over_at_ = least + (least + 4) / 5;
  const bool high = free && free_ < (high_ ? over_at_ : least);
  return std::exchange(high_, high) != high;
}

schema::NodeTrouble PressureGauge::trouble() const {
  std::string text = schema::format_memory(free_);
  if (total_ > 0) {
    const auto percent =
        static_cast<std::int64_t>(100.0 * static_cast<double>(free_) / static_cast<double>(total_));
    text += " of " + schema::format_memory(total_) + " free (" + std::to_string(percent) + "%)";
  } else {
    text += " free";
  }
  return {type_, text + "; the pressure is over at " + schema::format_memory(over_at_)};
}

}  // namespace cara::agent
