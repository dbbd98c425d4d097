// ModelEngine's operations on images, networks and volumes.
#include <algorithm>
#include <utility>

#include "tests/sim/model_engine.h"
#include "tests/sim/model_engine_parts.h"

namespace cara::sim {

using agent::ContainerState;
using agent::EngineReply;

Result<EngineReply> ModelEngine::run(const agent::EnsureImage& op) {
  const auto found = images_.find(op.image);
  const bool pulls = op.policy == agent::PullPolicy::kAlways || !has_image(op.image);
  if (pulls && op.policy == agent::PullPolicy::kNever) {
    return not_found("image " + op.image + " is not on this node, and its pull policy is Never");
  }
  if (found == images_.end() || (pulls && found->second.source == Source::kLocal)) {
    return not_found("pull image " + op.image + ": no such image");
  }
  Image& image = found->second;
  if (!image.present) image.pulled = true;
  image.present = true;
  image.last_used = now_;
  return EngineReply{.id = "sha256:" + op.image};
}

// A pull is over when it has begun.
Result<EngineReply> ModelEngine::run(const agent::CancelPull&) { return EngineReply{}; }

Result<EngineReply> ModelEngine::run(const agent::CollectImages& op) {
  EngineReply reply;
  for (auto& [name, image] : images_) {
    const bool named = std::find(op.keep.begin(), op.keep.end(), name) != op.keep.end();
    const bool used = std::any_of(containers_.begin(), containers_.end(), [&](const auto& each) {
      return each.second.spec.service.image == name;
    });
    if (named || used) image.last_used = now_;
    const bool is_old = after(image.last_used, op.max_age_ms) <= now_;
    if (named || used || !is_old || !image.present || !image.pulled) continue;
    image.present = false;
    image.pulled = false;
    reply.text += name + "\n";
  }
  return reply;
}

Result<EngineReply> ModelEngine::run(const agent::CreateNetwork& op) {
  bool is_taken = false;
  for (const auto& [id, network] : networks_) {
    if (network.name != op.name) continue;
    if (carries(network.labels, op.labels)) return EngineReply{.id = id};
    is_taken = true;
  }
  if (is_taken) return taken("network", op.name);
  const std::string id = next_id();
  for (const auto& [other_id, other] : networks_) {
    if (!op.subnet.empty() && other.subnet == op.subnet) {
      return invalid("create network " + op.name + ": the subnet " + op.subnet +
                     " overlaps that of network " + other.name);
    }
  }
  networks_[id] = {.id = id,
                   .name = op.name,
                   .labels = op.labels,
                   .internal = op.internal,
                   .subnet = op.subnet.empty() ? free_subnet() : op.subnet};
  return EngineReply{.id = id};
}

// The first that no network has, as Docker does: of one that was removed the next one takes it.
std::string ModelEngine::free_subnet() const {
  for (int i = 0;; ++i) {
    const std::string subnet =
        "10." + std::to_string(200 + i / 256) + "." + std::to_string(i % 256) + ".0/24";
    const bool used = std::any_of(networks_.begin(), networks_.end(), [&](const auto& network) {
      return network.second.subnet == subnet;
    });
    if (!used) return subnet;
  }
}

// Of its first network, the lowest that nobody has; empty: it is in no network of its own.
std::string ModelEngine::free_address(const agent::ContainerSpec& spec) const {
  if (spec.endpoints.empty()) return "";
  const std::string& first = spec.endpoints.front().network;
  const auto network = std::find_if(networks_.begin(), networks_.end(), [&](const auto& each) {
    return each.first == first || each.second.name == first;
  });
  const std::string& subnet = network->second.subnet;
  const std::string prefix = subnet.substr(0, subnet.rfind('.') + 1);
  for (int i = 2;; ++i) {
    std::string address = prefix + std::to_string(i);
    const bool used = std::any_of(containers_.begin(), containers_.end(), [&](const auto& each) {
      return each.second.info.address == address;
    });
    if (!used) return address;
  }
}

Result<EngineReply> ModelEngine::run(const agent::RemoveNetwork& op) {
  const auto network = networks_.find(op.id);
  if (network == networks_.end()) return EngineReply{};
  for (const auto& [id, container] : containers_) {
    const bool attached = is_up(container) || container.info.state == ContainerState::kPaused;
    const auto& on = container.info.networks;
    if (attached && std::find(on.begin(), on.end(), op.id) != on.end()) {
      return conflict("network " + op.id + " is still used by container " + container.info.name);
    }
  }
  const agent::Labels labels = network->second.labels;
  networks_.erase(network);
  announce(labels, "network destroy");
  return EngineReply{};
}

Result<EngineReply> ModelEngine::run(const agent::CreateVolume& op) {
  const auto [volume, made] =
      volumes_.try_emplace(op.name, agent::VolumeInfo{op.name, op.labels, ""});
  if (!made && !carries(volume->second.labels, op.labels)) return taken("volume", op.name);
  if (!op.files.empty()) volume->second.content = op.content;
  return EngineReply{.id = op.name};
}

Result<EngineReply> ModelEngine::run(const agent::RemoveVolume& op) {
  for (const auto& [id, container] : containers_) {
    for (const agent::Mount& mount : container.spec.mounts) {
      if (mount.volume == op.name) {
        return conflict("remove volume " + op.name + ": it is used by " + container.info.name);
      }
    }
  }
  if (volumes_.erase(op.name) > 0 && sink_) sink_({.project = "", .action = "volume destroy"});
  return EngineReply{};
}

}  // namespace cara::sim
