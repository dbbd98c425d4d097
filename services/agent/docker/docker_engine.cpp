// How the engine is called, and everything about it as a whole; docker_images.cpp,
// docker_networks.cpp and docker_objects.cpp have the operations on single objects.
#include "services/agent/docker/docker_engine.h"

#include <algorithm>
#include <charconv>
#include <optional>
#include <utility>

#include "services/agent/docker/docker_errors.h"
#include "services/agent/docker/docker_json.h"
#include "services/agent/docker/reference.h"
#include "services/agent/docker/volume_files.h"

namespace cara::docker {

using agent::EngineReply;

namespace {

struct ApiVersion {
  int major = 0;
  int minor = 0;
  auto operator<=>(const ApiVersion&) const = default;
};

std::optional<ApiVersion> parse_api(std::string_view text) {
  ApiVersion version;
  const char* end = text.data() + text.size();
  const auto major = std::from_chars(text.data(), end, version.major);
  if (major.ec != std::errc() || major.ptr == end || *major.ptr != '.') return std::nullopt;
  const auto minor = std::from_chars(major.ptr + 1, end, version.minor);
  if (minor.ec != std::errc() || minor.ptr != end) return std::nullopt;
  return version;
}

std::string label_query(const agent::Observe& op) {
  const auto filters = label_filters(op.labels, op.any_value_of);
  return filters.empty() ? "" : "filters=" + percent_encode(write_filters({{"label", filters}}));
}

Error garbled(const std::string& what) {
  return internal(what + ": the Docker engine's answer makes no sense");
}

}  // namespace

Result<std::string> choose_api(const std::string& newest, const std::string& oldest) {
  const auto ours = parse_api(kNewestApi);
  const auto theirs = parse_api(newest);
  if (!theirs) return internal("the Docker engine names no API version");
  const auto chosen = std::min(*ours, *theirs);
  // An engine before 1.24 names no oldest version.
  if (const auto least = parse_api(oldest); least && chosen < *least) {
    return invalid("the Docker engine speaks API " + oldest + " to " + newest +
                   ", and this program at most " + kNewestApi);
  }
  return std::to_string(chosen.major) + "." + std::to_string(chosen.minor);
}

DockerEngine::DockerEngine(DockerOptions options)
    : options_(std::move(options)),
      http_(options_.endpoint),
      images_(options_.pulled_images, options_.save_images) {}

Result<EngineReply> DockerEngine::execute(const agent::EngineOp& op) {
  return std::visit([this](const auto& alternative) { return run(alternative); }, op);
}

// --- Calls ---------------------------------------------------------------------------------------

Result<HttpResponse> DockerEngine::call(HttpRequest request, HttpStream* stream) {
  const auto prefix = version_prefix();
  if (!prefix.ok()) return prefix.error();
  request.path = *prefix + request.path;
  auto response = stream == nullptr ? http_.call(request) : stream->run(request, [] {});
  // What answers next may be another version.
  if (!response.ok() && response.error().code == Code::kUnavailable) forget_version();
  if (response.ok() && response->status == 400 &&
      read_message(response->body).find("client version") != std::string::npos) {
    forget_version();
    return unavailable("the Docker engine has changed its API version");
  }
  return response;
}

Result<HttpResponse> DockerEngine::get(const std::string& path) {
  return call({.method = Method::kGet, .path = path, .deadline = options_.read_limit});
}

Result<HttpResponse> DockerEngine::post(const std::string& path, const std::string& body) {
  return call(
      {.method = Method::kPost, .path = path, .body = body, .deadline = options_.write_limit});
}

Result<HttpResponse> DockerEngine::remove(const std::string& path) {
  return call({.method = Method::kDelete, .path = path, .deadline = options_.write_limit});
}

Result<std::string> DockerEngine::version_prefix() {
  {
    const std::lock_guard lock(version_mutex_);
    if (!version_.empty()) return "/v" + version_;
  }
  // Not under the lock: a hung engine must not make the others wait in line.
  const auto response =
      http_.call({.method = Method::kGet, .path = "/version", .deadline = options_.read_limit});
  if (!response.ok()) return response.error();
  if (response->status != 200) return error_of(response->status, response->body, "ask for version");
  const auto versions = read_versions(response->body);
  if (!versions) return garbled("ask for version");
  auto chosen = choose_api(versions->api, versions->min_api);
  if (!chosen.ok()) return chosen.error();
  const std::lock_guard lock(version_mutex_);
  version_ = *chosen;
  architecture_ = versions->architecture;
  return "/v" + version_;
}

Result<std::string> DockerEngine::architecture() {
  if (const auto asked = version_prefix(); !asked.ok()) return asked.error();
  const std::lock_guard lock(version_mutex_);
  return architecture_;
}

void DockerEngine::forget_version() {
  const std::lock_guard lock(version_mutex_);
  version_.clear();
}

// --- The engine as a whole -----------------------------------------------------------------------

Result<EngineReply> DockerEngine::run(const agent::GetInfo&) {
  const auto versions = get("/version");
  if (!versions.ok()) return versions.error();
  const auto response = get("/info");
  if (!response.ok()) return response.error();
  if (response->status != 200) return error_of(response->status, response->body, "ask for info");
  auto info = read_info(response->body);
  if (!info) return garbled("ask for info");
  const auto prefix = version_prefix();
  if (prefix.ok()) info->api_version = prefix->substr(2);
  // /info spells the architecture as the kernel does, /version as images do.
  if (const auto read = read_versions(versions->body); read && !read->architecture.empty()) {
    info->architecture = read->architecture;
  }
  agent::Readings readings;
  if (options_.readings) readings = options_.readings(read_data_folder(response->body));
  return EngineReply{.info = std::move(*info), .readings = std::move(readings)};
}

Result<EngineReply> DockerEngine::run(const agent::Observe& op) {
  auto containers = observe_containers(op);
  if (!containers.ok()) return containers.error();
  const auto networks = get("/networks?" + label_query(op));
  if (!networks.ok()) return networks.error();
  if (networks->status != 200) return error_of(networks->status, networks->body, "list networks");
  const auto volumes = get("/volumes?" + label_query(op));
  if (!volumes.ok()) return volumes.error();
  if (volumes->status != 200) return error_of(volumes->status, volumes->body, "list volumes");

  auto network_list = read_network_list(networks->body);
  auto volume_list = read_volume_list(volumes->body);
  if (!network_list) return garbled("list networks");
  if (!volume_list) return garbled("list volumes");
  agent::Observation seen{.containers = std::move(*containers), .volumes = std::move(*volume_list)};
  for (agent::VolumeInfo& volume : seen.volumes) {
    volume.content = read_content(volume_folder(options_.files_folder, volume.name));
  }
  for (ListedNetwork& network : *network_list) seen.networks.push_back(std::move(network.info));
  for (agent::ContainerInfo& container : seen.containers) {
    complete_networks(container, seen.networks);
  }
  const auto by_name = [](const auto& a, const auto& b) {
    return std::tie(a.name, a.id) < std::tie(b.name, b.id);
  };
  std::sort(seen.containers.begin(), seen.containers.end(), by_name);
  std::sort(seen.networks.begin(), seen.networks.end(), by_name);
  std::sort(seen.volumes.begin(), seen.volumes.end(),
            [](const auto& a, const auto& b) { return a.name < b.name; });
  return EngineReply{.observation = std::move(seen)};
}

Result<std::vector<agent::ContainerInfo>> DockerEngine::observe_containers(
    const agent::Observe& op) {
  const auto response = get("/containers/json?all=1&" + label_query(op));
  if (!response.ok()) return response.error();
  if (response->status != 200) return error_of(response->status, response->body, "list containers");
  auto listed = read_container_list(response->body);
  if (!listed) return garbled("list containers");
  if (op.brief) return std::move(*listed);

  std::vector<agent::ContainerInfo> seen;
  auto time_left = options_.inspect_limit;  // for all that are stuck together
  for (agent::ContainerInfo& entry : *listed) {
    const auto start = std::chrono::steady_clock::now();
    const auto detail = call({.method = Method::kGet,
                              .path = "/containers/" + percent_encode(entry.id) + "/json",
                              .deadline = std::max(time_left, std::chrono::milliseconds(100))});
    if (!detail.ok() && detail.error().code != Code::kTimeout) return detail.error();
    if (!detail.ok()) {
      time_left -= std::chrono::duration_cast<std::chrono::milliseconds>(
          std::chrono::steady_clock::now() - start);
      entry.error = "the Docker engine tells nothing about this container: it may be stuck";
      seen.push_back(std::move(entry));
    } else if (detail->status == 200) {
      auto info = read_container(detail->body);
      if (!info) return garbled("inspect container " + entry.name);
      seen.push_back(std::move(*info));
    } else if (detail->status != 404) {  // 404: it went away after the list
      return error_of(detail->status, detail->body, "inspect container " + entry.name);
    }
  }
  return seen;
}

}  // namespace cara::docker
