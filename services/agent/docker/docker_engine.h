// DockerEngine: agent::Engine on a real Docker engine (API 1.24 and later), by its HTTP API.
#pragma once

#include <chrono>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "services/agent/docker/docker_json.h"
#include "services/agent/docker/http.h"
#include "services/agent/docker/image_ledger.h"
#include "services/agent/docker/subnets.h"
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
  std::chrono::milliseconds progress_every{1'000};  // at most, for each pull
  std::string docker_config;                        // directory with config.json; empty: none
  SubnetPool network_pool;
  std::function<std::vector<Subnet>()> routes = host_routes;  // what networks keep away from
  std::string pulled_images;  // what save_images was given last, in an earlier life
  std::function<void(const std::string&)> save_images;
  // Of the machine that the engine is on, as far as this process sees it.
  std::function<agent::Readings(const std::string& data_folder)> readings;
};

// How far a pull is, in a sentence; on the thread of the pull.
using PullProgress = std::function<void(const std::string& ticket, const std::string& image,
                                        const std::string& text)>;

// The newest API we are tested with; an older engine's own is spoken instead.
inline constexpr const char* kNewestApi = "1.44";

// Any thread, many calls at once.
class DockerEngine : public agent::Engine {
 public:
  explicit DockerEngine(DockerOptions options);

  // REQUIRES: nothing is executed yet.
  void on_progress(PullProgress callback) { on_progress_ = std::move(callback); }

  Result<agent::EngineReply> execute(const agent::EngineOp& op) override;

  // --- For streams/, any thread
  // The path gets the negotiated version in front.
  Result<HttpResponse> call(HttpRequest request) { return call(std::move(request), nullptr); }
  // `/v1.41`; asks the engine if it is not known, or no longer.
  Result<std::string> version_prefix();

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
  Reply run(const agent::CancelPull& op);
  Reply run(const agent::CollectImages& op);

  // Over `stream` if there is one, so that it can be cancelled.
  Result<HttpResponse> call(HttpRequest request, HttpStream* stream);
  Result<HttpResponse> get(const std::string& path);
  Result<HttpResponse> post(const std::string& path, const std::string& body = "");
  Result<HttpResponse> remove(const std::string& path);
  // `amd64`; asks if it is not known.
  Result<std::string> architecture();
  void forget_version();

  Result<std::vector<agent::ContainerInfo>> observe_containers(const agent::Observe& op);
  Reply ensure_image(const agent::EnsureImage& op, HttpStream& stream);
  Result<std::optional<ImageFacts>> look_for(const std::string& image, HttpStream* stream);
  Result<Ok> pull(const agent::EnsureImage& op, HttpStream& stream);
  Result<bool> remove_image(const PulledImage& image);
  Reply make_network(agent::CreateNetwork op, const std::vector<ListedNetwork>& others);
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
  std::string version_;       // under version_mutex_; empty: not known
  std::string architecture_;  // under version_mutex_, of the same answer
  PullProgress on_progress_;
  ImageLedger images_;
  std::mutex pulls_mutex_;
  std::multimap<std::string, HttpStream*> pulls_;  // that run, by ticket; under pulls_mutex_
};

// The version to speak with an engine that speaks `newest` and at least `oldest`.
Result<std::string> choose_api(const std::string& newest, const std::string& oldest);

}  // namespace cara::docker
