#include "tests/bench/raw_engine.h"

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <set>

#include "services/agent/docker/docker_json.h"
#include "services/agent/docker/events.h"
#include "services/agent/docker/reference.h"
#include "tests/bench/cara_client.h"
#include "tests/bench/jobs.h"

namespace cara::bench {
namespace {

constexpr const char* kApi = "/v1.41";
// Not the agent's node: it leaves them alone.
constexpr const char* kRawNode = "bench-raw";
constexpr std::chrono::seconds kHealthLimit{60};
constexpr std::size_t kVolumesAndNetworks = 2;

std::string service_name(std::size_t index) { return "s" + std::to_string(index); }

std::string container_name(const RawProject& project, std::size_t index) {
  return project.name + "-" + service_name(index);
}

agent::Labels labels_of(const std::string& name) {
  return {{agent::kLabelNode, kRawNode}, {agent::kLabelProject, name}};
}

// What the projects' jobs share.
struct Site {
  explicit Site(const RawProject& each) : project(each), parts_left(kVolumesAndNetworks) {}
  RawProject project;
  std::string network;
  std::atomic<std::size_t> parts_left;
};

// Which containers the engine has called healthy.
class HealthWatch {
 public:
  explicit HealthWatch(const docker::Endpoint& endpoint)
      : watch_(endpoint, kRawNode, [this](const agent::EngineEvent& event) {
          const std::lock_guard lock(mutex_);
          if (event.action == agent::kStreamOpened) opened_ = true;
          if (event.action == "health_status: healthy") healthy_.insert(event.project);
          changed_.notify_all();
        }) {}

  Result<Ok> wait_opened() {
    std::unique_lock lock(mutex_);
    if (changed_.wait_for(lock, kHealthLimit, [this] { return opened_; })) return Ok{};
    return timed_out("the engine's event stream does not open");
  }
  Result<Ok> wait_healthy(const std::string& name) {
    std::unique_lock lock(mutex_);
    if (changed_.wait_for(lock, kHealthLimit, [&] { return healthy_.contains(name); })) return Ok{};
    return timed_out(name + " does not become healthy");
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  bool opened_ = false;            // under mutex_
  std::set<std::string> healthy_;  // under mutex_
  docker::EventWatch watch_;
};

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

Result<std::string> RawEngine::make_network(const RawProject& project) {
  const auto reply = call(docker::Method::kPost, "/networks/create",
                          docker::write_network({.name = "cara-" + project.name,
                                                 .labels = labels_of(project.name),
                                                 .subnet = project.subnet}));
  if (!reply.ok()) return reply.error();
  return docker::read_id(*reply);
}

Result<Ok> RawEngine::make_volume(const RawProject& project) {
  const auto reply =
      call(docker::Method::kPost, "/volumes/create",
           docker::write_volume(
               {.name = "cara-" + project.name + "-data", .labels = labels_of(project.name)}, ""));
  if (!reply.ok()) return reply.error();
  return Ok{};
}

Result<std::string> RawEngine::make_container(const RawProject& project, const std::string& network,
                                              std::size_t index) {
  const std::string name = container_name(project, index);
  agent::ContainerSpec spec{.name = name, .labels = labels_of(name)};
  spec.service.image = project.image;
  spec.endpoints = {{.network = network, .aliases = {service_name(index)}, .ipv4 = {}}};
  if (index == 0) spec.mounts = {{.volume = "cara-" + project.name + "-data", .path = "/data"}};
  const auto made =
      call(docker::Method::kPost, "/containers/create?name=" + name, docker::write_container(spec));
  if (!made.ok()) return made.error();
  return docker::read_id(*made);
}

Result<Ok> RawEngine::start_container(const std::string& id) {
  if (auto started = call(docker::Method::kPost, "/containers/" + id + "/start"); !started.ok()) {
    return started.error();
  }
  const auto seen = call(docker::Method::kGet, "/containers/" + id + "/json");
  if (!seen.ok()) return seen.error();
  const auto info = docker::read_container(*seen);
  if (!info || info->state != agent::ContainerState::kRunning) return internal(id + " is not up");
  return Ok{};
}

Result<Ok> RawEngine::up(const std::vector<RawProject>& projects, std::size_t at_once) {
  Jobs jobs;
  const auto make_service = [&](Site& site, std::size_t index) -> Result<Ok> {
    const auto id = make_container(site.project, site.network, index);
    if (!id.ok()) return id.error();
    jobs.add([this, id = *id] { return start_container(id); });
    return Ok{};
  };
  const auto part_made = [&](Site& site) {
    if (--site.parts_left > 0) return;
    for (std::size_t i = 0; i < site.project.services; ++i) {
      jobs.add([&, i] { return make_service(site, i); });
    }
  };
  std::vector<std::unique_ptr<Site>> sites;
  for (const RawProject& project : projects) {
    Site& site = *sites.emplace_back(std::make_unique<Site>(project));
    jobs.add([&]() -> Result<Ok> {
      auto id = make_network(site.project);
      if (!id.ok()) return id.error();
      site.network = *id;
      part_made(site);
      return Ok{};
    });
    jobs.add([&]() -> Result<Ok> {
      if (auto made = make_volume(site.project); !made.ok()) return made;
      part_made(site);
      return Ok{};
    });
  }
  return jobs.run(at_once);
}

Result<std::vector<double>> RawEngine::chain_up(const RawProject& project) {
  HealthWatch health(endpoint_);
  if (auto opened = health.wait_opened(); !opened.ok()) return opened.error();
  std::vector<double> times;
  auto start = std::chrono::steady_clock::now();
  const auto network = make_network(project);
  if (!network.ok()) return network.error();
  if (auto made = make_volume(project); !made.ok()) return made.error();
  for (std::size_t i = 0; i < project.services; ++i) {
    const auto id = make_container(project, *network, i);
    if (!id.ok()) return id.error();
    if (auto started = start_container(*id); !started.ok()) return started.error();
    if (auto seen = health.wait_healthy(container_name(project, i)); !seen.ok()) {
      return seen.error();
    }
    times.push_back(ms_since(start));
    start = std::chrono::steady_clock::now();
  }
  return times;
}

Result<Ok> RawEngine::remove_container(const RawProject& project, std::size_t index) {
  const std::string path = "/containers/" + container_name(project, index);
  if (auto stopped = call(docker::Method::kPost, path + "/stop?t=10"); !stopped.ok()) {
    return stopped.error();
  }
  const auto gone = call(docker::Method::kDelete, path + "?v=1&force=1");
  if (!gone.ok()) return gone.error();
  return Ok{};
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

Result<Ok> RawEngine::down(const std::vector<RawProject>& projects, std::size_t at_once) {
  Jobs jobs;
  std::vector<std::unique_ptr<Site>> sites;
  for (const RawProject& project : projects) {
    Site& site = *sites.emplace_back(std::make_unique<Site>(project));
    site.parts_left = project.services;
    for (std::size_t i = 0; i < project.services; ++i) {
      jobs.add([&, i]() -> Result<Ok> {
        if (auto gone = remove_container(site.project, i); !gone.ok()) return gone;
        if (--site.parts_left > 0) return Ok{};
        jobs.add([&] { return remove_network(site.project); });
        jobs.add([&]() -> Result<Ok> {
          const auto gone =
              call(docker::Method::kDelete, "/volumes/cara-" + site.project.name + "-data");
          if (!gone.ok()) return gone.error();
          return Ok{};
        });
        return Ok{};
      });
    }
  }
  return jobs.run(at_once);
}

Result<std::size_t> RawEngine::count(const std::string& label) {
  const std::string query =
      "filters=" + docker::percent_encode(docker::write_filters({{"label", {label}}}));
  const auto containers = call(docker::Method::kGet, "/containers/json?all=1&" + query);
  if (!containers.ok()) return containers.error();
  const auto networks = call(docker::Method::kGet, "/networks?" + query);
  if (!networks.ok()) return networks.error();
  const auto volumes = call(docker::Method::kGet, "/volumes?" + query);
  if (!volumes.ok()) return volumes.error();
  const auto container_list = docker::read_container_list(*containers);
  const auto network_list = docker::read_network_list(*networks);
  const auto volume_list = docker::read_volume_list(*volumes);
  if (!container_list || !network_list || !volume_list) return internal("no lists of objects");
  return container_list->size() + network_list->size() + volume_list->size();
}

}  // namespace cara::bench
