// Objects that an agent has made and that no agent will remove.
#include "services/agent/strays.h"
#include "tests/catch_compat.h"

using namespace cara;
using namespace cara::agent;

namespace {

const Owner kUs{"worker-01", "cluster-1"};

Labels made_by(const std::string& node, const std::string& cluster) {
  return {{kLabelProject, "p"}, {kLabelNode, node}, {kLabelCluster, cluster}};
}

}  // namespace

TEST_CASE("our own objects are no strays") {
  Observation all;
  all.containers.push_back({.id = "1", .name = "p-a", .labels = made_by("worker-01", "cluster-1")});
  all.volumes.push_back({.name = "v", .labels = made_by("worker-01", "cluster-1"), .content = ""});
  CHECK(describe_strays(all, kUs).empty());
  CHECK(describe_strays({}, kUs).empty());
}

TEST_CASE("another cluster's and another node's objects are counted, the first ones named") {
  Observation all;
  for (const char* name : {"a", "b", "c", "d", "e"}) {
    all.containers.push_back(
        {.id = name, .name = name, .labels = made_by("worker-01", "cluster-2")});
  }
  all.networks.push_back({.id = "n", .name = "net", .labels = made_by("worker-02", "cluster-1")});
  CHECK(describe_strays(all, kUs) ==
        "5 containers (a, b, c, ...), 1 network (net) of another cluster or node name are on this "
        "engine and left alone; remove with docker what nobody needs");
}

TEST_CASE("an object with only some of our labels is a stray") {
  Observation all;
  all.volumes.push_back({.name = "old", .labels = {{kLabelProject, "p"}}, .content = ""});
  CHECK(describe_strays(all, kUs).starts_with("1 volume (old) of"));
}
