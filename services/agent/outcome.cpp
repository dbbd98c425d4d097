#include "services/agent/outcome.h"

#include <string>
#include <utility>
#include <vector>

namespace cara::agent {
namespace {

struct Assume {
  const EngineReply& reply;
  Observation& seen;

  ContainerInfo* find(const std::string& id) const {
    for (ContainerInfo& container : seen.containers) {
      if (container.id == id) return &container;
    }
    return nullptr;
  }

  void operator()(const GetInfo&) const {}
  void operator()(const Observe&) const {}
  void operator()(const EnsureImage&) const {}
  void operator()(const TailLogs&) const {}
  void operator()(const CancelPull&) const {}
  void operator()(const CollectImages&) const {}
  void operator()(const CreateNetwork& op) const {
    seen.networks.push_back({reply.id, op.name, op.labels, op.internal, op.subnet});
  }
  void operator()(const RemoveNetwork& op) const {
    std::erase_if(seen.networks, [&](const NetworkInfo& network) { return network.id == op.id; });
  }
  void operator()(const CreateVolume& op) const {
    std::erase_if(seen.volumes, [&](const VolumeInfo& volume) { return volume.name == op.name; });
    seen.volumes.push_back({op.name, op.labels, op.content});
  }
  void operator()(const RemoveVolume& op) const {
    std::erase_if(seen.volumes, [&](const VolumeInfo& volume) { return volume.name == op.name; });
  }
  void operator()(const CreateContainer& op) const {
    ContainerInfo made{.id = reply.id, .name = op.spec.name, .labels = op.spec.labels};
    for (const Endpoint& endpoint : op.spec.endpoints) made.networks.push_back(endpoint.network);
    for (const std::string* id : {&op.spec.network_of, &op.spec.pid_of, &op.spec.ipc_of}) {
      if (!id->empty()) made.joined.push_back(*id);
    }
    seen.containers.push_back(std::move(made));
  }
  void operator()(const StartContainer& op) const {
    if (ContainerInfo* container = find(op.id)) container->state = ContainerState::kRunning;
  }
  void operator()(const StopContainer& op) const {
    if (ContainerInfo* container = find(op.id)) container->state = ContainerState::kExited;
  }
  void operator()(const RenameContainer& op) const {
    if (ContainerInfo* container = find(op.id)) container->name = op.name;
  }
  void operator()(const RemoveContainer& op) const {
    std::erase_if(seen.containers,
                  [&](const ContainerInfo& container) { return container.id == op.id; });
  }
};

}  // namespace

void assume(const EngineOp& op, const EngineReply& reply, Observation& seen) {
  std::visit(Assume{reply, seen}, op);
}

}  // namespace cara::agent
