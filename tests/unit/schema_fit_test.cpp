// Which node takes which project, and the words for why not.
#include "schema/fit.h"
#include "schema/quantity.h"
#include "tests/catch_compat.h"

using namespace cara;
using namespace cara::schema;

namespace {

Node ready_node(const std::string& name) {
  Node node;
  node.metadata.name = name;
  node.status.state = NodeState::kReady;
  node.status.info.architecture = "x86_64";
  node.status.info.allocatable =
      Amounts{.cpu_millis = 2000, .memory_bytes = std::int64_t{4} << 30, .pids = 1000, .gpus = 1};
  return node;
}

Project project_of(ServiceDef service) {
  Project project;
  service.name = "a";
  project.spec.services.push_back(std::move(service));
  return project;
}

std::string why_not(const Node& node, const Project& project, const Usage& usage = {}) {
  const Demand demand = demand_of(project.spec);
  const auto why = misfit({node, usage}, {project, demand});
  return why ? explain(*why, {node, usage}, {project, demand}) : "";
}

}  // namespace

TEST_CASE("a project asks for its services' requests, and where there are none for their limits") {
  ProjectSpec spec;
  spec.services.resize(3);
  spec.services[0].resources = Resources{.requests = {.cpu = "0.5", .memory = "1Gi", .pids = 10},
                                         .limits = {.cpu = "2", .memory = "2Gi"}};
  spec.services[1].resources = Resources{.limits = {.cpu = "250m", .memory = "1G", .gpus = 2}};
  spec.services[2].ports = {{.port = "80", .host_port = "8080"},
                            {.port = "53", .host_port = "", .protocol = Protocol::kUdp}};
  spec.services[2].platform = "linux/arm64/v8";
  const Demand demand = demand_of(spec);
  CHECK(demand.amounts == Amounts{.cpu_millis = 750,
                                  .memory_bytes = (std::int64_t{1} << 30) + 1'000'000'000,
                                  .pids = 10,
                                  .gpus = 2});
  CHECK(demand.ports == std::vector<HostPorts>{{Protocol::kTcp, "", 8080, 8080}});
  CHECK(demand.architectures == std::vector<std::string>{"arm64"});
}

TEST_CASE("a node that takes nothing new says why [E45]") {
  const Project project = project_of({});
  Node node = ready_node("n1");
  CHECK(why_not(node, project).empty());
  node.spec.unschedulable = true;
  CHECK(why_not(node, project) == "cordoned");
  node.status.state = NodeState::kNotReady;
  CHECK(why_not(node, project) == "NotReady");
  node = ready_node("n1");
  set_condition(node.status.conditions, {.type = kConditionDiskPressure, .reason = "x"});
  CHECK(why_not(node, project) == "short of disk space");
  node.status.conditions = {{.type = kConditionMemoryPressure, .reason = "x"}};
  CHECK(why_not(node, project) == "short of memory");
  node.status.conditions = {{.type = kConditionEngine, .status = "False", .reason = "x"}};
  CHECK(why_not(node, project) == "without a Docker engine that answers");
}

TEST_CASE("what a project asks for must be free, and a node without figures has no limit [E45]") {
  Node node = ready_node("n1");
  const Project project =
      project_of({.resources = Resources{.requests = {.cpu = "1500m", .memory = "3Gi"}}});
  CHECK(why_not(node, project).empty());
  CHECK(why_not(node, project, {.projects = 1, .amounts = {.cpu_millis = 600}}) ==
        "insufficient cpu (needs 1.5, 1.4 is free)");
  CHECK(why_not(node, project, {.projects = 1, .amounts = {.memory_bytes = 3 << 29}}) ==
        "insufficient memory (needs 3Gi, 2.5Gi is free)");
  CHECK(why_not(node, project_of({.resources = Resources{.requests = {.gpus = 2}}})) ==
        "insufficient gpus (needs 2, 1 is free)");
  // Others have asked for more than there is: who asks for nothing is not concerned.
  CHECK(why_not(node, project_of({}), {.projects = 1, .amounts = {.cpu_millis = 9000}}).empty());
  node.status.info.allocatable.reset();
  CHECK(why_not(node, project, {.projects = 1, .amounts = {.cpu_millis = 9000}}).empty());
}

TEST_CASE("host ports collide by number, protocol and address") {
  const Node node = ready_node("n1");
  Usage usage;
  add_to(usage,
         demand_of(
             project_of(
                 {.ports = {{.port = "80-82", .host_port = "8080-8082", .host_ip = "127.0.0.1"}}})
                 .spec));
  const auto wants = [](PortDef port) { return project_of({.ports = {std::move(port)}}); };
  CHECK(why_not(node, wants({.port = "1", .host_port = "8082"}), usage) ==
        "with a host port that is taken (8082)");
  CHECK(why_not(node, wants({.port = "1", .host_port = "8083"}), usage).empty());
  CHECK(why_not(node, wants({.port = "1", .host_port = "8082", .host_ip = "10.0.0.1"}), usage)
            .empty());
  CHECK(why_not(node, wants({.port = "1", .host_port = "8082", .protocol = Protocol::kUdp}), usage)
            .empty());
  CHECK(ports_from_text(to_text(usage.ports)) == usage.ports);
  CHECK(ports_from_text("").empty());
}

TEST_CASE("taints keep projects away that do not tolerate them") {
  Node node = ready_node("n1");
  node.spec.taints = {{.key = "gpu", .value = "a100"},
                      {.key = "old", .effect = TaintEffect::kPreferNoSchedule}};
  Project project = project_of({});
  const std::string tainted = "with a taint that spec.tolerations does not name";
  CHECK(why_not(node, project) == tainted);
  CHECK(unwelcome(node, project.spec) == 1);
  project.spec.tolerations = {{.key = "gpu", .value = "h100"}};
  CHECK(why_not(node, project) == tainted);
  project.spec.tolerations = {{.key = "gpu", .value = "a100"}};
  CHECK(why_not(node, project).empty());
  CHECK(unwelcome(node, project.spec) == 1);
  project.spec.tolerations = {
      {.key = "gpu", .op = TolerationOperator::kExists, .effect = TaintEffect::kPreferNoSchedule}};
  CHECK(why_not(node, project) == tainted);
  project.spec.tolerations = {{.op = TolerationOperator::kExists}};
  CHECK(why_not(node, project).empty());
  CHECK(unwelcome(node, project.spec) == 0);
}

TEST_CASE("images of another architecture, and volumes that are elsewhere [E17] [E50]") {
  Node node = ready_node("n1");
  CHECK(why_not(node, project_of({.platform = "linux/amd64"})).empty());
  CHECK(why_not(node, project_of({.platform = "linux/386"})).empty());
  CHECK(why_not(node, project_of({.platform = "linux/arm64"})) ==
        "of another architecture (spec.services[].platform: arm64)");
  Project project = project_of({});
  project.status.home = "n2";
  CHECK(why_not(node, project).empty());
  project.spec.on_node_loss = OnNodeLoss::kStay;
  CHECK(why_not(node, project) == "without its volumes (they are on node/n2)");
}

TEST_CASE("the reasons of many nodes are counted, with the most that is free [E45]") {
  const Project project = project_of({.resources = Resources{.requests = {.memory = "2Gi"}}});
  const Demand demand = demand_of(project.spec);
  const Wish wish{project, demand};
  Misfits misfits;
  CHECK(misfits.text(wish) == "no node has registered yet");
  const Node first = ready_node("worker-01"), second = ready_node("worker-02");
  misfits.add(Misfit::kMemory, {first, {.amounts = {.memory_bytes = std::int64_t{4} << 30}}});
  misfits.add(Misfit::kMemory, {second, {.amounts = {.memory_bytes = 3'000'000'000}}});
  misfits.add(Misfit::kMemory, {first, {.amounts = {.memory_bytes = 3'500'000'000}}});
  misfits.add(Misfit::kCordoned, {first, {}});
  misfits.add(Misfit::kNotReady, {first, {}});
  CHECK(misfits.text(wish) ==
        "0/5 nodes fit: 3 insufficient memory (needs 2Gi, most free 1.2Gi on worker-02), "
        "1 cordoned, 1 NotReady");
}

TEST_CASE("amounts for people") {
  CHECK(format_memory(0) == "0");
  CHECK(format_memory(1023) == "1023");
  CHECK(format_memory(256 << 20) == "256Mi");
  CHECK(format_memory((std::int64_t{3} << 30) + (200 << 20)) == "3.1Gi");
  CHECK(format_cpu(0) == "0");
  CHECK(format_cpu(500) == "500m");
  CHECK(format_cpu(2000) == "2");
  CHECK(format_cpu(1500) == "1.5");
  CHECK(format_cpu(1510) == "1510m");
}
