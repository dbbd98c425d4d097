// Docker's JSON as our types, and back. Every field of an answer is optional: the engine's versions
// differ, and a broken answer must never take the agent down. Nothing here throws.
// https://docs.docker.com/reference/api/engine/version/v1.41/
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "services/agent/engine.h"

namespace cara::docker {

// --- Answers. nullopt: not the JSON it should be -------------------------------------------------

struct Versions {
  std::string api;
  std::string min_api;
  std::string engine;
  std::string architecture;  // `amd64`
};
std::optional<Versions> read_versions(std::string_view json);

// `GET /info`, without what only `GET /version` knows.
std::optional<agent::EngineInfo> read_info(std::string_view json);
// Its `DockerRootDir`: where the engine keeps its data. Empty: it does not tell.
std::string read_data_folder(std::string_view json);

// The `message` of an error answer; empty if there is none.
std::string read_message(std::string_view json);
// The `Id` of a create or inspect answer; empty if there is none.
std::string read_id(std::string_view json);

// `GET /containers/json`: without what only an inspect knows (exit code, health, times, ...).
std::optional<std::vector<agent::ContainerInfo>> read_container_list(std::string_view json);
// `GET /containers/ID/json`
std::optional<agent::ContainerInfo> read_container(std::string_view json);
// Adds the ids of the networks that a container is on by name, while it was never started: the
// engine tells no more then. Nothing is added if the network it was made for is gone: it cannot
// start, whatever is called so now.
void complete_networks(agent::ContainerInfo& container,
                       const std::vector<agent::NetworkInfo>& known);

struct ListedNetwork {
  agent::NetworkInfo info;  // its subnet: the first IPv4 one
  std::vector<std::string> subnets;
  std::string created;  // as Docker writes it; its text sorts by time
};
std::optional<std::vector<ListedNetwork>> read_network_list(std::string_view json);

// An end of a network: `GET /networks/ID`.
struct NetworkEnd {
  std::string container;  // id
  std::string name;
};
std::optional<std::vector<NetworkEnd>> read_network_ends(std::string_view json);

std::optional<std::vector<agent::VolumeInfo>> read_volume_list(std::string_view json);
// `GET /volumes/NAME`, `POST /volumes/create`
std::optional<agent::VolumeInfo> read_volume(std::string_view json);
std::string read_mountpoint(std::string_view json);

// One line of a pull's progress.
struct PullLine {
  std::string id;  // of a layer, mostly
  std::string status;
  std::int64_t current = 0;  // bytes
  std::int64_t total = 0;
  std::string error;  // the engine's words; empty: it reports none
};
PullLine read_pull_line(std::string_view json);

// `GET /images/NAME/json`
struct ImageFacts {
  std::string id;
  std::string os;
  std::string architecture;  // `amd64`
  std::string variant;       // `v7` of arm
  bool has_tags = false;
};
std::optional<ImageFacts> read_image(std::string_view json);
// The images' ids of `GET /containers/json`.
std::optional<std::vector<std::string>> read_used_images(std::string_view json);

struct StreamEvent {
  std::string type;  // container, network, volume
  std::string action;
  std::string id;
  agent::Labels attributes;  // of a container: its labels too
  std::int64_t time_ns = 0;
};
std::optional<StreamEvent> read_event(std::string_view json);

// --- Requests ------------------------------------------------------------------------------------

// The `filters` parameter: {"KEY": [values]}, ...
struct Filter {
  std::string key;
  std::vector<std::string> values;
};
std::string write_filters(const std::vector<Filter>& filters);
// `any_value_of`: a label whose value does not matter; empty: none.
std::vector<std::string> label_filters(const agent::Labels& labels,
                                       const std::string& any_value_of = {});

// container_json.cpp. REQUIRES: no mount of a volume has a sub_path; the engine has none
// before 1.45.
std::string write_container(const agent::ContainerSpec& spec);
std::string write_network(const agent::CreateNetwork& op);
// `folder`: of the node, which the volume shows; empty: a folder of the engine's own.
std::string write_volume(const agent::CreateVolume& op, const std::string& folder);
std::string write_connect(const std::string& container, const agent::Endpoint& endpoint);
std::string write_disconnect(const std::string& container);

}  // namespace cara::docker
