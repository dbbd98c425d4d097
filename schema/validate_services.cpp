#include "schema/validate_services.h"

#include <algorithm>
#include <limits>
#include <map>
#include <set>
#include <string>
#include <tuple>

#include "schema/formats.h"
#include "schema/quantity.h"
#include "schema/time.h"
#include "schema/words.h"

namespace cara::schema {
namespace {

using Errors = std::vector<FieldError>;

std::string item(const std::string& list, std::size_t index) {
  return list + "[" + std::to_string(index) + "]";
}

std::string quoted(const std::string& name) { return "`" + printable(name) + "`"; }

std::string listed(const std::set<std::string>& names) {
  return names.empty() ? "none" : joined({names.begin(), names.end()});
}

template <class T>
std::set<std::string> names_of(const std::vector<T>& all) {
  std::set<std::string> names;
  for (const T& each : all) names.insert(each.name);
  return names;
}

// --- One service --------------------------------------------------------------------------------

class ServiceCheck {
 public:
  ServiceCheck(const ProjectSpec& spec, const ServiceDef& service, std::string path, Errors& errors)
      : spec_(spec), service_(service), path_(std::move(path)), errors_(errors) {}

  void run() {
    check_mounts();
    check_mode();
    check_memberships();
    check_references();
    check_ports();
    check_health();
    check_resources();
    check_ulimits();
    check_labels();
  }

 private:
  void fail(const std::string& field, std::string message) {
    errors_.push_back({path_ + "." + field, std::move(message)});
  }
  void check_mounts();
  void check_mode();
  void check_memberships();
  void check_references();
  void check_ports();
  void check_health();
  void check_resources();
  void check_ulimits();
  void check_labels();

  const ProjectSpec& spec_;
  const ServiceDef& service_;
  const std::string path_;
  Errors& errors_;
};

void ServiceCheck::check_mounts() {
  std::set<std::string> paths;
  for (std::size_t i = 0; i < service_.volume_mounts.size(); ++i) {
    const VolumeMount& mount = service_.volume_mounts[i];
    const std::string field = item("volumeMounts", i);
    paths.insert(mount.mount_path);
    const auto volume =
        std::find_if(spec_.volumes.begin(), spec_.volumes.end(),
                     [&](const VolumeDef& each) { return each.name == mount.name; });
    if (volume == spec_.volumes.end()) {
      fail(field + ".name", "no volume " + quoted(mount.name) +
                                " in spec.volumes; there are: " + listed(names_of(spec_.volumes)));
    } else if (volume->type == VolumeType::kConfig && !mount.sub_path.empty() &&
               !volume->files.contains(mount.sub_path)) {
      fail(field + ".subPath",
           "volume " + quoted(mount.name) + " has no file " + quoted(mount.sub_path));
    }
  }
  for (std::size_t i = 0; i < service_.tmpfs.size(); ++i) {
    if (!paths.contains(service_.tmpfs[i].mount_path)) continue;
    fail(item("tmpfs", i) + ".mountPath",
         quoted(service_.tmpfs[i].mount_path) + " is in volumeMounts, too");
  }
}

// What a service without networks of its own cannot have.
void ServiceCheck::check_mode() {
  const std::string& mode = service_.network_mode;
  if (mode == kModeBridge) return;
  const std::string why = "cannot be used with networkMode " + mode;
  if (!service_.networks.empty()) fail("networks", why);
  if (!service_.aliases.empty()) fail("aliases", why);
  const auto published = [](const PortDef& port) { return !port.host_port.empty(); };
  if (std::any_of(service_.ports.begin(), service_.ports.end(), published)) {
    fail("ports", why + ": nothing can be published");
  }
  if (joined_service(mode).empty()) return;
  if (!service_.hostname.empty()) fail("hostname", why);
  if (!service_.dns.empty()) fail("dns", why);
  if (!service_.extra_hosts.empty()) fail("extraHosts", why);
}

void ServiceCheck::check_memberships() {
  for (std::size_t i = 0; i < service_.networks.size(); ++i) {
    const ServiceNetwork& membership = service_.networks[i];
    const std::string field = item("networks", i);
    const auto network =
        std::find_if(spec_.networks.begin(), spec_.networks.end(),
                     [&](const NetworkDef& each) { return each.name == membership.name; });
    const bool known = network != spec_.networks.end();
    if (!known && membership.name != kDefaultNetwork) {
      std::set<std::string> names = names_of(spec_.networks);
      names.insert(kDefaultNetwork);
      fail(field + ".name", "no network " + quoted(membership.name) +
                                " in spec.networks; there are: " + listed(names));
    } else if (!membership.ipv4.empty() &&
               (!known || (network->subnet.empty() && !network->external))) {
      fail(field + ".ipv4", "needs a subnet in spec.networks for " + quoted(membership.name));
    }
  }
}

void ServiceCheck::check_references() {
  const std::set<std::string> services = names_of(spec_.services);
  const auto check = [&](const std::string& field, const std::string& name, bool optional) {
    if (name.empty()) return;  // said already
    if (name == service_.name) {
      fail(field, "is the service itself");
    } else if (!optional && !services.contains(name)) {
      fail(field,
           "no service " + quoted(name) + " in spec.services; there are: " + listed(services));
    }
  };
  for (std::size_t i = 0; i < service_.depends_on.size(); ++i) {
    const Dependency& dependency = service_.depends_on[i];
    check(item("dependsOn", i) + ".service", dependency.service, dependency.optional);
  }
  const auto check_join = [&](const char* field, const std::string& mode) {
    if (const std::string name = joined_service(mode); !name.empty()) check(field, name, false);
  };
  check_join("networkMode", service_.network_mode);
  check_join("pidMode", service_.pid_mode);
  check_join("ipcMode", service_.ipc_mode);
  const ServiceDef* shared = find_service(spec_.services, joined_service(service_.ipc_mode));
  if (shared != nullptr && shared->ipc_mode != kModeShareable && shared->ipc_mode != kModeHost) {
    fail("ipcMode", "needs ipcMode Shareable on service " + quoted(shared->name));
  }
}

void ServiceCheck::check_ports() {
  for (std::size_t i = 0; i < service_.ports.size(); ++i) {
    const PortDef& port = service_.ports[i];
    const std::string field = item("ports", i);
    const auto inside = parse_ports(port.port);
    const auto outside = parse_ports(port.host_port);
    if (inside && outside && inside->count() != outside->count()) {
      fail(field + ".hostPort", "has " + std::to_string(outside->count()) + " ports for " +
                                    std::to_string(inside->count()));
    }
    if (port.host_port.empty() && !port.host_ip.empty()) {
      fail(field + ".hostIP", "needs a hostPort");
    }
  }
}

void ServiceCheck::check_health() {
  if (!service_.healthcheck) return;
  const Healthcheck& health = *service_.healthcheck;
  if (!health.test.empty()) {
    const std::string& kind = health.test.front();
    if (kind != "CMD" && kind != "CMD-SHELL") {
      fail("healthcheck.test", "must begin with CMD or CMD-SHELL, not " + quoted(kind));
    } else if (health.test.size() < 2 || (kind == "CMD-SHELL" && health.test.size() > 2)) {
      fail("healthcheck.test",
           kind == "CMD" ? "needs a program behind CMD" : "needs one line behind CMD-SHELL");
    }
    if (health.disable) fail("healthcheck.test", "cannot be used with disable");
  }
  // Docker refuses shorter ones.
  const auto check_time = [&](const char* field, const std::string& text) {
    const auto ms = parse_duration_ms(text.empty() ? "1s" : text);
    if (ms && *ms < 1) fail(std::string("healthcheck.") + field, "must be at least 1ms");
  };
  check_time("interval", health.interval);
  check_time("timeout", health.timeout);
}

void ServiceCheck::check_resources() {
  if (!service_.resources) return;
  const ResourceList& requests = service_.resources->requests;
  const ResourceList& limits = service_.resources->limits;
  const auto check = [&](const char* field, const auto& request, const auto& limit) {
    if (request && limit && *request > *limit) {
      fail(std::string("resources.requests.") + field, "is more than the limit");
    }
  };
  check("cpu", parse_cpu(requests.cpu), parse_cpu(limits.cpu));
  check("memory", parse_memory(requests.memory), parse_memory(limits.memory));
  check("pids", requests.pids, limits.pids);
  check("gpus", requests.gpus, limits.gpus);
  constexpr std::int64_t kDockersLeast = 6 * 1024 * 1024;
  if (const auto memory = parse_memory(limits.memory); memory && *memory < kDockersLeast) {
    fail("resources.limits.memory", "must be at least 6Mi");
  }
  constexpr std::int64_t kDockersLeastCpu = 10'000'000;
  if (const auto cpu = parse_cpu(limits.cpu); cpu && *cpu < kDockersLeastCpu) {
    fail("resources.limits.cpu", "must be at least 10m");
  }
}

void ServiceCheck::check_ulimits() {
  constexpr std::int64_t kNone = std::numeric_limits<std::int64_t>::max();
  const auto amount = [](std::int64_t limit) { return limit < 0 ? kNone : limit; };
  for (std::size_t i = 0; i < service_.ulimits.size(); ++i) {
    const Ulimit& limit = service_.ulimits[i];
    if (!limit.hard || amount(limit.soft) <= amount(*limit.hard)) continue;
    fail(item("ulimits", i) + ".hard", "is less than soft");
  }
}

void ServiceCheck::check_labels() {
  for (const auto& [key, value] : service_.labels) {
    if (key.starts_with("cara.")) {
      fail("labels." + printable(key), "begins with cara., which is ours");
    }
  }
}

// --- All services together ----------------------------------------------------------------------

// The services on a way from `name` back to itself; empty if there is none.
std::vector<std::string> find_cycle(const ProjectSpec& spec, const std::string& name,
                                    std::map<std::string, int>& state,
                                    std::vector<std::string>& way) {
  constexpr int kOpen = 1, kDone = 2;
  if (state[name] == kDone) return {};
  way.push_back(name);
  if (state[name] == kOpen) return {std::find(way.begin(), way.end(), name), way.end()};
  state[name] = kOpen;
  if (const ServiceDef* service = find_service(spec.services, name)) {
    for (const Dependency& dependency : dependencies_of(*service)) {
      auto cycle = find_cycle(spec, dependency.service, state, way);
      if (!cycle.empty()) return cycle;
    }
  }
  state[name] = kDone;
  way.pop_back();
  return {};
}

void check_cycles(const ProjectSpec& spec, Errors& errors) {
  std::map<std::string, int> state;
  for (std::size_t i = 0; i < spec.services.size(); ++i) {
    std::vector<std::string> way;
    const auto cycle = find_cycle(spec, spec.services[i].name, state, way);
    if (cycle.size() < 3) continue;  // itself: said already
    std::string text;
    for (const std::string& name : cycle) text += (text.empty() ? "" : " -> ") + name;
    errors.push_back({item("spec.services", i) + ".dependsOn", "goes round: " + text});
    return;
  }
}

void check_host_ports(const ProjectSpec& spec, Errors& errors) {
  std::map<std::tuple<Protocol, std::int64_t>, std::vector<std::pair<std::string, std::string>>>
      taken;  // -> address, path
  for (std::size_t i = 0; i < spec.services.size(); ++i) {
    for (std::size_t j = 0; j < spec.services[i].ports.size(); ++j) {
      const PortDef& port = spec.services[i].ports[j];
      const std::string path = item(item("spec.services", i) + ".ports", j);
      const auto range = parse_ports(port.host_port);
      if (!range) continue;
      for (std::int64_t number = range->first; number <= range->last; ++number) {
        auto& holders = taken[{port.protocol, number}];
        const auto other = std::find_if(holders.begin(), holders.end(), [&](const auto& holder) {
          return holder.first.empty() || port.host_ip.empty() || holder.first == port.host_ip;
        });
        if (other != holders.end()) {
          errors.push_back({path + ".hostPort",
                            std::to_string(number) + " is used before, in " + other->second});
          break;
        }
        holders.emplace_back(port.host_ip, path);
      }
    }
  }
}

}  // namespace

void check_volumes(const ProjectSpec& spec, Errors& errors) {
  for (std::size_t i = 0; i < spec.volumes.size(); ++i) {
    const VolumeDef& volume = spec.volumes[i];
    const std::string path = item("spec.volumes", i);
    const bool host_path = volume.type == VolumeType::kHostPath;
    const bool config = volume.type == VolumeType::kConfig;
    if (host_path && volume.path.empty()) errors.push_back({path + ".path", "is required"});
    if (!host_path && !volume.path.empty()) {
      errors.push_back({path + ".path", "belongs to type HostPath"});
    }
    if (config && volume.files.empty()) errors.push_back({path + ".files", "is required"});
    if (!config && !volume.files.empty()) {
      errors.push_back({path + ".files", "belongs to type Config"});
    }
  }
}

void check_networks(const ProjectSpec& spec, Errors& errors) {
  for (std::size_t i = 0; i < spec.networks.size(); ++i) {
    const NetworkDef& network = spec.networks[i];
    const std::string path = item("spec.networks", i);
    if (!network.external) continue;
    if (network.name == kDefaultNetwork) {
      errors.push_back({path + ".external", "the default network is always the project's own"});
    }
    if (network.internal) errors.push_back({path + ".internal", "is not ours to say: external"});
    if (!network.subnet.empty()) {
      errors.push_back({path + ".subnet", "is not ours to say: external"});
    }
  }
}

void check_services(const ProjectSpec& spec, Errors& errors) {
  for (std::size_t i = 0; i < spec.services.size(); ++i) {
    ServiceCheck(spec, spec.services[i], item("spec.services", i), errors).run();
  }
  check_cycles(spec, errors);
  check_host_ports(spec, errors);
}

void check_ingress(const ProjectSpec& spec, Errors& errors) {
  const std::set<std::string> services = names_of(spec.services);
  for (std::size_t i = 0; i < spec.ingress.size(); ++i) {
    const std::string& target = spec.ingress[i].target.service;
    if (target.empty() || services.contains(target)) continue;
    errors.push_back(
        {item("spec.ingress", i) + ".target.service",
         "no service " + quoted(target) + " in spec.services; there are: " + listed(services)});
  }
}

void check_tolerations(const ProjectSpec& spec, Errors& errors) {
  for (std::size_t i = 0; i < spec.tolerations.size(); ++i) {
    const Toleration& toleration = spec.tolerations[i];
    const bool exists = toleration.op == TolerationOperator::kExists;
    const std::string path = item("spec.tolerations", i);
    if (toleration.key.empty() && !exists) {
      errors.push_back({path + ".key", "is required, unless operator is Exists: then all taints"});
    }
    if (exists && !toleration.value.empty()) {
      errors.push_back({path + ".value", "does not go with operator Exists: any value is meant"});
    }
  }
}

void check_update_policy(const ProjectSpec& spec, Errors& errors) {
  const auto deadline = parse_duration_ms(spec.update_policy.healthy_deadline);
  if (deadline && *deadline < 1000) {
    errors.push_back({"spec.updatePolicy.healthyDeadline", "must be at least 1s"});
  }
  if (spec.update_policy.order != UpdateOrder::kStartFirst) return;
  for (const ServiceDef& service : spec.services) {
    const auto what = what_stands_alone(service);
    if (!what) continue;
    errors.push_back({"spec.updatePolicy.order", "service " + quoted(service.name) +
                                                     " cannot run twice at once: it has " + *what +
                                                     "; use Auto or StopFirst"});
  }
}

}  // namespace cara::schema
