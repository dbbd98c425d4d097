#include "services/agent/docker/docker_json.h"

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>
#include <utility>

namespace cara::docker {

using nlohmann::json;

namespace {

// --- Reading: absent and wrong are the same ------------------------------------------------------

json parse(std::string_view text) { return json::parse(text, nullptr, false); }

const json& null_json() {
  static const json kNull;
  return kNull;
}

const json& member(const json& object, const char* key) {
  if (!object.is_object()) return null_json();
  const auto found = object.find(key);
  return found == object.end() ? null_json() : *found;
}

std::string text(const json& object, const char* key) {
  const json& value = member(object, key);
  return value.is_string() ? value.get<std::string>() : std::string();
}

std::int64_t number(const json& object, const char* key) {
  const json& value = member(object, key);
  return value.is_number_integer() ? value.get<std::int64_t>() : 0;
}

bool flag(const json& object, const char* key) {
  const json& value = member(object, key);
  return value.is_boolean() && value.get<bool>();
}

// Docker's zero time (`0001-01-01T00:00:00Z`) means never.
Timestamp time(const json& object, const char* key) {
  const auto parsed = parse_timestamp(text(object, key));
  return parsed.ok() ? *parsed : Timestamp{};
}

agent::Labels texts(const json& object) {
  agent::Labels labels;
  if (!object.is_object()) return labels;
  for (const auto& [key, value] : object.items()) {
    if (value.is_string()) labels.emplace(key, value.get<std::string>());
  }
  return labels;
}

std::string without_slash(std::string name) {
  if (name.starts_with('/')) name.erase(0, 1);
  return name;
}

agent::ContainerState state_of(const std::string& word) {
  using agent::ContainerState;
  static constexpr std::array<std::pair<std::string_view, ContainerState>, 7> kStates{{
      {"created", ContainerState::kCreated},
      {"running", ContainerState::kRunning},
      {"paused", ContainerState::kPaused},
      {"restarting", ContainerState::kRestarting},
      {"removing", ContainerState::kRemoving},
      {"exited", ContainerState::kExited},
      {"dead", ContainerState::kDead},
  }};
  for (const auto& [name, state] : kStates) {
    if (name == word) return state;
  }
  return ContainerState::kDead;  // a state we do not know is none that serves
}

agent::Health health_of(const std::string& word) {
  if (word == "starting") return agent::Health::kStarting;
  if (word == "healthy") return agent::Health::kHealthy;
  if (word == "unhealthy") return agent::Health::kUnhealthy;
  return agent::Health::kNone;
}

// On the network the container was made for, else on any.
std::string address_of(const json& networks, const std::string& own) {
  if (!networks.is_object()) return "";
  std::string any;
  for (const auto& [name, network] : networks.items()) {
    const std::string address = text(network, "IPAddress");
    if (address.empty()) continue;
    if (name == own || text(network, "NetworkID") == own) return address;
    if (any.empty()) any = address;
  }
  return any;
}

// By name and, where the engine tells it, by id. Of a container that was never started it tells
// only what the first one was called when the container was made.
std::vector<std::string> attached_to(const json& networks, const std::string& own) {
  std::vector<std::string> all;
  if (!networks.is_object()) return all;
  for (const auto& [name, network] : networks.items()) {
    if (text(network, "NetworkID").empty() && all.empty() && !own.empty()) all.push_back(own);
  }
  for (const auto& [name, network] : networks.items()) {
    all.push_back(name);
    if (std::string id = text(network, "NetworkID"); !id.empty() && id != name) {
      all.push_back(std::move(id));
    }
  }
  return all;
}

// Modes such as `container:ID`.
std::vector<std::string> joined_by(const json& host) {
  constexpr std::string_view kPrefix = "container:";
  std::vector<std::string> ids;
  for (const char* key : {"NetworkMode", "PidMode", "IpcMode"}) {
    const std::string mode = text(host, key);
    if (mode.starts_with(kPrefix)) ids.push_back(mode.substr(kPrefix.size()));
  }
  return ids;
}

// One list of objects, each read by `read`; those without an identity are left out.
template <class T, class Read>
std::optional<std::vector<T>> read_list(const json& list, Read read) {
  // Docker writes `null` for an empty list here and there.
  if (list.is_null()) return std::vector<T>{};
  if (!list.is_array()) return std::nullopt;
  std::vector<T> out;
  for (const json& entry : list) {
    if (auto item = read(entry)) out.push_back(std::move(*item));
  }
  return out;
}

std::optional<agent::VolumeInfo> volume_of(const json& object) {
  agent::VolumeInfo volume{.name = text(object, "Name"), .labels = texts(member(object, "Labels"))};
  if (volume.name.empty()) return std::nullopt;
  return volume;
}

std::string dump(const json& value) {
  return value.dump(-1, ' ', false, json::error_handler_t::replace);
}

}  // namespace

std::optional<Versions> read_versions(std::string_view body) {
  const json root = parse(body);
  Versions versions{.api = text(root, "ApiVersion"),
                    .min_api = text(root, "MinAPIVersion"),
                    .engine = text(root, "Version"),
                    .architecture = text(root, "Arch")};
  if (versions.api.empty()) return std::nullopt;
  return versions;
}

std::optional<agent::EngineInfo> read_info(std::string_view body) {
  const json root = parse(body);
  if (!root.is_object()) return std::nullopt;
  return agent::EngineInfo{.engine_version = text(root, "ServerVersion"),
                           .os = text(root, "OperatingSystem"),
                           .kernel = text(root, "KernelVersion"),
                           .architecture = text(root, "Architecture"),
                           .cpus = number(root, "NCPU"),
                           .memory_bytes = number(root, "MemTotal")};
}

std::string read_data_folder(std::string_view body) { return text(parse(body), "DockerRootDir"); }

std::string read_mountpoint(std::string_view body) { return text(parse(body), "Mountpoint"); }

std::string read_message(std::string_view body) { return text(parse(body), "message"); }

std::string read_id(std::string_view body) {
  const json root = parse(body);
  return text(root, "Id");
}

std::optional<std::vector<agent::ContainerInfo>> read_container_list(std::string_view body) {
  const json root = parse(body);
  return read_list<agent::ContainerInfo>(
      root, [](const json& entry) -> std::optional<agent::ContainerInfo> {
        agent::ContainerInfo info;
        info.id = text(entry, "Id");
        if (info.id.empty()) return std::nullopt;
        const json& names = member(entry, "Names");
        if (names.is_array() && !names.empty() && names[0].is_string()) {
          info.name = without_slash(names[0].get<std::string>());
        }
        info.labels = texts(member(entry, "Labels"));
        info.state = state_of(text(entry, "State"));
        const json& networks = member(member(entry, "NetworkSettings"), "Networks");
        const std::string own = text(member(entry, "HostConfig"), "NetworkMode");
        info.address = address_of(networks, own);
        info.networks = attached_to(networks, own);
        return info;
      });
}

std::optional<agent::ContainerInfo> read_container(std::string_view body) {
  const json root = parse(body);
  agent::ContainerInfo info;
  info.id = text(root, "Id");
  if (info.id.empty()) return std::nullopt;
  const json& state = member(root, "State");
  info.name = without_slash(text(root, "Name"));
  info.labels = texts(member(member(root, "Config"), "Labels"));
  info.state = state_of(text(state, "Status"));
  info.health = health_of(text(member(state, "Health"), "Status"));
  info.exit_code = number(state, "ExitCode");
  info.oom_killed = flag(state, "OOMKilled");
  info.error = text(state, "Error");
  info.started_at = time(state, "StartedAt");
  info.finished_at = time(state, "FinishedAt");
  const json& networks = member(member(root, "NetworkSettings"), "Networks");
  const json& host = member(root, "HostConfig");
  info.address = address_of(networks, text(host, "NetworkMode"));
  info.networks = attached_to(networks, text(host, "NetworkMode"));
  info.joined = joined_by(host);
  const json& config = member(root, "Config");
  if (member(config, "StopTimeout").is_number_integer()) {
    info.stop_grace_ms = std::max<std::int64_t>(0, number(config, "StopTimeout")) * 1000;
  }
  return info;
}

void complete_networks(agent::ContainerInfo& container,
                       const std::vector<agent::NetworkInfo>& known) {
  std::vector<std::string>& on = container.networks;
  const auto is_on = [&](const std::string& network) {
    return std::find(on.begin(), on.end(), network) != on.end();
  };
  if (container.started_at.is_set() || on.empty()) return;
  const auto is_first = [&](const agent::NetworkInfo& network) { return network.id == on.front(); };
  const bool by_name = std::count(on.begin(), on.end(), on.front()) > 1;
  if (!by_name && std::none_of(known.begin(), known.end(), is_first)) return;
  for (const agent::NetworkInfo& network : known) {
    if (is_on(network.name) && !is_on(network.id)) on.push_back(network.id);
  }
}

std::optional<std::vector<ListedNetwork>> read_network_list(std::string_view body) {
  const json root = parse(body);
  return read_list<ListedNetwork>(root, [](const json& entry) -> std::optional<ListedNetwork> {
    ListedNetwork network{.info = {.id = text(entry, "Id"),
                                   .name = text(entry, "Name"),
                                   .labels = texts(member(entry, "Labels")),
                                   .internal = flag(entry, "Internal")},
                          .subnets = {},
                          .created = text(entry, "Created")};
    if (network.info.id.empty()) return std::nullopt;
    const json& blocks = member(member(entry, "IPAM"), "Config");
    for (const json& block : blocks.is_array() ? blocks : json::array()) {
      std::string subnet = text(block, "Subnet");
      const bool is_ipv4 = subnet.find('.') != std::string::npos;
      if (is_ipv4 && network.info.subnet.empty()) network.info.subnet = subnet;
      if (is_ipv4) network.subnets.push_back(std::move(subnet));
    }
    return network;
  });
}

std::optional<std::vector<NetworkEnd>> read_network_ends(std::string_view body) {
  const json root = parse(body);
  if (!root.is_object()) return std::nullopt;
  std::vector<NetworkEnd> ends;
  const json& containers = member(root, "Containers");
  if (!containers.is_object()) return ends;
  for (const auto& [id, end] : containers.items()) ends.push_back({id, text(end, "Name")});
  return ends;
}

std::optional<std::vector<agent::VolumeInfo>> read_volume_list(std::string_view body) {
  const json root = parse(body);
  if (!root.is_object()) return std::nullopt;
  return read_list<agent::VolumeInfo>(member(root, "Volumes"), volume_of);
}

std::optional<agent::VolumeInfo> read_volume(std::string_view body) {
  return volume_of(parse(body));
}

PullLine read_pull_line(std::string_view body) {
  const json root = parse(body);
  const json& detail = member(root, "progressDetail");
  PullLine line{.id = text(root, "id"),
                .status = text(root, "status"),
                .current = number(detail, "current"),
                .total = number(detail, "total"),
                .error = text(member(root, "errorDetail"), "message")};
  if (line.error.empty()) line.error = text(root, "error");
  const bool failed = root.is_object() && (root.contains("errorDetail") || root.contains("error"));
  if (failed && line.error.empty()) line.error = "the engine gave no reason";
  return line;
}

std::optional<ImageFacts> read_image(std::string_view body) {
  const json root = parse(body);
  const json& tags = member(root, "RepoTags");
  ImageFacts image{.id = text(root, "Id"),
                   .os = text(root, "Os"),
                   .architecture = text(root, "Architecture"),
                   .variant = text(root, "Variant"),
                   .has_tags = tags.is_array() && !tags.empty()};
  if (image.id.empty()) return std::nullopt;
  return image;
}

std::optional<std::vector<std::string>> read_used_images(std::string_view body) {
  return read_list<std::string>(parse(body), [](const json& entry) -> std::optional<std::string> {
    std::string id = text(entry, "ImageID");
    if (id.empty()) return std::nullopt;
    return id;
  });
}

std::optional<StreamEvent> read_event(std::string_view line) {
  const json root = parse(line);
  const json& actor = member(root, "Actor");
  StreamEvent event{.type = text(root, "Type"),
                    .action = text(root, "Action"),
                    .id = text(actor, "ID"),
                    .attributes = texts(member(actor, "Attributes")),
                    .time_ns = number(root, "timeNano")};
  if (event.type.empty() || event.action.empty()) return std::nullopt;
  return event;
}

std::string write_filters(const std::vector<Filter>& filters) {
  json out = json::object();
  for (const Filter& filter : filters) out[filter.key] = filter.values;
  return dump(out);
}

std::vector<std::string> label_filters(const agent::Labels& labels,
                                       const std::string& any_value_of) {
  std::vector<std::string> out;
  for (const auto& [key, value] : labels) out.push_back(key + "=" + value);
  if (!any_value_of.empty()) out.push_back(any_value_of);
  return out;
}

std::string write_network(const agent::CreateNetwork& op) {
  json body{{"Name", op.name},
            {"Driver", "bridge"},
            {"CheckDuplicate", true},
            {"Internal", op.internal},
            {"Labels", op.labels}};
  if (!op.subnet.empty()) body["IPAM"]["Config"] = json::array({{{"Subnet", op.subnet}}});
  return dump(body);
}

std::string write_volume(const agent::CreateVolume& op, const std::string& folder) {
  json body{{"Name", op.name}, {"Driver", "local"}, {"Labels", op.labels}};
  if (!folder.empty()) body["DriverOpts"] = {{"type", "none"}, {"o", "bind"}, {"device", folder}};
  return dump(body);
}

std::string write_connect(const std::string& container, const agent::Endpoint& endpoint) {
  json config{{"Aliases", endpoint.aliases}};
  if (!endpoint.ipv4.empty()) config["IPAMConfig"] = {{"IPv4Address", endpoint.ipv4}};
  return dump({{"Container", container}, {"EndpointConfig", std::move(config)}});
}

std::string write_disconnect(const std::string& container) {
  return dump({{"Container", container}, {"Force", true}});
}

}  // namespace cara::docker
