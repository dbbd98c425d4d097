// DockerEngine: agent::Engine on a real Docker engine (API 1.24 and later), by its HTTP API.
#pragma once

#include <chrono>
#include <mutex>
#include <string>
#include <vector>

#include "services/agent/docker/http.h"
#include "services/agent/engine.h"

namespace cara::docker {

struct DockerOptions {
  Endpoint endpoint;
  // How long the engine may take for one call before it counts as hung.
  std::chrono::milliseconds read_limit{10'000};
  std::chrono::milliseconds write_limit{60'000};
  // One stuck container must not hide the others: what an inspect does not tell in this time is
  // taken from the list.
  std::chrono::milliseconds inspect_limit{3'000};
  std::chrono::milliseconds pull_limit = std::chrono::hours(1);
  std::chrono::seconds pull_stall_limit{300};
  // Where the files of volumes are kept; the engine must see the same folder.
  std::string files_folder;
};

// The newest API we are tested with; an older engine's own is spoken instead.
inline constexpr const char* kNewestApi = "1.44";

// Any thread, many calls at once.
class DockerEngine : public agent::Engine {
 public:
  explicit DockerEngine(DockerOptions options);

  Result<agent::EngineReply> execute(const agent::EngineOp& op) override;

 private:
  using Reply = Result<agent::EngineReply>;

  Reply run(const agent::GetInfo& op);
  Reply run(const agent::Observe& op);
  Reply run(const agent::EnsureImage& op);
  Reply run(const agent::CreateNetwork& op);
  Reply run(const agent::RemoveNetwork& op);
  Reply run(const agent::CreateVolume& op);
  Reply run(const agent::RemoveVolume& op);
  Reply run(const agent::CreateContainer& op);
  Reply run(const agent::StartContainer& op);
  Reply run(const agent::StopContainer& op);
  Reply run(const agent::RemoveContainer& op);
  Reply run(const agent::RenameContainer& op);
  Reply run(const agent::TailLogs& op);

  // The path gets the negotiated version in front.
  Result<HttpResponse> call(HttpRequest request);
  Result<HttpResponse> get(const std::string& path);
  Result<HttpResponse> post(const std::string& path, const std::string& body = "");
  Result<HttpResponse> remove(const std::string& path);
  // `/v1.41`; asks the engine if it is not known, or no longer.
  Result<std::string> version_prefix();
  void forget_version();

  Result<std::vector<agent::ContainerInfo>> observe_containers(const agent::Labels& labels);
  Reply pull(const std::string& image);
  Reply reuse_container(const agent::ContainerSpec& spec);
  Result<Ok> require_parts(const agent::ContainerSpec& spec);
  Result<agent::ContainerSpec> with_folders(agent::ContainerSpec spec);
  Result<Ok> connect_all(const std::string& id, const agent::ContainerSpec& spec,
                         const std::vector<std::string>& attached);
  Result<Ok> disconnect_forgotten(const std::string& network);

  DockerOptions options_;
  HttpClient http_;
  std::mutex network_mutex_;  // held over "is there one? no: make one"; names are not unique
  std::mutex version_mutex_;
  std::string version_;  // under version_mutex_; empty: not known
};

// The version to speak with an engine that speaks `newest` and at least `oldest`.
Result<std::string> choose_api(const std::string& newest, const std::string& oldest);

}  // namespace cara::docker
