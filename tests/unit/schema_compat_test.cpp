// Processes of two versions on one bus: what an earlier version sends is understood, and what it
// does not say has its default.
#include <cstdint>
#include <fstream>
#include <map>
#include <string>

#include "schema/fit.h"
#include "schema/messages.h"
#include "schema/wire.h"
#include "tests/catch_compat.h"

using namespace cara;
using namespace cara::schema;

namespace {

std::string from_base64(const std::string& text) {
  static const std::string kDigits =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string bytes;
  std::uint32_t bits = 0;
  int count = 0;
  for (const char c : text) {
    const std::size_t digit = kDigits.find(c);
    if (digit == std::string::npos) break;
    bits = bits << 6 | static_cast<std::uint32_t>(digit);
    count += 6;
    if (count < 8) continue;
    count -= 8;
    bytes += static_cast<char>(bits >> count & 0xFF);
  }
  return bytes;
}

// By the name of the message.
std::map<std::string, std::string> messages() {
  std::ifstream file(std::string(CARA_SOURCE_DIR) + "/tests/unit/messages_0_1_0.txt");
  std::map<std::string, std::string> all;
  std::string name;
  for (std::string line; std::getline(file, line);) {
    if (line.starts_with("# ")) {
      name = line.substr(2);
    } else if (!name.empty()) {
      all[name] += line;
    }
  }
  for (auto& [key, text] : all) text = from_base64(text);
  return all;
}

template <class Message>
Message sent(const std::string& name) {
  const auto all = messages();
  const auto found = all.find(name);
  if (found == all.end()) FAIL("no message " << name);
  const Result<Message> message = unpack_reply<Message>(found->second);
  if (!message) FAIL(name << ": " << message.error().message);
  return *message;
}

}  // namespace

TEST_CASE("an agent of an earlier version registers and is heard, without limits [E52][F57]") {
  const auto request = sent<RegisterRequest>("RegisterRequest");
  CHECK(request.node == "worker-01");
  CHECK(request.info.cpus > 0);
  CHECK(!request.info.allocatable);
  CHECK(request.machine_id.empty());
  CHECK(request.boot_id.empty());
  CHECK(request.troubles.empty());
  const auto beat = sent<Heartbeat>("Heartbeat");
  CHECK(beat.engine_ready);
  CHECK(beat.troubles.empty());
  CHECK(sent<DesiredRequest>("DesiredRequest").node == "worker-01");

  const Node node = sent<NodeListReply>("NodeListReply").nodes.at(0);
  const Project project = sent<ProjectReply>("ProjectReply").project;
  const Demand demand = demand_of(project.spec);
  CHECK(demand.amounts.memory_bytes > 0);
  CHECK(!misfit({node, Usage{}}, {project, demand}));
}

TEST_CASE("an agent hears an earlier apiserver: the lease and its projects [E52][F57]") {
  const auto reply = sent<RegisterReply>("RegisterReply");
  CHECK(reply.registration > 0);
  CHECK(reply.node_timeout_ms == 4000);
  CHECK(sent<HeartbeatReply>("HeartbeatReply").registered);
  const auto desired = sent<DesiredReply>("DesiredReply");
  CHECK(desired.projects.at(0).name == "shop");
  CHECK(desired.projects.at(0).spec.tolerations.empty());
}

TEST_CASE(
    "a scheduler of an earlier version binds, and one hears an earlier apiserver [E52][F57]") {
  CHECK(sent<BindRequest>("BindRequest").node == "worker-01");
  CHECK(sent<ChangesRequest>("ChangesRequest").since >= 0);
  CHECK(sent<RevisionReply>("RevisionReply").revision > 0);
  const auto changes = sent<ChangesReply>("ChangesReply");
  CHECK(changes.changes.at(0).name == "shop");
  CHECK(changes.claim_ms == 0);  // everything that is Pending is its own
  CHECK(changes.placement == PlacementStrategy::kSpread);
  CHECK(sent<ChangeEvent>("ChangeEvent").name == "shop");
  CHECK(sent<Wake>("Wake").revision > 0);
}
