#include "services/agent/docker/subnets.h"

#include <algorithm>
#include <array>
#include <bit>
#include <charconv>
#include <fstream>
#include <sstream>

#include "schema/formats.h"

namespace cara::docker {

namespace {

constexpr int kBits = 32;
constexpr int kLongestNetworkPrefix = 29;  // a bridge, and room for five containers
constexpr std::uint64_t kAll = std::uint64_t{1} << kBits;

std::uint64_t size_of(int prefix) { return std::uint64_t{1} << (kBits - prefix); }
std::uint64_t end_of(const Subnet& subnet) { return subnet.address + size_of(subnet.prefix); }
std::uint32_t mask_of(int prefix) { return static_cast<std::uint32_t>(kAll - size_of(prefix)); }

template <class Number>
std::optional<Number> read_number(std::string_view text, int base = 10) {
  Number number{};
  const auto read = std::from_chars(text.data(), text.data() + text.size(), number, base);
  if (text.empty() || read.ec != std::errc() || read.ptr != text.data() + text.size()) {
    return std::nullopt;
  }
  return number;
}

std::optional<std::uint32_t> read_address(std::string_view text) {
  std::uint32_t address = 0;
  for (int part = 0; part < 4; ++part) {
    const auto dot = part < 3 ? text.find('.') : text.size();
    if (dot == std::string_view::npos) return std::nullopt;
    const auto byte = read_number<std::uint8_t>(text.substr(0, dot));
    if (!byte) return std::nullopt;
    address = address << 8 | *byte;
    text.remove_prefix(std::min(dot + 1, text.size()));
  }
  return address;
}

}  // namespace

std::optional<Subnet> parse_subnet(std::string_view text) {
  const auto slash = text.find('/');
  if (slash == std::string_view::npos) return std::nullopt;
  const auto address = read_address(text.substr(0, slash));
  const auto prefix = read_number<std::uint8_t>(text.substr(slash + 1));
  if (!address || !prefix || *prefix > kBits) return std::nullopt;
  return Subnet{*address & mask_of(*prefix), *prefix};
}

std::string to_string(const Subnet& subnet) {
  std::string text;
  for (int shift = 24; shift >= 0; shift -= 8) {
    text += std::to_string(subnet.address >> shift & 0xff) + (shift > 0 ? "." : "/");
  }
  return text + std::to_string(subnet.prefix);
}

bool overlap(const Subnet& a, const Subnet& b) {
  return a.address < end_of(b) && b.address < end_of(a);
}

Result<SubnetPool> parse_pool(const std::string& ranges, std::int64_t prefix) {
  SubnetPool pool{.ranges = {}};
  if (prefix < 1 || prefix > kLongestNetworkPrefix) {
    return invalid("a network's prefix must be from 1 to " + std::to_string(kLongestNetworkPrefix));
  }
  pool.prefix = static_cast<int>(prefix);
  std::istringstream items(ranges);
  for (std::string item; std::getline(items, item, ',');) {
    const auto range = parse_subnet(item);
    if (!range)
      return invalid("`" + schema::printable(item) + "` is no IPv4 range like 10.1.0.0/16");
    if (range->prefix > pool.prefix) {
      return invalid("the range " + item + " has no room for a /" + std::to_string(prefix));
    }
    pool.ranges.push_back(*range);
  }
  if (pool.ranges.empty()) return invalid("a pool needs at least one range");
  return pool;
}

std::string to_string(const SubnetPool& pool) {
  std::string text;
  for (const Subnet& range : pool.ranges) text += (text.empty() ? "" : ",") + to_string(range);
  return text;
}

std::optional<Subnet> pick_subnet(const SubnetPool& pool, const std::vector<Subnet>& taken) {
  const std::uint64_t step = size_of(pool.prefix);
  for (const Subnet& range : pool.ranges) {
    std::uint64_t next = range.address;
    while (next + step <= end_of(range)) {
      const Subnet candidate{static_cast<std::uint32_t>(next), pool.prefix};
      const auto other = std::find_if(taken.begin(), taken.end(),
                                      [&](const Subnet& each) { return overlap(candidate, each); });
      if (other == taken.end()) return candidate;
      // Behind what is taken, on the next boundary.
      next = std::max(next + step, (end_of(*other) + step - 1) / step * step);
    }
  }
  return std::nullopt;
}

std::vector<Subnet> read_routes(std::string_view proc_net_route) {
  // Iface Destination Gateway Flags RefCnt Use Metric Mask MTU Window IRTT; addresses are hex in
  // the network's byte order, read as a number of the host's.
  constexpr std::size_t kDestination = 1;
  constexpr std::size_t kMask = 7;
  std::vector<Subnet> routes;
  std::istringstream lines{std::string(proc_net_route)};
  for (std::string line; std::getline(lines, line);) {
    std::istringstream words(line);
    std::array<std::string, kMask + 1> word;
    for (std::string& each : word) words >> each;
    auto address = read_number<std::uint32_t>(word[kDestination], 16);
    auto mask = read_number<std::uint32_t>(word[kMask], 16);
    if (!address || !mask || *mask == 0) continue;  // the heading; the default route
    if constexpr (std::endian::native == std::endian::little) {
      address = __builtin_bswap32(*address);
      mask = __builtin_bswap32(*mask);
    }
    routes.push_back({*address & *mask, std::popcount(*mask)});
  }
  return routes;
}

std::vector<Subnet> host_routes() {
  std::ifstream file("/proc/net/route");
  std::ostringstream text;
  text << file.rdbuf();
  return read_routes(text.str());
}

}  // namespace cara::docker
