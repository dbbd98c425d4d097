// IngressWorld: an AgentWorld whose node has a router.
#pragma once

#include <string>
#include <vector>

#include "tests/unit/agent_story.h"

namespace cara::test {

inline const sim::ModelIngress::Key kShop{"shop.example", "/"};

struct IngressWorld : AgentWorld {
  IngressWorld() {
    listens = schema::NodeIngress{.address = "100.64.0.7:80", .port = 80};
    engine.add_image("sick:1", {.health = agent::Health::kUnhealthy, .health_after_ms = 100});
    engine.add_image("crash:1", {.exits_after_ms = 10, .exit_code = 1});
    before_engine_op = [this](const agent::EngineOp& op) {
      if (const auto* stop = std::get_if<agent::StopContainer>(&op)) note_routes_to(stop->id);
    };
  }

  void note_routes_to(const std::string& id) {
    for (const auto& each : objects().containers) {
      if (each.id != id || each.state != agent::ContainerState::kRunning) continue;
      for (const auto& [key, to] : ingress.routes) {
        if (to.address.starts_with(each.address + ":")) stopped_with_routes.push_back(each.name);
      }
    }
  }

  const agent::Route& route(const sim::ModelIngress::Key& key = kShop) {
    const auto found = ingress.routes.find(key);
    if (found == ingress.routes.end()) FAIL("no route for " << key.host << key.path);
    return found->second;
  }
  std::string address(const std::string& name) { return container(*this, name).address + ":80"; }

  std::vector<std::string> stopped_with_routes;  // containers
};

inline schema::DesiredProject shop(std::vector<schema::ServiceDef> services = {web("app")}) {
  auto project = desired_project("shop", std::move(services));
  project.spec.ingress = {{.name = "main", .host = "shop.example", .target = {"app", 80}}};
  project.hosts = {{"main", "shop.example"}};
  return project;
}

inline schema::ProjectRoutes elsewhere(const std::string& name, const std::string& node,
                                       const std::string& reason = "") {
  return {.name = name,
          .node = node,
          .reason = reason,
          .rules = {{.name = "main", .host = name + ".example", .path = "/"}}};
}

}  // namespace cara::test
