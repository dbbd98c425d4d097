// Images, networks and volumes; and the order in which things go.
#include <algorithm>
#include <utility>

#include "services/agent/planner.h"

namespace cara::agent {
namespace {

// `a,b,c` has `b`.
bool is_listed(const std::string& list, const std::string& name) {
  return ("," + list + ",").find("," + name + ",") != std::string::npos;
}

}  // namespace

// --- Removing -----------------------------------------------------------------------------------

// What depends on it stops first. Containers tell it themselves: the spec may be gone.
bool Planner::must_wait_for(const ContainerInfo& container, const Containers& leaving) const {
  const std::string service = label(container.labels, kLabelService);
  return std::any_of(leaving.begin(), leaving.end(), [&](const ContainerInfo* other) {
    return is_running(*other) && is_listed(label(other->labels, kLabelAfter), service);
  });
}

void Planner::remove_all(const Containers& leaving) {
  for (const ContainerInfo* container : leaving) {
    if (is_running(*container) && must_wait_for(*container, leaving)) {
      unfinished_ = true;
    } else {
      remove(*container);
    }
  }
}

void Planner::stop(const ContainerInfo& container) {
  if (!may_end(container)) return;
  const std::int64_t grace_ms =
      std::chrono::duration_cast<std::chrono::milliseconds>(grace_of(container)).count();
  const std::string subject = quoted("container", container.name);
  if (want("stop:" + container.id, subject, StopContainer{container.id, grace_ms})) {
    occurred("Stopping", subject + " is asked to end", subject);
  }
}

void Planner::remove(const ContainerInfo& container) {
  if (is_running(container)) return stop(container);
  want("remove:" + container.id, quoted("container", container.name),
       RemoveContainer{container.id});
}

void Planner::remove(const NetworkInfo& network) {
  want("remove-network:" + network.id, quoted("network", network.name), RemoveNetwork{network.id});
}

void Planner::remove(const VolumeInfo& volume) {
  want("remove-volume:" + volume.name, quoted("volume", volume.name), RemoveVolume{volume.name});
}

// Data is kept if the volume was made to be kept, or the spec has come to say so.
bool Planner::is_kept(const VolumeInfo& volume) const {
  const schema::DesiredProject* desired = situation_.desired;
  bool keep = !label(volume.labels, kLabelKeep).empty();
  if (desired == nullptr) return keep;
  if (desired->delete_volumes) return false;
  const std::string name = label(volume.labels, kLabelVolume);
  for (const schema::VolumeDef& wanted : desired->spec.volumes) {
    if (wanted.name == name && wanted.type == schema::VolumeType::kPersistent) keep = true;
  }
  return keep;
}

// --- What containers need -----------------------------------------------------------------------

// True if the images of all services that have no container yet are here.
bool Planner::want_images(const schema::DesiredProject& desired) {
  std::set<std::string> missing;
  for (const schema::ServiceDef& service : desired.spec.services) {
    const std::string key = image_key(service);
    if (slots_[service.name].fit != nullptr || memory_.images.contains(key)) continue;
    if (!missing.insert(key).second) continue;
    want(key, quoted("service", service.name),
         EnsureImage{service.image, service.image_pull_policy, service.platform, desired.name});
    waiting_.push_back("getting image " + service.image);
  }
  return missing.empty();
}

bool Planner::is_used(const std::string& network) const {
  const auto& containers = situation_.seen.containers;
  return std::any_of(containers.begin(), containers.end(), [&](const ContainerInfo& container) {
    const auto& on = container.networks;
    return std::find(on.begin(), on.end(), network) != on.end();
  });
}

// Ids by name, of those that are as the spec says.
void Planner::find_networks(const schema::DesiredProject& desired) {
  for (const schema::NetworkDef& wanted : own_networks(desired.spec)) {
    const std::string name = network_name(desired.name, wanted.name);
    const std::string hash = network_hash(wanted);
    for (const NetworkInfo& network : situation_.seen.networks) {
      const bool fits = network.name == name && belongs_to(network.labels, desired) &&
                        label(network.labels, kLabelSpec) == hash;
      if (!fits) continue;
      std::string& chosen = around_.networks[wanted.name];
      if (chosen.empty() || (!is_used(chosen) && is_used(network.id))) chosen = network.id;
    }
  }
  for (const schema::NetworkDef& wanted : desired.spec.networks) {
    if (wanted.external) around_.networks[wanted.name] = wanted.name;
  }
}

// Names of networks are not unique (moby #20648): an agent that is killed while it makes one, and
// started again, may have made two, and with two no container starts. True: there was none too
// many.
bool Planner::remove_twins(const schema::DesiredProject& desired,
                           const schema::NetworkDef& network) {
  const std::string name = network_name(desired.name, network.name);
  const std::string& kept = around_.networks.at(network.name);
  bool alone = true;
  for (const NetworkInfo& other : situation_.seen.networks) {
    if (other.name != name || other.id == kept) continue;
    alone = false;
    remove(other);
  }
  return alone;
}

// True if nothing stands in the way of containers that go: those that come may have to wait.
bool Planner::want_networks(const schema::DesiredProject& desired) {
  bool complete = true;
  for (const schema::NetworkDef& network : own_networks(desired.spec)) {
    const bool fits = around_.networks.contains(network.name);
    if (!(fits ? remove_twins(desired, network) : want_network(desired, network))) complete = false;
  }
  return complete;
}

bool Planner::want_network(const schema::DesiredProject& desired,
                           const schema::NetworkDef& network) {
  const std::string name = network_name(desired.name, network.name);
  const Observation& seen = situation_.seen;
  const auto outdated = std::find_if(seen.networks.begin(), seen.networks.end(),
                                     [&](const NetworkInfo& other) { return other.name == name; });
  if (outdated == seen.networks.end()) {
    want("network:" + network.name, quoted("network", name),
         CreateNetwork{name, network_labels(situation_.owner, desired, network), network.internal,
                       network.subnet});
    return false;
  }
  // The engine cannot change a network: its containers go, then it is made anew.
  unfinished_ = true;
  if (!is_used(outdated->id) && !is_used(name)) remove(*outdated);
  return true;
}

bool Planner::want_volumes(const schema::DesiredProject& desired) {
  bool complete = true;
  for (const schema::VolumeDef& volume : desired.spec.volumes) {
    if (volume.type == schema::VolumeType::kHostPath) continue;
    const std::string name = volume_name(desired.name, volume.name);
    const std::string content = content_hash(volume);
    const auto& there = situation_.seen.volumes;
    const bool fits = std::any_of(there.begin(), there.end(), [&](const VolumeInfo& other) {
      return other.name == name && other.content == content;
    });
    if (fits) continue;
    want("volume:" + volume.name, quoted("volume", volume.name),
         CreateVolume{name, volume_labels(situation_.owner, desired, volume), volume.files,
                      content});
    complete = false;
  }
  return complete;
}

}  // namespace cara::agent
