// ServiceDef: one container of a Project, in Docker's terms for the concepts and camelCase for the
// keys. schema/describe_service.h says which fields are required, their limits and what they mean.
//
// Quantities, durations, ports and modes are kept as they were written and checked by their format
// (schema/formats.h); schema/quantity.h reads them. Empty text means: not said.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "schema/time.h"

namespace cara::schema {

using Texts = std::vector<std::string>;

struct EnvVar {
  std::string name;
  std::string value;
  bool operator==(const EnvVar&) const = default;
};

enum class Protocol { kTcp, kUdp, kSctp };

struct PortDef {
  std::string port;       // in the container: `80`, or a range `8000-8010`
  std::string host_port;  // on the node, as many; empty: not published
  std::string host_ip;    // empty: all addresses of the node
  Protocol protocol = Protocol::kTcp;
  bool operator==(const PortDef&) const = default;
};

struct VolumeMount {
  std::string name;        // of a VolumeDef of the project
  std::string mount_path;  // absolute, inside the container
  bool read_only = false;
  std::string sub_path;  // relative, inside the volume
  bool operator==(const VolumeMount&) const = default;
};

struct TmpfsMount {
  std::string mount_path;
  std::string size;  // quantity
  bool operator==(const TmpfsMount&) const = default;
};

// What the agent does about a container that runs and is unhealthy, beside saying so.
enum class HealthAction { kNone, kRestart };

// What is not said here is what the image says.
struct Healthcheck {
  Texts test;  // `CMD`, program, arguments... or `CMD-SHELL`, line
  std::string interval;
  std::string timeout;
  std::optional<std::int64_t> retries;
  std::string start_period;
  bool disable = false;
  HealthAction action = HealthAction::kNone;
  bool operator==(const Healthcheck&) const = default;
};

// Always: whatever it exits with. OnFailure: exit 0 is done. Never: not a second time.
enum class RestartPolicy { kAlways, kOnFailure, kNever };

enum class DependencyCondition { kStarted, kHealthy, kCompleted };

struct Dependency {
  std::string service;
  DependencyCondition condition = DependencyCondition::kStarted;
  bool optional = false;  // it may be missing, and its failure does not hold this one up
  bool operator==(const Dependency&) const = default;
};

struct ResourceList {
  std::string cpu;     // quantity: `500m`, `2`
  std::string memory;  // quantity: `256Mi`, `1G`
  std::optional<std::int64_t> pids;
  std::optional<std::int64_t> gpus;
  bool operator==(const ResourceList&) const = default;
};

struct Resources {
  ResourceList requests;
  ResourceList limits;
  bool operator==(const Resources&) const = default;
};

enum class ImagePullPolicy { kIfNotPresent, kAlways, kNever };

struct Capabilities {
  Texts add;
  Texts drop;
  bool operator==(const Capabilities&) const = default;
};

struct Ulimit {
  std::string name;
  std::int64_t soft = 0;
  std::optional<std::int64_t> hard;  // as soft
  bool operator==(const Ulimit&) const = default;
};

struct Logging {
  std::string driver;
  std::map<std::string, std::string> options;
  bool operator==(const Logging&) const = default;
};

struct ServiceNetwork {
  std::string name;  // of a NetworkDef of the project, or `default`
  Texts aliases;     // further DNS names there
  std::string ipv4;
  bool operator==(const ServiceNetwork&) const = default;
};

// Words of networkMode, pidMode and ipcMode; `Service:NAME` joins another service's.
inline constexpr const char* kModeBridge = "Bridge";
inline constexpr const char* kModeHost = "Host";
inline constexpr const char* kModeNone = "None";
inline constexpr const char* kModePrivate = "Private";
inline constexpr const char* kModeShareable = "Shareable";
inline constexpr const char* kDefaultNetwork = "default";

struct ServiceDef {
  std::string name;   // DNS name on the project's networks
  std::string image;  // verbatim
  ImagePullPolicy image_pull_policy = ImagePullPolicy::kIfNotPresent;
  std::string platform;  // `linux/arm64`
  Texts entrypoint;
  Texts command;
  std::vector<EnvVar> env;
  std::string working_dir;
  std::string user;
  Texts group_add;
  bool init = false;
  bool tty = false;
  bool stdin_open = false;
  std::string stop_signal;
  std::string stop_grace_period = "10s";

  RestartPolicy restart_policy = RestartPolicy::kAlways;
  std::vector<Dependency> depends_on;
  std::optional<Healthcheck> healthcheck;
  std::optional<Resources> resources;

  std::vector<VolumeMount> volume_mounts;
  std::vector<TmpfsMount> tmpfs;
  std::string shm_size;  // quantity
  Texts devices;         // `/dev/host:/dev/container:rwm`
  bool read_only_root_filesystem = false;

  std::string network_mode = kModeBridge;
  std::vector<ServiceNetwork> networks;  // empty: the default one
  Texts aliases;                         // further DNS names, on every network
  std::vector<PortDef> ports;
  std::string hostname;
  Texts extra_hosts;  // `name:address`
  Texts dns;

  bool privileged = false;
  Capabilities capabilities;
  Texts security_opt;
  std::vector<Ulimit> ulimits;
  std::map<std::string, std::string> sysctls;
  std::string pid_mode;
  std::string ipc_mode;
  std::string runtime;
  std::optional<Logging> logging;
  std::map<std::string, std::string> labels;
  // Its containers are of this time or later: what `caractrl restart` sets. A manifest that does
  // not say it leaves it as it is.
  std::optional<Timestamp> restarted_at;
  bool operator==(const ServiceDef&) const = default;
};

// NAME of a mode `Service:NAME`; empty for every other mode.
std::string joined_service(const std::string& mode);
// Services whose container this one's is made with: those of its modes.
std::vector<std::string> joined_services(const ServiceDef& service);
// dependsOn, and the services that it joins.
std::vector<Dependency> dependencies_of(const ServiceDef& service);
// Exit code 0 is done: its policy is not Always, or another service waits for its completion.
bool is_one_shot(const std::vector<ServiceDef>& services, const ServiceDef& service);
// What two containers of it side by side would fight for: `a host port`; nothing if they can stand
// so, as StartFirst needs. Whether they can share their volumes is not asked here.
std::optional<std::string> what_stands_alone(const ServiceDef& service);
// Null if there is none of that name.
const ServiceDef* find_service(const std::vector<ServiceDef>& services, const std::string& name);

}  // namespace cara::schema
