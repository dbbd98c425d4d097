// Subnets for projects' networks: Docker's own pool ends after 31 networks, and it does not look
// at the host's routes. IPv4 only.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "schema/result.h"

namespace cara::docker {

struct Subnet {
  std::uint32_t address = 0;  // the first one, most significant byte first
  int prefix = 32;
  bool operator==(const Subnet&) const = default;
};

// `10.1.2.0/24`; bits behind the prefix are cleared. nullopt: not IPv4 or no such thing.
std::optional<Subnet> parse_subnet(std::string_view text);
std::string to_string(const Subnet& subnet);
bool overlap(const Subnet& a, const Subnet& b);

inline constexpr const char* kDefaultNetworkPool = "10.200.0.0/13";
inline constexpr int kDefaultNetworkPrefix = 24;

// Where the engine takes subnets from.
struct SubnetPool {
  std::vector<Subnet> ranges{*parse_subnet(kDefaultNetworkPool)};
  int prefix = kDefaultNetworkPrefix;  // of each network
};
// `CIDR[,CIDR...]` and the prefix of the networks in it.
Result<SubnetPool> parse_pool(const std::string& ranges, std::int64_t prefix);
std::string to_string(const SubnetPool& pool);

// The first one of the pool that overlaps none of `taken`; nullopt: there is none.
std::optional<Subnet> pick_subnet(const SubnetPool& pool, const std::vector<Subnet>& taken);

// What the host has routes to, but for the default route. The text is /proc/net/route's (proc(5)).
std::vector<Subnet> read_routes(std::string_view proc_net_route);
std::vector<Subnet> host_routes();

}  // namespace cara::docker
