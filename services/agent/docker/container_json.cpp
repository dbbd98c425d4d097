// A container as Docker's create call wants it: POST /containers/create.
#include <nlohmann/json.hpp>
#include <string>
#include <utility>

#include "schema/quantity.h"
#include "schema/time.h"
#include "services/agent/docker/docker_json.h"

namespace cara::docker {

using nlohmann::json;
using schema::ServiceDef;

namespace {

constexpr const char* kLogMaxSize = "10m";
constexpr const char* kLogMaxFiles = "3";
// A runaway container must not take the node's processes with it.
constexpr std::int64_t kPidsLimit = 4096;
constexpr std::int64_t kSharesPerCpu = 1024;
constexpr std::int64_t kLeastShares = 2;
// The engine refuses to promise less.
constexpr std::int64_t kLeastMemory = 6 * 1024 * 1024;
constexpr std::int64_t kBillion = 1'000'000'000;

std::string protocol_of(const schema::PortDef& port) {
  switch (port.protocol) {
    case schema::Protocol::kTcp:
      return "/tcp";
    case schema::Protocol::kUdp:
      return "/udp";
    case schema::Protocol::kSctp:
      return "/sctp";
  }
  return "/tcp";
}

void write_ports(const ServiceDef& service, json& body, json& host) {
  for (const schema::PortDef& port : service.ports) {
    const auto inside = schema::parse_ports(port.port);
    const auto outside = schema::parse_ports(port.host_port);
    if (!inside) continue;
    for (std::int64_t i = 0; i < inside->count(); ++i) {
      const std::string key = std::to_string(inside->first + i) + protocol_of(port);
      body["ExposedPorts"][key] = json::object();
      if (!outside) continue;
      host["PortBindings"][key].push_back(
          {{"HostIp", port.host_ip}, {"HostPort", std::to_string(outside->first + i)}});
    }
  }
}

void write_health(const ServiceDef& service, json& body) {
  if (!service.healthcheck) return;
  const schema::Healthcheck& health = *service.healthcheck;
  json out = json::object();
  if (health.disable) {
    out["Test"] = json::array({"NONE"});
  } else if (!health.test.empty()) {
    out["Test"] = health.test;
  }
  const auto nanoseconds = [&out](const char* key, const std::string& text) {
    const auto ms = parse_duration_ms(text);
    if (!text.empty() && ms) out[key] = *ms * 1'000'000;
  };
  nanoseconds("Interval", health.interval);
  nanoseconds("Timeout", health.timeout);
  nanoseconds("StartPeriod", health.start_period);
  if (health.retries) out["Retries"] = *health.retries;
  if (!out.empty()) body["Healthcheck"] = std::move(out);
}

void write_resources(const ServiceDef& service, json& host) {
  host["PidsLimit"] = kPidsLimit;
  if (!service.resources) return;
  const schema::ResourceList& requests = service.resources->requests;
  const schema::ResourceList& limits = service.resources->limits;
  if (const auto cpu = schema::parse_cpu(limits.cpu)) host["NanoCpus"] = *cpu;
  if (const auto cpu = schema::parse_cpu(requests.cpu)) {
    host["CpuShares"] = std::max(kLeastShares, *cpu * kSharesPerCpu / kBillion);
  }
  if (const auto memory = schema::parse_memory(limits.memory)) host["Memory"] = *memory;
  if (const auto memory = schema::parse_memory(requests.memory)) {
    host["MemoryReservation"] = std::max(kLeastMemory, *memory);
  }
  if (limits.pids) host["PidsLimit"] = *limits.pids;
  if (const auto gpus = limits.gpus ? limits.gpus : requests.gpus) {
    host["DeviceRequests"] =
        json::array({{{"Count", *gpus}, {"Capabilities", json::array({json::array({"gpu"})})}}});
  }
}

// `/dev/a`, `/dev/a:/dev/b`, `/dev/a:rw`, `/dev/a:/dev/b:rw`
json device_of(const std::string& text) {
  std::vector<std::string> parts{""};
  for (const char c : text) {
    if (c == ':') {
      parts.emplace_back();
    } else {
      parts.back().push_back(c);
    }
  }
  std::string permissions = "rwm";
  if (parts.size() > 1 && !parts.back().starts_with('/')) {
    permissions = parts.back();
    parts.pop_back();
  }
  return {{"PathOnHost", parts.front()},
          {"PathInContainer", parts.back()},
          {"CgroupPermissions", permissions}};
}

void write_storage(const agent::ContainerSpec& spec, json& host) {
  json mounts = json::array();
  for (const agent::Mount& mount : spec.mounts) {
    if (mount.volume.empty()) {
      // Not a mount of type bind: that one fails where the folder is missing.
      std::string path = mount.host_path;
      if (!mount.sub_path.empty()) path += "/" + mount.sub_path;
      host["Binds"].push_back(path + ":" + mount.path + (mount.read_only ? ":ro" : ""));
      continue;
    }
    json out{{"Type", "volume"}, {"Source", mount.volume}, {"Target", mount.path}};
    if (mount.read_only) out["ReadOnly"] = true;
    mounts.push_back(std::move(out));
  }
  host["Mounts"] = std::move(mounts);
  for (const schema::TmpfsMount& tmpfs : spec.service.tmpfs) {
    const auto size = schema::parse_memory(tmpfs.size);
    host["Tmpfs"][tmpfs.mount_path] = size ? "size=" + std::to_string(*size) : "";
  }
  if (const auto size = schema::parse_memory(spec.service.shm_size)) host["ShmSize"] = *size;
  for (const std::string& device : spec.service.devices) {
    host["Devices"].push_back(device_of(device));
  }
  if (spec.service.read_only_root_filesystem) host["ReadonlyRootfs"] = true;
}

std::string namespace_mode(const std::string& mode, const std::string& container) {
  if (!container.empty()) return "container:" + container;
  std::string docker = mode;
  for (char& c : docker) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c + ('a' - 'A'));
  }
  return docker;
}

void write_networking(const agent::ContainerSpec& spec, json& body, json& host) {
  const ServiceDef& service = spec.service;
  if (service.network_mode != schema::kModeBridge) {
    host["NetworkMode"] = namespace_mode(service.network_mode, spec.network_of);
  } else if (!spec.endpoints.empty()) {
    // The engine takes one network here; the others are connected before the start.
    const agent::Endpoint& first = spec.endpoints.front();
    json config{{"Aliases", first.aliases}};
    if (!first.ipv4.empty()) config["IPAMConfig"] = {{"IPv4Address", first.ipv4}};
    host["NetworkMode"] = first.network;
    body["NetworkingConfig"]["EndpointsConfig"][first.network] = std::move(config);
  }
  // What shares another's network exposes nothing of its own: the engine refuses it.
  if (spec.network_of.empty()) write_ports(service, body, host);
  if (!service.hostname.empty()) body["Hostname"] = service.hostname;
  if (!service.extra_hosts.empty()) host["ExtraHosts"] = service.extra_hosts;
  if (!service.dns.empty()) host["Dns"] = service.dns;
}

// Setuid programs gain nothing, unless the manifest says so.
json security_options(const ServiceDef& service) {
  json options = service.security_opt;
  if (!options.is_array()) options = json::array();
  bool said = service.privileged;
  for (const std::string& option : service.security_opt) {
    if (option.starts_with("no-new-privileges")) said = true;
  }
  if (!said) options.push_back("no-new-privileges");
  return options;
}

void write_isolation(const agent::ContainerSpec& spec, json& host) {
  const ServiceDef& service = spec.service;
  if (service.privileged) host["Privileged"] = true;
  if (!service.capabilities.add.empty()) host["CapAdd"] = service.capabilities.add;
  if (!service.capabilities.drop.empty()) host["CapDrop"] = service.capabilities.drop;
  host["SecurityOpt"] = security_options(service);
  for (const schema::Ulimit& limit : service.ulimits) {
    host["Ulimits"].push_back(
        {{"Name", limit.name}, {"Soft", limit.soft}, {"Hard", limit.hard.value_or(limit.soft)}});
  }
  if (!service.sysctls.empty()) host["Sysctls"] = service.sysctls;
  if (!service.pid_mode.empty()) host["PidMode"] = namespace_mode(service.pid_mode, spec.pid_of);
  if (!service.ipc_mode.empty()) host["IpcMode"] = namespace_mode(service.ipc_mode, spec.ipc_of);
  if (!service.runtime.empty()) host["Runtime"] = service.runtime;
  if (!service.group_add.empty()) host["GroupAdd"] = service.group_add;
  if (service.logging) {
    host["LogConfig"] = {{"Type", service.logging->driver}, {"Config", service.logging->options}};
  } else {
    host["LogConfig"] = {{"Type", "json-file"},
                         {"Config", {{"max-size", kLogMaxSize}, {"max-file", kLogMaxFiles}}}};
  }
}

void write_process(const agent::ContainerSpec& spec, json& body, json& host) {
  const ServiceDef& service = spec.service;
  json env = json::array();
  for (const schema::EnvVar& variable : service.env) {
    env.push_back(variable.name + "=" + variable.value);
  }
  body["Image"] = service.image;
  body["Env"] = std::move(env);
  if (!service.entrypoint.empty()) body["Entrypoint"] = service.entrypoint;
  if (!service.command.empty()) body["Cmd"] = service.command;
  if (!service.working_dir.empty()) body["WorkingDir"] = service.working_dir;
  if (!service.user.empty()) body["User"] = service.user;
  if (service.tty) body["Tty"] = true;
  if (service.stdin_open) body["OpenStdin"] = true;
  if (service.init) host["Init"] = true;
  if (!service.stop_signal.empty()) body["StopSignal"] = service.stop_signal;
  if (const auto grace = parse_duration_ms(service.stop_grace_period)) {
    body["StopTimeout"] = (*grace + 999) / 1000;
  }
  body["Labels"] = service.labels;
  for (const auto& [key, value] : spec.labels) body["Labels"][key] = value;
}

}  // namespace

std::string write_container(const agent::ContainerSpec& spec) {
  json body = json::object();
  json host{{"RestartPolicy", {{"Name", "no"}}}};
  write_process(spec, body, host);
  write_health(spec.service, body);
  write_resources(spec.service, host);
  write_storage(spec, host);
  write_networking(spec, body, host);
  write_isolation(spec, host);
  body["HostConfig"] = std::move(host);
  return body.dump(-1, ' ', false, json::error_handler_t::replace);
}

}  // namespace cara::docker
