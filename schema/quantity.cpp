#include "schema/quantity.h"

#include <array>
#include <charconv>
#include <utility>

namespace cara::schema {
namespace {

std::optional<std::int64_t> parse_whole(std::string_view text, int base = 10) {
  std::int64_t number = 0;
  const char* end = text.data() + text.size();
  const auto [stop, code] = std::from_chars(text.data(), end, number, base);
  if (text.empty() || code != std::errc() || stop != end || number < 0) return std::nullopt;
  return number;
}

// `12` or `1.5`, in thousandths: at most three digits behind the point.
std::optional<std::int64_t> parse_thousandths(std::string_view text) {
  constexpr std::int64_t kMost = 1'000'000'000'000'000;
  const std::size_t point = text.find('.');
  const auto whole = parse_whole(text.substr(0, point));
  if (!whole || *whole > kMost) return std::nullopt;
  if (point == std::string_view::npos) return *whole * 1000;
  std::string_view digits = text.substr(point + 1);
  const auto fraction = parse_whole(digits);
  if (!fraction || digits.size() > 3) return std::nullopt;
  std::int64_t thousandths = *fraction;
  for (std::size_t i = digits.size(); i < 3; ++i) thousandths *= 10;
  return *whole * 1000 + thousandths;
}

std::string tenths(std::int64_t number) {
  const std::string rest = number % 10 == 0 ? "" : "." + std::to_string(number % 10);
  return std::to_string(number / 10) + rest;
}

}  // namespace

std::optional<std::int64_t> parse_cpu(std::string_view text) {
  constexpr std::int64_t kMostMilli = 100'000'000;
  const bool milli = text.ends_with('m');
  if (milli) text.remove_suffix(1);
  const auto thousandths = milli ? parse_whole(text) : parse_thousandths(text);
  if (!thousandths || *thousandths > kMostMilli) return std::nullopt;
  return *thousandths * 1'000'000;
}

std::optional<std::int64_t> parse_memory(std::string_view text) {
  static constexpr std::array<std::pair<std::string_view, std::int64_t>, 8> kUnits{{
      {"Ki", std::int64_t{1} << 10},
      {"Mi", std::int64_t{1} << 20},
      {"Gi", std::int64_t{1} << 30},
      {"Ti", std::int64_t{1} << 40},
      {"k", 1'000},
      {"M", 1'000'000},
      {"G", 1'000'000'000},
      {"T", 1'000'000'000'000},
  }};
  std::int64_t unit = 1;
  for (const auto& [suffix, factor] : kUnits) {
    if (!text.ends_with(suffix)) continue;
    unit = factor;
    text.remove_suffix(suffix.size());
    break;
  }
  const auto thousandths = parse_thousandths(text);
  if (!thousandths) return std::nullopt;
  // In two steps: the product of both may need more than 63 bits.
  constexpr std::int64_t kMostBytes = std::int64_t{1} << 60;
  if (*thousandths / 1000 > kMostBytes / unit) return std::nullopt;
  return *thousandths / 1000 * unit + *thousandths % 1000 * unit / 1000;
}

std::string format_cpu(std::int64_t millis) {
  if (millis % 100 != 0 || millis < 1000) {
    return millis % 1000 == 0 ? std::to_string(millis / 1000) : std::to_string(millis) + "m";
  }
  return tenths(millis / 100);
}

std::string format_memory(std::int64_t bytes) {
  static constexpr std::array<std::pair<const char*, int>, 4> kUnits{
      {{"Ti", 40}, {"Gi", 30}, {"Mi", 20}, {"Ki", 10}}};
  for (const auto& [unit, shift] : kUnits) {
    if (bytes >= std::int64_t{1} << shift) return tenths((bytes >> (shift - 10)) * 10 >> 10) + unit;
  }
  return std::to_string(bytes);
}

std::optional<PortRange> parse_ports(std::string_view text) {
  constexpr std::int64_t kMost = 65535;
  const std::size_t dash = text.find('-');
  const auto first = parse_whole(text.substr(0, dash));
  const auto last = dash == std::string_view::npos ? first : parse_whole(text.substr(dash + 1));
  if (!first || !last || *first < 1 || *last > kMost || *first > *last) return std::nullopt;
  return PortRange{*first, *last};
}

std::optional<std::int64_t> parse_mode(std::string_view text) { return parse_whole(text, 8); }

}  // namespace cara::schema
