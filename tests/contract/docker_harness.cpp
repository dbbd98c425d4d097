#include "tests/contract/docker_harness.h"

#include <chrono>
#include <sstream>
#include <thread>

#include "services/agent/docker/machine.h"

namespace cara::contract {

DockerHarness::DockerHarness()
    : engine_(std::make_unique<docker::DockerEngine>(docker::DockerOptions{
          .endpoint = endpoint(),
          .readings =
              [this](const std::string& data_folder) {
                return docker::read_machine(endpoint(), data_folder, docker::SubnetPool{});
              }})),
      watch_(std::make_unique<docker::EventWatch>(endpoint(), kNode,
                                                  [this](const agent::EngineEvent& event) {
                                                    const std::lock_guard lock(mutex_);
                                                    events_.push_back(event);
                                                  })) {}

bool DockerHarness::wait_until(const std::function<bool()>& condition) {
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(30);
  while (!condition()) {
    if (std::chrono::steady_clock::now() > deadline) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
  return true;
}

std::size_t DockerHarness::anonymous_volumes() {
  // Their names are 64 hex digits.
  std::istringstream names(dockerd_.docker("volume ls -q"));
  std::size_t count = 0;
  for (std::string name; names >> name;) count += name.size() == 64 ? 1 : 0;
  return count;
}

std::vector<agent::EngineEvent> DockerHarness::events() {
  const std::lock_guard lock(mutex_);
  return events_;
}

DockerHarness& docker_harness() {
  static DockerHarness instance;
  return instance;
}

Harness& harness() { return docker_harness(); }

}  // namespace cara::contract
