// The contract's cases on a private Docker engine, and what the cases only for Docker need.
#pragma once

#include <memory>
#include <mutex>

#include "services/agent/docker/docker_engine.h"
#include "services/agent/docker/events.h"
#include "tests/contract/harness.h"
#include "tests/contract/private_dockerd.h"

namespace cara::contract {

class DockerHarness : public Harness {
 public:
  DockerHarness();

  agent::Engine& engine() override { return *engine_; }
  bool wait_until(const std::function<bool()>& condition) override;
  std::size_t anonymous_volumes() override;
  std::vector<agent::EngineEvent> events() override;
  void pause(const std::string& container) override { dockerd_.docker("pause " + container); }
  void kill(const std::string& container) override { dockerd_.docker("kill " + container); }

  PrivateDockerd& dockerd() { return dockerd_; }
  docker::Endpoint endpoint() const { return *docker::parse_endpoint(dockerd_.host()); }

 private:
  PrivateDockerd dockerd_;
  std::unique_ptr<docker::DockerEngine> engine_;
  std::mutex mutex_;
  std::vector<agent::EngineEvent> events_;  // under mutex_
  std::unique_ptr<docker::EventWatch> watch_;
};

DockerHarness& docker_harness();

}  // namespace cara::contract
