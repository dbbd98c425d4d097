#include "tests/contract/harness.h"

#include <utility>

namespace cara::contract {

Project::Project(std::string name)
    : labels_{{agent::kLabelProject, std::move(name)},
              {agent::kLabelNode, kNode},
              {agent::kLabelUid, "u1"}} {}

Project::~Project() {
  const auto seen = harness().engine().execute(agent::Observe{labels_});
  if (!seen.ok()) return;
  for (const auto& container : seen->observation.containers) {
    (void)harness().engine().execute(agent::RemoveContainer{container.id});
  }
  for (const auto& network : seen->observation.networks) {
    (void)harness().engine().execute(agent::RemoveNetwork{network.id});
  }
  for (const auto& volume : seen->observation.volumes) {
    (void)harness().engine().execute(agent::RemoveVolume{volume.name});
  }
}

agent::EngineReply Project::run(const agent::EngineOp& op) {
  auto reply = harness().engine().execute(op);
  INFO((reply.ok() ? "" : reply.error().message));
  REQUIRE(reply.ok());
  return std::move(*reply);
}

Error Project::refused(const agent::EngineOp& op) {
  const auto reply = harness().engine().execute(op);
  REQUIRE_FALSE(reply.ok());
  INFO(reply.error().message);
  // One sentence that can stand in a condition.
  CHECK_FALSE(reply.error().message.empty());
  CHECK(reply.error().message.find('\n') == std::string::npos);
  return reply.error();
}

std::string Project::network(const std::string& name) {
  return run(agent::CreateNetwork{name, labels_}).id;
}

agent::ContainerSpec Project::spec(const std::string& name, const std::string& image) const {
  agent::ContainerSpec spec{.name = name, .labels = labels_};
  spec.service.image = image;
  return spec;
}

std::string Project::create(const std::string& name, const std::string& image) {
  return run(agent::CreateContainer{spec(name, image)}).id;
}

std::string Project::start(const std::string& name, const std::string& image) {
  const std::string id = create(name, image);
  run(agent::StartContainer{id});
  return id;
}

agent::Observation Project::observe() { return run(agent::Observe{labels_}).observation; }

agent::ContainerInfo Project::container(const std::string& name) {
  for (const auto& container : observe().containers) {
    if (container.name == name) return container;
  }
  FAIL("no container " << name);
  return {};
}

void Project::wait_for(const std::string& name, agent::ContainerState state) {
  REQUIRE(harness().wait_until([&] { return container(name).state == state; }));
}

void Project::wait_for(const std::string& name, agent::Health health) {
  REQUIRE(harness().wait_until([&] { return container(name).health == health; }));
}

}  // namespace cara::contract
