// Subnets as a real engine hands them out and refuses them.
#include <set>
#include <string>

#include "tests/contract/docker_harness.h"

using namespace cara;
using namespace cara::agent;
using namespace cara::contract;

TEST_CASE("more networks than Docker's own pool has fit on a node [E15]") {
  constexpr std::size_t kMany = 40;
  Project project("many");
  for (std::size_t i = 0; i < kMany; ++i) project.network("cara-many-" + std::to_string(i));
  const auto networks = project.observe().networks;
  REQUIRE(networks.size() == kMany);
  const auto pool = docker::parse_subnet(docker::kDefaultNetworkPool);
  std::set<std::string> subnets;
  for (const NetworkInfo& network : networks) {
    const auto subnet = docker::parse_subnet(network.subnet);
    REQUIRE(subnet);
    CHECK(subnet->prefix == docker::kDefaultNetworkPrefix);
    CHECK(docker::overlap(*subnet, *pool));
    subnets.insert(network.subnet);
  }
  CHECK(subnets.size() == kMany);
  for (const NetworkInfo& network : networks) project.run(RemoveNetwork{network.id});
  CHECK(project.observe().networks.empty());
}

TEST_CASE("a subnet that a stranger's network or a route of the host has is not picked [E15]") {
  Project project("pick");
  docker_harness().dockerd().docker("network create --subnet 10.190.1.0/25 stranger");
  docker::DockerEngine engine(
      {.endpoint = docker_harness().endpoint(),
       .network_pool = *docker::parse_pool("10.190.0.0/22", 24),
       .routes = [] { return std::vector{*docker::parse_subnet("10.190.0.0/24")}; }});
  const auto create = [&](const std::string& name) {
    return engine.execute(CreateNetwork{name, project.labels()});
  };
  CHECK(create("cara-pick-a").ok());
  CHECK(create("cara-pick-b").ok());
  const auto networks = project.observe().networks;
  const auto full = create("cara-pick-c");
  docker_harness().dockerd().docker("network rm stranger");
  REQUIRE(networks.size() == 2);
  CHECK(networks[0].subnet == "10.190.2.0/24");
  CHECK(networks[1].subnet == "10.190.3.0/24");
  REQUIRE_FALSE(full.ok());
  CHECK(full.error().code == Code::kInvalid);
  CHECK(full.error().message ==
        "create network cara-pick-c: no free /24 is left in the pool 10.190.0.0/22: the node's "
        "routes and networks cover it; see --network-pool");
  CHECK(create("cara-pick-c").ok());
}

TEST_CASE("an internal network has no way out [E15]") {
  Project project("inner");
  project.run(CreateNetwork{"cara-inner", project.labels(), true});
  CHECK(docker_harness().dockerd().docker("network inspect -f {{.Internal}} cara-inner") ==
        "true\n");
}
