#include "tests/bench/raw_engine.h"

#include <functional>
#include <thread>
#include <vector>

#include "services/agent/docker/docker_json.h"

namespace cara::bench {
namespace {

constexpr const char* kApi = "/v1.41";
const agent::Labels kLabels{{"cara.bench", "raw"}};

std::string service_name(std::size_t index) { return "s" + std::to_string(index); }

std::string container_name(const RawProject& project, std::size_t index) {
  return project.name + "-" + service_name(index);
}

// Runs all at once; the first error, if any.
Result<Ok> in_parallel(std::size_t count, const std::function<Result<Ok>(std::size_t)>& run) {
  std::vector<Result<Ok>> results(count, Ok{});
  {
    std::vector<std::jthread> threads;
    for (std::size_t i = 0; i < count; ++i) {
      threads.emplace_back([&results, &run, i] { results[i] = run(i); });
    }
  }
  for (const Result<Ok>& result : results) {
    if (!result.ok()) return result;
  }
  return Ok{};
}

}  // namespace

Result<std::string> RawEngine::call(docker::Method method, const std::string& path,
                                    const std::string& body) {
  const auto response = http_.call(
      {.method = method, .path = kApi + path, .body = body, .deadline = std::chrono::seconds(60)});
  if (!response.ok()) return response.error();
  if (response->status >= 400) {
    return internal(path + " failed: " + docker::read_message(response->body));
  }
  return response->body;
}

Result<Ok> RawEngine::start_service(const RawProject& project, const std::string& network,
                                    std::size_t index) {
  agent::ContainerSpec spec{.name = container_name(project, index), .labels = kLabels};
  spec.service.image = project.image;
  spec.endpoints = {{.network = network, .aliases = {service_name(index)}, .ipv4 = {}}};
  if (index == 0) spec.mounts = {{.volume = "cara-" + project.name + "-data", .path = "/data"}};
  const auto made = call(docker::Method::kPost, "/containers/create?name=" + spec.name,
                         docker::write_container(spec));
  if (!made.ok()) return made.error();
  const std::string id = docker::read_id(*made);
  if (auto started = call(docker::Method::kPost, "/containers/" + id + "/start"); !started.ok()) {
    return started.error();
  }
  const auto seen = call(docker::Method::kGet, "/containers/" + id + "/json");
  if (!seen.ok()) return seen.error();
  const auto info = docker::read_container(*seen);
  if (!info || info->state != agent::ContainerState::kRunning) {
    return internal(spec.name + " does not run");
  }
  return Ok{};
}

Result<Ok> RawEngine::up(const RawProject& project) {
  std::string network;
  const auto made = in_parallel(2, [&](std::size_t which) -> Result<Ok> {
    if (which == 0) {
      const auto reply =
          call(docker::Method::kPost, "/networks/create",
               docker::write_network({.name = "cara-" + project.name, .labels = kLabels}));
      if (!reply.ok()) return reply.error();
      network = docker::read_id(*reply);
      return Ok{};
    }
    const auto reply =
        call(docker::Method::kPost, "/volumes/create",
             docker::write_volume({.name = "cara-" + project.name + "-data", .labels = kLabels},
                                  ""));
    if (!reply.ok()) return reply.error();
    return Ok{};
  });
  if (!made.ok()) return made;
  return in_parallel(project.services,
                     [&](std::size_t index) { return start_service(project, network, index); });
}

Result<Ok> RawEngine::remove_network(const RawProject& project) {
  const std::string path = "/networks/cara-" + project.name;
  auto gone = call(docker::Method::kDelete, path);
  if (!gone.ok()) {
    // Ends of containers that are gone can keep it (moby #23302), as the agent knows, too.
    for (std::size_t i = 0; i < project.services; ++i) {
      static_cast<void>(
          call(docker::Method::kPost, path + "/disconnect",
               R"({"Container":")" + container_name(project, i) + R"(","Force":true})"));
    }
    gone = call(docker::Method::kDelete, path);
  }
  if (!gone.ok()) return gone.error();
  return Ok{};
}

Result<Ok> RawEngine::down(const RawProject& project) {
  const auto removed = in_parallel(project.services, [&](std::size_t index) -> Result<Ok> {
    const std::string path = "/containers/" + container_name(project, index);
    if (auto stopped = call(docker::Method::kPost, path + "/stop?t=10"); !stopped.ok()) {
      return stopped.error();
    }
    const auto gone = call(docker::Method::kDelete, path + "?v=1&force=1");
    if (!gone.ok()) return gone.error();
    return Ok{};
  });
  if (!removed.ok()) return removed;
  if (auto gone = remove_network(project); !gone.ok()) return gone;
  const auto volume = call(docker::Method::kDelete, "/volumes/cara-" + project.name + "-data");
  if (!volume.ok()) return volume.error();
  return Ok{};
}

}  // namespace cara::bench
