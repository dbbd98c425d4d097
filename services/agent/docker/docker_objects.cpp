// DockerEngine's operations on single containers and volumes.
#include "services/agent/docker/docker_objects.h"

#include <algorithm>
#include <utility>

#include "services/agent/docker/docker_engine.h"
#include "services/agent/docker/docker_errors.h"
#include "services/agent/docker/docker_json.h"
#include "services/agent/docker/log_frames.h"
#include "services/agent/docker/reference.h"
#include "services/agent/docker/volume_files.h"

namespace cara::docker {

using agent::EngineReply;

namespace {

constexpr std::size_t kLogTailBytes = 16 * 1024;
// What `tail` may make the engine send: lines can be megabytes long.
constexpr std::size_t kMaxLogBytes = 64 * 1024 * 1024;
constexpr std::size_t kMaxLogLines = 10'000;

std::string owner_of(const agent::Labels& labels) {
  const auto project = labels.find(agent::kLabelProject);
  const auto node = labels.find(agent::kLabelNode);
  if (project == labels.end()) return "it was not made by Caravanserai";
  return "it belongs to project " + project->second +
         (node == labels.end() ? "" : " of node " + node->second) + ", with other labels";
}

}  // namespace

bool is_done(const HttpResponse& response) {
  return response.status >= 200 && response.status < 300;
}

bool carries(const agent::Labels& labels, const agent::Labels& wanted) {
  return std::includes(labels.begin(), labels.end(), wanted.begin(), wanted.end());
}

std::string container_path(const std::string& id) { return "/containers/" + percent_encode(id); }
std::string network_path(const std::string& id) { return "/networks/" + percent_encode(id); }
std::string volume_path(const std::string& name) { return "/volumes/" + percent_encode(name); }

Error taken(const std::string& kind, const std::string& name, const std::string& id,
            const agent::Labels& labels) {
  return conflict("the name " + name + " is taken by " + kind + " " + id.substr(0, 12) + ": " +
                  owner_of(labels));
}

// --- Volumes -------------------------------------------------------------------------------------

Result<EngineReply> DockerEngine::run(const agent::CreateVolume& op) {
  std::string folder;
  if (!op.files.empty()) {
    // Somebody else's files must not be written over.
    const auto found = get(volume_path(op.name));
    if (!found.ok()) return found.error();
    const auto there = read_volume(found->body);
    if (is_done(*found) && there && !carries(there->labels, op.labels)) {
      return taken("volume", op.name, op.name, there->labels);
    }
    folder = volume_folder(options_.files_folder, op.name);
    if (const auto written = write_files(folder, op.files); !written.ok()) return written.error();
  }
  // Creating a volume that exists answers with the old one, whatever its labels.
  const auto created = post("/volumes/create", write_volume(op, folder));
  if (!created.ok()) return created.error();
  if (!is_done(*created)) {
    return error_of(created->status, created->body, "create volume " + op.name);
  }
  const auto volume = read_volume(created->body);
  if (!volume) return internal("create volume: the Docker engine's answer makes no sense");
  if (!carries(volume->labels, op.labels)) {
    return taken("volume", op.name, op.name, volume->labels);
  }
  if (!folder.empty()) {
    if (const auto kept = write_content(folder, op.content); !kept.ok()) return kept.error();
  }
  return EngineReply{.id = volume->name};
}

Result<EngineReply> DockerEngine::run(const agent::RemoveVolume& op) {
  // Without `force`: it has dropped references of containers that lived (moby #31446).
  const auto response = remove(volume_path(op.name));
  if (!response.ok()) return response.error();
  if (!is_done(*response) && response->status != 404) {
    return error_of(response->status, response->body, "remove volume " + op.name);
  }
  remove_files(volume_folder(options_.files_folder, op.name));
  return EngineReply{};
}

// --- Containers ----------------------------------------------------------------------------------

// The engine finds out about a missing network at the start only, and makes a missing volume.
Result<Ok> DockerEngine::require_parts(const agent::ContainerSpec& spec) {
  std::vector<std::pair<std::string, std::string>> parts;  // path, what it is
  for (const agent::Endpoint& endpoint : spec.endpoints) {
    parts.emplace_back(network_path(endpoint.network), "network " + endpoint.network);
  }
  for (const agent::Mount& mount : spec.mounts) {
    if (mount.volume.empty()) continue;
    parts.emplace_back(volume_path(mount.volume), "volume " + mount.volume);
  }
  for (const auto& [path, what] : parts) {
    const auto found = get(path);
    if (!found.ok()) return found.error();
    if (found->status == 404) return not_found("create container " + spec.name + ": no " + what);
    if (!is_done(*found)) return error_of(found->status, found->body, "look for " + what);
  }
  return Ok{};
}

// A part of a volume is mounted by its path on the node.
Result<agent::ContainerSpec> DockerEngine::with_folders(agent::ContainerSpec spec) {
  for (agent::Mount& mount : spec.mounts) {
    if (mount.volume.empty() || mount.sub_path.empty()) continue;
    std::string folder = volume_folder(options_.files_folder, mount.volume);
    if (!has_files(folder)) {
      const auto found = get(volume_path(mount.volume));
      if (!found.ok()) return found.error();
      folder = read_mountpoint(found->body);
      if (!is_done(*found) || folder.empty()) {
        return not_found("create container " + spec.name + ": no folder of volume " + mount.volume);
      }
    }
    mount.volume.clear();
    mount.host_path = folder;
  }
  return spec;
}

Result<Ok> DockerEngine::connect_all(const std::string& id, const agent::ContainerSpec& spec,
                                     const std::vector<std::string>& attached) {
  for (const agent::Endpoint& endpoint : spec.endpoints) {
    if (std::find(attached.begin(), attached.end(), endpoint.network) != attached.end()) continue;
    const auto done =
        post(network_path(endpoint.network) + "/connect", write_connect(id, endpoint));
    if (!done.ok()) return done.error();
    if (!is_done(*done)) {
      return error_of(done->status, done->body, "connect to network " + endpoint.network);
    }
  }
  return Ok{};
}

Result<EngineReply> DockerEngine::run(const agent::CreateContainer& op) {
  if (const auto parts = require_parts(op.spec); !parts.ok()) return parts.error();
  const auto spec = with_folders(op.spec);
  if (!spec.ok()) return spec.error();
  std::string path = "/containers/create?name=" + percent_encode(spec->name);
  if (!spec->service.platform.empty()) {
    path += "&platform=" + percent_encode(spec->service.platform);
  }
  const auto created = post(path, write_container(*spec));
  if (!created.ok()) return created.error();
  if (created->status == 409) return reuse_container(*spec);
  if (!is_done(*created)) {
    return error_of(created->status, created->body, "create container " + spec->name);
  }
  const std::string id = read_id(created->body);
  if (id.empty()) return internal("create container: the Docker engine gave no id");
  std::vector<std::string> attached;
  if (!spec->endpoints.empty()) attached.push_back(spec->endpoints.front().network);
  if (const auto done = connect_all(id, *spec, attached); !done.ok()) {
    (void)remove(container_path(id) + "?force=1&v=1");
    return done.error();
  }
  return EngineReply{.id = id};
}

Result<EngineReply> DockerEngine::reuse_container(const agent::ContainerSpec& spec) {
  const auto found = get(container_path(spec.name) + "/json");
  if (!found.ok()) return found.error();
  const auto info = read_container(found->body);
  // A create that failed half way keeps its name for a while (moby #23371).
  if (!is_done(*found) || !info) {
    return conflict("the name " + spec.name + " is reserved by the Docker engine");
  }
  if (!carries(info->labels, spec.labels)) {
    return taken("container", spec.name, info->id, info->labels);
  }
  if (const auto done = connect_all(info->id, spec, info->networks); !done.ok()) {
    return done.error();
  }
  return EngineReply{.id = info->id};
}

Result<EngineReply> DockerEngine::run(const agent::RenameContainer& op) {
  const auto response = post(container_path(op.id) + "/rename?name=" + percent_encode(op.name));
  if (!response.ok()) return response.error();
  if (is_done(*response)) return EngineReply{};
  // The engine refuses a name that the container has already.
  const auto found = get(container_path(op.id) + "/json");
  if (!found.ok()) return found.error();
  const auto info = read_container(found->body);
  if (is_done(*found) && info && info->name == op.name) return EngineReply{};
  return error_of(response->status, response->body, "rename container to " + op.name);
}

namespace {

// An engine that was killed in the middle of a start refuses every later one (seen on 20.10).
bool is_lost_track_of(const std::string& id, const std::string& message) {
  return message.find("task " + id + ": already exists") != std::string::npos ||
         message.find("id already in use") != std::string::npos;
}

// It answers still, but has closed its own store (seen on 20.10).
bool is_shutting_down(const std::string& message) {
  return message.find("failed to update store for object type") != std::string::npos &&
         message.find("open : no such file") != std::string::npos;
}

}  // namespace

Result<EngineReply> DockerEngine::run(const agent::StartContainer& op) {
  const std::string path = container_path(op.id);
  auto response = post(path + "/start");
  if (!response.ok()) return response.error();
  if (response->status == 409 && read_message(response->body).find("paused") != std::string::npos) {
    response = post(path + "/unpause");
    if (!response.ok()) return response.error();
  }
  if (is_done(*response) || response->status == 304) return EngineReply{};
  Error error = error_of(response->status, response->body, "start container");
  const bool is_gone =
      response->status == 404 && error.message.find("No such container") != std::string::npos;
  if (is_shutting_down(error.message)) {
    error.code = Code::kUnavailable;
  } else if (!is_gone && error.code != Code::kUnavailable) {
    error.code = is_lost_track_of(op.id, error.message) ? Code::kConflict : Code::kInvalid;
  }
  return error;
}

Result<EngineReply> DockerEngine::run(const agent::StopContainer& op) {
  const std::int64_t seconds = std::max<std::int64_t>(0, (op.grace_ms + 999) / 1000);
  const auto response = call({.method = Method::kPost,
                              .path = container_path(op.id) + "/stop?t=" + std::to_string(seconds),
                              .deadline = options_.write_limit + std::chrono::seconds(seconds)});
  if (!response.ok()) return response.error();
  if (is_done(*response) || response->status == 304 || response->status == 404) {
    return EngineReply{};
  }
  return error_of(response->status, response->body, "stop container");
}

Result<EngineReply> DockerEngine::run(const agent::RemoveContainer& op) {
  const auto response = remove(container_path(op.id) + "?force=1&v=1");
  if (!response.ok()) return response.error();
  if (is_done(*response) || response->status == 404) return EngineReply{};
  if (response->status != 409) {
    return error_of(response->status, response->body, "remove container");
  }
  // Somebody else is removing it already: it is gone when they are done.
  const auto gone = post(container_path(op.id) + "/wait?condition=removed");
  if (!gone.ok()) return gone.error();
  if (is_done(*gone) || gone->status == 404) return EngineReply{};
  return error_of(gone->status, gone->body, "remove container");
}

Result<EngineReply> DockerEngine::run(const agent::TailLogs& op) {
  const auto lines = std::clamp<std::int64_t>(op.lines, 0, kMaxLogLines);
  LogTail tail(kLogTailBytes);
  std::size_t received = 0;
  const auto response =
      call({.method = Method::kGet,
            .path = container_path(op.id) + "/logs?stdout=1&stderr=1&tail=" + std::to_string(lines),
            .deadline = options_.read_limit,
            .sink = [&](std::string_view bytes) {
              tail.feed(bytes);
              received += bytes.size();
              return received <= kMaxLogBytes;
            }});
  if (!response.ok()) return response.error();
  if (!is_done(*response)) return error_of(response->status, response->body, "read logs");
  return EngineReply{.text = tail.take()};
}

}  // namespace cara::docker
