// The agent without its control plane: what it keeps on disk, and what it starts from that.
#include <set>

#include "tests/unit/agent_world.h"

using namespace cara;
using namespace std::chrono_literals;
using agent::ContainerState;
using schema::OnNodeLoss;
using schema::Phase;
using test::AgentWorld;

namespace {

schema::DesiredProject project(const std::string& name,
                               std::optional<OnNodeLoss> on_node_loss = std::nullopt) {
  auto made = test::desired_project(
      name, {{.name = "app", .image = "web:1", .env = {{"PASSWORD", "geheim"}}}});
  made.spec.on_node_loss = on_node_loss;
  return made;
}

// The host is switched off and on; the agent starts, and nobody answers.
void reboot_offline(AgentWorld& world) {
  world.api_answers = false;
  world.engine.reboot();
  world.start();
}

std::set<std::string> running(AgentWorld& world) {
  std::set<std::string> names;
  for (const auto& container : world.objects().containers) {
    if (container.state == ContainerState::kRunning) names.insert(container.name);
  }
  return names;
}

}  // namespace

TEST_CASE("after a reboot without the control plane a node runs what it had [F40]") {
  AgentWorld world;
  world.start();
  world.want(project("moves", OnNodeLoss::kMove));
  world.want(project("stays", OnNodeLoss::kStay));
  world.want(project("old"));  // of an apiserver that knew no onNodeLoss
  const auto before = world.objects();
  reboot_offline(world);
  REQUIRE(running(world).empty());
  world.advance(9s);
  CHECK(running(world).empty());
  world.advance(2s);
  CHECK(running(world) == std::set<std::string>{"moves-app", "old-app", "stays-app"});
  CHECK(world.noted("going on from the cached desired set"));
  world.advance(120s);
  CHECK(std::count_if(world.notes.begin(), world.notes.end(), [](const std::string& text) {
          return text.find("cached") != std::string::npos;
        }) == 1);
  REQUIRE(world.objects().containers.size() == before.containers.size());
  for (std::size_t i = 0; i < before.containers.size(); ++i) {
    CHECK(world.objects().containers[i].id == before.containers[i].id);
  }
}

TEST_CASE("when the control plane is back after an offline start, nothing is done twice") {
  AgentWorld world;
  world.start();
  world.want(project("p"));
  reboot_offline(world);
  world.advance(30s);
  const auto before = world.objects();
  world.done.clear();
  world.api_answers = true;
  world.advance(60s);
  CHECK(world.objects() == before);
  CHECK(world.done.empty());
  CHECK(world.last_report("p").phase == Phase::kRunning);
}

TEST_CASE("a project that may not run twice is not started without a lease [I16][F40]") {
  AgentWorld world;
  world.start();
  world.want(project("once", OnNodeLoss::kMoveExclusive));
  REQUIRE(running(world).size() == 1);
  reboot_offline(world);
  world.advance(300s);
  CHECK(running(world).empty());
  CHECK(world.objects().containers.size() == 1);
  world.api_answers = true;
  world.advance(6s);
  CHECK(running(world).size() == 1);
}

TEST_CASE("an offline start removes nothing but what it knows to be ending [design 6.8]") {
  AgentWorld world;
  world.start();
  world.want(project("ends"));
  world.want(project("kept"));
  world.engine_holds = true;
  world.terminate("ends");  // and the host goes down before anything is removed
  const std::string cache = world.kept;
  world.engine_holds = false;
  world.start();
  world.want(project("ends"));
  world.want(project("unknown"));  // it comes after what is on disk
  world.kept = cache;
  world.api_answers = false;
  world.start();
  world.advance(60s);
  CHECK(running(world) == std::set<std::string>{"kept-app", "unknown-app"});
}

TEST_CASE("what moved away while a node was offline goes when the control plane is back") {
  AgentWorld world;
  world.start();
  world.want(project("away"));
  world.want(project("stays"));
  world.want(project("unknown"));
  const std::string cache = world.kept;
  reboot_offline(world);
  world.advance(30s);
  REQUIRE(running(world).size() == 3);
  ++world.revision;
  world.desired.erase("away");
  world.desired.erase("unknown");
  world.done.clear();
  world.api_answers = true;
  world.advance(7s);
  CHECK(running(world) == std::set<std::string>{"stays-app"});
  CHECK(world.objects().networks.size() == 1);
  CHECK(world.count<agent::StartContainer>() == 0);
  CHECK(world.count<agent::CreateContainer>() == 0);
}

TEST_CASE("objects that neither the cache nor the newest set has are removed on contact") {
  AgentWorld world;
  world.start();
  world.want(project("p"));
  const std::string cache = world.kept;
  world.want(project("later"));
  world.kept = cache;
  reboot_offline(world);
  world.advance(30s);
  CHECK(running(world) == std::set<std::string>{"p-app"});
  REQUIRE(world.objects().containers.size() == 2);
  world.desired.erase("later");
  ++world.revision;
  world.api_answers = true;
  world.advance(7s);
  CHECK(world.objects().containers.size() == 1);
}

TEST_CASE("a later assignment on the engine than in the cache is left as it is [I17]") {
  AgentWorld world;
  world.start();
  auto p = project("p");
  world.want(p);
  const std::string cache = world.kept;
  p.assignment = 2;
  world.want(p);
  const auto before = world.objects();
  world.kept = cache;
  world.api_answers = false;
  world.start();
  world.advance(60s);
  CHECK(world.objects() == before);
  CHECK(world.noted("is not the one that is cached"));
}

TEST_CASE("a cache of another cluster than the engine's objects is not used") {
  AgentWorld world;
  world.start();
  world.want(project("p"));
  const std::string cache = world.kept;
  AgentWorld other;
  other.cluster = "cluster-2";
  other.start();
  other.want(project("q"));
  const auto before = other.objects();
  other.kept = cache;
  other.api_answers = false;
  other.start();
  other.advance(60s);
  CHECK(other.objects() == before);
  CHECK(other.noted("the cached desired set is of cluster cluster-1"));
  other.api_answers = true;
  other.advance(10s);
  CHECK(other.objects() == before);
}

TEST_CASE("without a cache an agent that starts alone touches nothing and says so") {
  AgentWorld world;
  world.start();
  world.want(project("p"));
  world.kept.clear();
  reboot_offline(world);
  world.advance(60s);
  CHECK(running(world).empty());
  CHECK(world.objects().containers.size() == 1);
  CHECK(world.noted("no desired set of its cluster is cached"));
  world.api_answers = true;
  world.advance(10s);
  CHECK(running(world).size() == 1);
}

TEST_CASE("a node that is cut off keeps serving, whatever its containers do") {
  AgentWorld world;
  world.start();
  world.want(project("p"));
  world.api_answers = false;
  world.advance(120s);
  world.engine.kill(world.objects().containers.at(0).id, 1);
  world.advance(30s);
  CHECK(running(world).size() == 1);
}

TEST_CASE("each set that differs is written, and a set that does not is not") {
  AgentWorld world;
  world.start();
  world.want(project("p"));
  world.advance(60s);
  const auto writes = world.writes;
  world.advance(300s);
  CHECK(world.writes == writes);
  auto p = project("p");
  ++p.generation;
  world.want(p);
  CHECK(world.writes > writes);
  const auto cache = agent::decode_cache(world.kept, AgentWorld::kNode);
  REQUIRE(cache.ok());
  CHECK(cache->cluster == "cluster-1");
  CHECK(cache->registration == world.registration);
  CHECK(cache->projects.at("p").generation == 2);
  CHECK(cache->projects.at("p").spec == p.spec);
}

TEST_CASE("a full disk is said once, and the set is written when there is room again") {
  AgentWorld world;
  world.disk_is_full = true;
  world.start();
  world.want(project("p"));
  world.advance(120s);
  CHECK(running(world).size() == 1);
  CHECK(world.kept.empty());
  CHECK(std::count_if(world.notes.begin(), world.notes.end(), [](const std::string& text) {
          return text.find("no space left") != std::string::npos;
        }) == 1);
  world.disk_is_full = false;
  world.advance(31s);
  CHECK(agent::decode_cache(world.kept, AgentWorld::kNode).ok());
}

TEST_CASE("a cache that is damaged, foreign or of another format is refused in words") {
  AgentWorld world;
  world.start();
  world.want(project("p"));
  const auto refusal = [](const std::string& bytes, const std::string& node) {
    const auto cache = agent::decode_cache(bytes, node);
    return cache.ok() ? std::string("taken") : cache.error().message;
  };
  const std::string whole = world.kept;
  REQUIRE(refusal(whole, AgentWorld::kNode) == "taken");
  CHECK(refusal(whole, "worker-02").find("it is of node worker-01") != std::string::npos);
  for (std::size_t length = 0; length < whole.size(); ++length) {
    CHECK(refusal(whole.substr(0, length), AgentWorld::kNode) != "taken");
  }
  for (std::size_t at = 0; at < whole.size(); ++at) {
    std::string damaged = whole;
    damaged[at] = static_cast<char>(damaged[at] ^ 0x04);
    INFO("byte " << at);
    CHECK(refusal(damaged, AgentWorld::kNode) != "taken");
  }
  std::string newer = whole;
  const auto format = newer.find("format");
  newer[format + 6] = 2;
  CHECK(refusal(newer, AgentWorld::kNode).find("another format") != std::string::npos);
  CHECK(refusal("\x80", AgentWorld::kNode).find("another format") != std::string::npos);
}
