#include "schema/changes.h"

#include <algorithm>
#include <map>

#include "schema/made_from.h"
#include "schema/service.h"

namespace cara::schema {
namespace {

constexpr const char* kMadeElsewhere = "external";

// Networks by name, and what each is made from.
std::map<std::string, std::string> networks_of(const ProjectSpec& spec) {
  std::map<std::string, std::string> networks;
  for (const NetworkDef& network : own_networks(spec)) {
    networks[network.name] = network_hash(network);
  }
  for (const NetworkDef& network : spec.networks) {
    if (network.external) networks[network.name] = kMadeElsewhere;
  }
  return networks;
}

template <class Part>
const Part* find_part(const std::vector<Part>& parts, const std::string& name) {
  const auto found =
      std::find_if(parts.begin(), parts.end(), [&](const Part& part) { return part.name == name; });
  return found == parts.end() ? nullptr : &*found;
}

// One spec takes the place of another.
class Comparison {
 public:
  Comparison(const ProjectSpec& before, const ProjectSpec& after)
      : before_(before),
        after_(after),
        old_networks_(networks_of(before)),
        networks_(networks_of(after)) {}

  SpecChanges take() && {
    for (const ServiceDef& service : after_.services) {
      result_.services.push_back(judge(service));
    }
    follow_joined();
    for (const ServiceDef& service : before_.services) {
      if (find_service(after_.services, service.name) != nullptr) continue;
      result_.services.push_back({service.name, ServiceFate::kRemove, ""});
    }
    compare_volumes();
    compare_networks();
    compare_ingress();
    return std::move(result_);
  }

 private:
  ServiceChange judge(const ServiceDef& service) const {
    const ServiceDef* old = find_service(before_.services, service.name);
    if (old == nullptr) return {service.name, ServiceFate::kCreate, ""};
    const std::string network = other_network(service, *old);
    const bool same = spec_hash(before_, *old) == spec_hash(after_, service);
    if (same && network.empty()) {
      return {service.name, *old == service ? ServiceFate::kKeep : ServiceFate::kAdjust, ""};
    }
    // Side by side they have to be on the same networks.
    const bool start_first = network.empty() && may_start_first(after_, service);
    return {service.name, start_first ? ServiceFate::kStartFirst : ServiceFate::kStopFirst,
            same ? "network " + network + " is made anew" : ""};
  }

  // One that it is on, and that its container is not on; empty: none.
  std::string other_network(const ServiceDef& service, const ServiceDef& old) const {
    const std::vector<ServiceNetwork> was_on = memberships(old);
    for (const ServiceNetwork& membership : memberships(service)) {
      const auto before = old_networks_.find(membership.name);
      const auto after = networks_.find(membership.name);
      const bool same = before != old_networks_.end() && after != networks_.end() &&
                        before->second == after->second;
      if (!same || find_part(was_on, membership.name) == nullptr) return membership.name;
    }
    return "";
  }

  // A container that shares a namespace of another one is made with that very container.
  void follow_joined() {
    const auto is_other = [&](const std::string& name) {
      const auto* change = find_part(result_.services, name);
      return change != nullptr && change->fate != ServiceFate::kKeep &&
             change->fate != ServiceFate::kAdjust;
    };
    for (bool again = true; again;) {
      again = false;
      for (std::size_t i = 0; i < after_.services.size(); ++i) {
        ServiceChange& change = result_.services[i];
        if (is_other(change.name)) continue;
        for (const std::string& joined : joined_services(after_.services[i])) {
          if (!is_other(joined)) continue;
          change = {change.name, ServiceFate::kStopFirst, "it shares a namespace of " + joined};
          again = true;
        }
      }
    }
  }

  void add(const char* kind, const std::string& name, PartFate fate) {
    result_.parts.push_back({kind, name, fate});
  }

  // Volumes of the engine; folders of the node are neither made nor removed.
  void compare_volumes() {
    const auto is_made = [](const VolumeDef* volume) {
      return volume != nullptr && volume->type != VolumeType::kHostPath;
    };
    for (const VolumeDef& volume : after_.volumes) {
      const VolumeDef* old = find_part(before_.volumes, volume.name);
      if (!is_made(&volume)) continue;
      if (!is_made(old)) {
        add("volume", volume.name, PartFate::kCreate);
      } else if (*old != volume) {
        add("volume", volume.name, PartFate::kChange);
      }
    }
    for (const VolumeDef& old : before_.volumes) {
      if (!is_made(&old) || is_made(find_part(after_.volumes, old.name))) continue;
      const bool kept = old.type == VolumeType::kPersistent;
      add("volume", old.name, kept ? PartFate::kLeave : PartFate::kRemove);
    }
  }

  void compare_networks() {
    for (const auto& [name, made_from] : networks_) {
      const auto old = old_networks_.find(name);
      const bool was_own = old != old_networks_.end() && old->second != kMadeElsewhere;
      if (made_from == kMadeElsewhere) {
        if (was_own) add("network", name, PartFate::kRemove);
      } else if (!was_own) {
        add("network", name, PartFate::kCreate);
      } else if (old->second != made_from) {
        add("network", name, PartFate::kReplace);
      }
    }
    for (const auto& [name, made_from] : old_networks_) {
      if (made_from == kMadeElsewhere || networks_.contains(name)) continue;
      add("network", name, PartFate::kRemove);
    }
  }

  void compare_ingress() {
    for (const IngressDef& rule : after_.ingress) {
      const IngressDef* old = find_part(before_.ingress, rule.name);
      if (old == nullptr) {
        add("ingress", rule.name, PartFate::kCreate);
      } else if (*old != rule) {
        add("ingress", rule.name, PartFate::kChange);
      }
    }
    for (const IngressDef& old : before_.ingress) {
      if (find_part(after_.ingress, old.name) == nullptr) {
        add("ingress", old.name, PartFate::kRemove);
      }
    }
  }

  const ProjectSpec& before_;
  const ProjectSpec& after_;
  const std::map<std::string, std::string> old_networks_;
  const std::map<std::string, std::string> networks_;
  SpecChanges result_;
};

}  // namespace

SpecChanges changes_between(const ProjectSpec& before, const ProjectSpec& after) {
  return Comparison(before, after).take();
}

}  // namespace cara::schema
