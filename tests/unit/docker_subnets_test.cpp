#include "services/agent/docker/subnets.h"
#include "tests/catch_compat.h"

using namespace cara::docker;

namespace {

Subnet subnet(const std::string& text) {
  const auto parsed = parse_subnet(text);
  REQUIRE(parsed);
  return *parsed;
}

std::string pick(const std::string& pool, int prefix, const std::vector<std::string>& taken) {
  std::vector<Subnet> blocks;
  for (const std::string& text : taken) blocks.push_back(subnet(text));
  const auto picked = pick_subnet(*parse_pool(pool, prefix), blocks);
  return picked ? to_string(*picked) : "none";
}

}  // namespace

TEST_CASE("subnets are read and written [E15]") {
  CHECK(subnet("10.1.2.3/24") == Subnet{0x0a010200, 24});
  CHECK(to_string(subnet("10.1.2.3/24")) == "10.1.2.0/24");
  CHECK(to_string(subnet("0.0.0.0/0")) == "0.0.0.0/0");
  CHECK(to_string(subnet("255.255.255.255/32")) == "255.255.255.255/32");
  for (const std::string text : {"", "10.1.2.3", "10.1.2/24", "10.1.2.3/33", "10.1.2.256/24",
                                 "10.1.2.3/", "10.1.2.3/x", "fd00::/64", "10.1.2.3.4/8", " /8"}) {
    INFO(text);
    CHECK_FALSE(parse_subnet(text));
  }
}

TEST_CASE("subnets overlap if one holds the other [E15]") {
  CHECK(overlap(subnet("10.0.0.0/8"), subnet("10.1.2.0/24")));
  CHECK(overlap(subnet("10.1.2.0/24"), subnet("10.0.0.0/8")));
  CHECK(overlap(subnet("10.1.2.0/24"), subnet("10.1.2.0/24")));
  CHECK_FALSE(overlap(subnet("10.1.2.0/24"), subnet("10.1.3.0/24")));
  CHECK(overlap(subnet("0.0.0.0/0"), subnet("255.255.255.0/24")));
}

TEST_CASE("the first free block of a pool is picked [E15]") {
  CHECK(pick("10.200.0.0/13", 24, {}) == "10.200.0.0/24");
  CHECK(pick("10.200.0.0/13", 24, {"10.200.0.0/24", "10.200.1.128/25"}) == "10.200.2.0/24");
  CHECK(pick("10.200.0.0/13", 24, {"10.200.1.0/24", "10.200.0.5/32"}) == "10.200.2.0/24");
  CHECK(pick("10.200.0.0/13", 24, {"10.200.0.0/16"}) == "10.201.0.0/24");
  CHECK(pick("10.200.0.0/13", 24, {"10.200.0.0/14", "192.168.0.0/16"}) == "10.204.0.0/24");
  CHECK(pick("10.1.0.0/24,10.9.0.0/24", 24, {"10.1.0.0/28"}) == "10.9.0.0/24");
  CHECK(pick("10.1.0.0/23", 24, {"10.1.0.0/24", "10.1.1.0/24"}) == "none");
  CHECK(pick("10.200.0.0/13", 24, {"0.0.0.0/1"}) == "none");
  CHECK(pick("255.255.255.0/24", 29, {"255.255.255.0/25"}) == "255.255.255.128/29");
  CHECK(pick("255.255.255.0/24", 29, {"255.255.255.0/24"}) == "none");
}

TEST_CASE("a pool is a list of ranges that have room [E15]") {
  CHECK(to_string(*parse_pool("10.1.0.0/16,10.2.0.0/16", 28)) == "10.1.0.0/16,10.2.0.0/16");
  CHECK(to_string(SubnetPool{}) == kDefaultNetworkPool);
  for (const std::string ranges : {"", "10.1.0.0", "10.1.0.0/16;", "10.1.0.0/25", ","}) {
    INFO(ranges);
    CHECK_FALSE(parse_pool(ranges, 24).ok());
  }
  CHECK_FALSE(parse_pool("10.1.0.0/16", 30).ok());
  CHECK_FALSE(parse_pool("10.1.0.0/16", 0).ok());
}

TEST_CASE("routes are read, but for the default route [E15]") {
  const auto routes = read_routes(
      "Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT\n"
      "eth0\t00000000\t0102A8C0\t0003\t0\t0\t0\t00000000\t0\t0\t0\n"
      "eth0\t0002A8C0\t00000000\t0001\t0\t0\t0\t00FFFFFF\t0\t0\t0\n"
      "tun0\t0000C80A\t00000000\t0001\t0\t0\t0\t0000FEFF\t0\t0\t0\n"
      "garbage\n");
  REQUIRE(routes.size() == 2);
  CHECK(to_string(routes[0]) == "192.168.2.0/24");
  CHECK(to_string(routes[1]) == "10.200.0.0/15");
  CHECK(read_routes("").empty());
}
