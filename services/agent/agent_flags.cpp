#include "services/agent/agent_flags.h"

#include <pwd.h>
#include <spdlog/spdlog.h>
#include <unistd.h>

#include <array>
#include <cstdlib>
#include <filesystem>
#include <set>
#include <utility>

#include "schema/formats.h"
#include "schema/quantity.h"
#include "services/agent/docker/machine.h"

namespace cara::agent {
namespace {

std::string host_name() {
  std::array<char, 256> name{};
  return ::gethostname(name.data(), name.size() - 1) == 0 ? name.data() : "";
}

std::string docker_config_dir() {
  if (const char* home = std::getenv("HOME"); home != nullptr)
    return std::string(home) + "/.docker";
  const passwd* user = ::getpwuid(::getuid());  // services are started without HOME
  return (user == nullptr ? std::string() : user->pw_dir) + "/.docker";
}

host::FlagSpec offline_flag() {
  return {.name = "offline-after",
          .help =
              "an agent that starts and is told nothing for so long goes on from what it was "
              "told last",
          .kind = host::FlagKind::kDuration,
          .default_value = "10s",
          .value_name = "TIME"};
}

// What the node's owner allows and wants.
std::vector<host::FlagSpec> rule_flags() {
  return {{.name = "allow-privileged",
           .help = "run services that ask for less isolation: privileged, added "
                   "capabilities, securityOpt, devices, the node's namespaces",
           .kind = host::FlagKind::kSwitch,
           .default_value = "true"},
          {.name = "allow-host-path",
           .help = "path that HostPath volumes may show, * stands for any text; may be "
                   "repeated; without it: all",
           .kind = host::FlagKind::kList,
           .value_name = "PATTERN"},
          {.name = "restart-backoff-max",
           .help = "longest wait before a crashed service is started again; at most 5m",
           .kind = host::FlagKind::kDuration,
           .default_value = "10s",
           .value_name = "TIME"},
          {.name = "crash-loop-failures",
           .help = "quick failures in a row that make a project Failed",
           .kind = host::FlagKind::kInteger,
           .default_value = "3",
           .value_name = "N"}};
}

// What of the machine projects get.
std::vector<host::FlagSpec> capacity_flags() {
  return {{.name = "reserve-cpu",
           .help = "processors that projects cannot request: 500m, 2",
           .default_value = "100m",
           .value_name = "CPUS"},
          {.name = "reserve-memory",
           .help = "memory that projects cannot request; the default is at most a quarter of the "
                   "machine's",
           .default_value = "256Mi",
           .value_name = "BYTES"},
          {.name = "gpus",
           .help = "GPUs that projects can request; without it: as many as there are "
                   "/dev/nvidia0, ...",
           .kind = host::FlagKind::kInteger,
           .default_value = std::to_string(docker::count_gpus()),
           .value_name = "N"},
          {.name = "disk-pressure-free",
           .help = "no new projects come here while less than this is free where the engine has "
                   "its data: 10%, 20Gi; 0: never; unknown where the agent does not see that "
                   "folder, in a container or over tcp",
           .default_value = "2Gi",
           .value_name = "LEAST"},
          {.name = "memory-pressure-free",
           .help = "no new projects come here while less memory than this is available: 5%, "
                   "100Mi; 0: never",
           .default_value = "100Mi",
           .value_name = "LEAST"}};
}

// The node's router.
std::vector<host::FlagSpec> ingress_flags() {
  return {{.name = "ingress-listen",
           .help = "where this node answers requests to the hosts of projects, of any node: an "
                   "address of the private network; may be repeated; without it there is no "
                   "ingress here",
           .kind = host::FlagKind::kList,
           .value_name = "ADDRESS:PORT"},
          {.name = "ingress-tls-listen",
           .help = "the same, by https and HTTP/2; may be repeated",
           .kind = host::FlagKind::kList,
           .value_name = "ADDRESS:PORT"},
          {.name = "ingress-tls-dir",
           .help = "directory of *.pem, each a certificate chain and its key; read again when it "
                   "changes",
           .value_name = "DIR"},
          {.name = "ingress-metrics-listen",
           .help = "where /metrics of the router is, for Prometheus; always in "
                   "ingress/metrics.sock of --state-dir",
           .value_name = "ADDRESS:PORT"},
          {.name = "haproxy",
           .help = "the router's program: a path, or a name that is looked for",
           .default_value = "haproxy",
           .value_name = "PROGRAM"}};
}

bool read_addresses(const host::Flags& flags, const std::string& name, std::set<std::string>& taken,
                    std::vector<schema::Address>& out) {
  for (const std::string& text : flags.list(name)) {
    const auto address = schema::parse_address(text);
    if (!address) {
      spdlog::error("--{}: {}", name, address.error().message);
      return false;
    }
    if (!taken.insert(schema::to_string(*address)).second) {
      spdlog::error("--{} {}: this address is given twice", name, text);
      return false;
    }
    out.push_back(*address);
  }
  return true;
}

// HAProxy's unix sockets are in the state directory, and their paths cannot be longer.
constexpr std::size_t kMaxStateDirBytes = 80;

// False: something is wrong, and was said so.
bool read_ingress(const host::Flags& flags, std::optional<haproxy::IngressConfig>& out) {
  haproxy::IngressConfig config{.tls_folder = flags.text("ingress-tls-dir"),
                                .program = flags.text("haproxy")};
  std::set<std::string> taken;
  if (!read_addresses(flags, "ingress-listen", taken, config.listen)) return false;
  if (!read_addresses(flags, "ingress-tls-listen", taken, config.tls_listen)) return false;
  const std::string& metrics = flags.text("ingress-metrics-listen");
  if (config.listen.empty()) {
    if (config.tls_listen.empty() && config.tls_folder.empty() && metrics.empty()) return true;
    spdlog::error(
        "--ingress-tls-listen, --ingress-tls-dir and --ingress-metrics-listen need "
        "--ingress-listen");
    return false;
  }
  if (config.tls_listen.empty() != config.tls_folder.empty()) {
    spdlog::error("--ingress-tls-listen and --ingress-tls-dir need each other");
    return false;
  }
  if (!metrics.empty()) {
    const auto address = schema::parse_address(metrics);
    if (!address || taken.contains(schema::to_string(*address))) {
      spdlog::error("--ingress-metrics-listen: {}",
                    address ? metrics + ": this address is given twice" : address.error().message);
      return false;
    }
    config.metrics = *address;
  }
  const std::string state_dir = std::filesystem::absolute(flags.text("state-dir"));
  if (state_dir.size() > kMaxStateDirBytes) {
    spdlog::error("--state-dir {}: with --ingress-listen it has at most {} characters",
                  schema::printable(state_dir), kMaxStateDirBytes);
    return false;
  }
  out = std::move(config);
  return true;
}

std::optional<LeastFree> read_least(const host::Flags& flags, const std::string& name) {
  const auto least = parse_least_free(flags.text(name));
  if (least) return *least;
  spdlog::error("--{}: {}", name, least.error().message);
  return std::nullopt;
}

std::optional<CapacityOptions> read_capacity(const host::Flags& flags) {
  constexpr std::int64_t kNanosPerMilli = 1'000'000;
  const auto cpu = schema::parse_cpu(flags.text("reserve-cpu"));
  if (!cpu || *cpu < 0) {
    spdlog::error("--reserve-cpu {}: expected processors, like 500m or 2",
                  schema::printable(flags.text("reserve-cpu")));
    return std::nullopt;
  }
  const auto memory = schema::parse_memory(flags.text("reserve-memory"));
  if (!memory || *memory < 0) {
    spdlog::error("--reserve-memory {}: expected an amount, like 256Mi or 2Gi",
                  schema::printable(flags.text("reserve-memory")));
    return std::nullopt;
  }
  CapacityOptions capacity{.reserved_cpu_millis = *cpu / kNanosPerMilli,
                           .reserved_memory_bytes = {},
                           .pids = docker::pids_limit(),
                           .gpus = flags.integer("gpus")};
  if (!flags.is_default("reserve-memory")) capacity.reserved_memory_bytes = *memory;
  return capacity;
}

std::optional<std::map<std::string, std::string>> read_labels(
    const std::vector<std::string>& pairs) {
  std::map<std::string, std::string> labels;
  for (const std::string& pair : pairs) {
    const auto equals = pair.find('=');
    if (equals == std::string::npos || equals == 0) {
      spdlog::error("--label {}: expected KEY=VALUE", schema::printable(pair));
      return std::nullopt;
    }
    labels[pair.substr(0, equals)] = pair.substr(equals + 1);
  }
  return labels;
}

std::optional<agent::NodeRules> read_rules(const host::Flags& flags) {
  using namespace std::chrono_literals;
  agent::NodeRules rules{.allow_privileged = flags.enabled("allow-privileged")};
  if (!flags.list("allow-host-path").empty()) rules.host_paths = flags.list("allow-host-path");
  rules.restart.backoff.max = flags.duration("restart-backoff-max");
  if (rules.restart.backoff.max < 1s || rules.restart.backoff.max > 5min) {
    spdlog::error("--restart-backoff-max must be 1s to 5m");
    return std::nullopt;
  }
  const std::int64_t failures = flags.integer("crash-loop-failures");
  if (failures < 1 || failures > 100) {
    spdlog::error("--crash-loop-failures must be 1 to 100");
    return std::nullopt;
  }
  rules.restart.max_quick_failures = static_cast<std::uint32_t>(failures);
  return rules;
}

}  // namespace

host::ProgramSpec program() {
  host::ProgramSpec spec{
      .name = "cara-agent",
      .summary = "Runs the projects of one node in its Docker engine.",
      .flags = {{.name = "node",
                 .help = "name of this node in the cluster",
                 .default_value = host_name(),
                 .value_name = "NAME"},
                {.name = "docker-host",
                 .help = "where the Docker engine listens: unix:///PATH or tcp://HOST:PORT",
                 .default_value = docker::kDefaultHost,
                 .value_name = "URL",
                 .environment = "DOCKER_HOST"},
                {.name = "docker-config",
                 .help = "directory of the config.json with the registries' credentials",
                 .default_value = docker_config_dir(),
                 .value_name = "DIR",
                 .environment = "DOCKER_CONFIG"},
                {.name = "network-pool",
                 .help = "where projects' networks get their subnets from",
                 .default_value = docker::kDefaultNetworkPool,
                 .value_name = "CIDR[,CIDR]"},
                {.name = "network-prefix",
                 .help = "size of each of those subnets",
                 .kind = host::FlagKind::kInteger,
                 .default_value = std::to_string(docker::kDefaultNetworkPrefix),
                 .value_name = "BITS"},
                {.name = "image-max-age",
                 .help = "remove images that this agent has pulled and that nothing has used "
                         "for so long; 0s: never",
                 .kind = host::FlagKind::kDuration,
                 .default_value = "0s",
                 .value_name = "TIME"},
                {.name = "state-dir",
                 .help = "directory of this agent alone",
                 .default_value = "/var/lib/caravanserai/agent",
                 .value_name = "DIR"},
                {.name = "advertise-address",
                 .help = "address under which others reach this node",
                 .value_name = "ADDRESS"},
                {.name = "heartbeat-interval",
                 .help = "time between two signs of life",
                 .kind = host::FlagKind::kDuration,
                 .default_value = "5s",
                 .value_name = "TIME"},
                offline_flag(),
                {.name = "label",
                 .help = "label of this node; may be repeated",
                 .kind = host::FlagKind::kList,
                 .value_name = "KEY=VALUE"}}};
  for (host::FlagSpec& flag : capacity_flags()) spec.flags.push_back(std::move(flag));
  for (host::FlagSpec& flag : rule_flags()) spec.flags.push_back(std::move(flag));
  for (host::FlagSpec& flag : ingress_flags()) spec.flags.push_back(std::move(flag));
  return spec;
}

std::optional<AgentConfig> read_config(const host::Flags& flags) {
  const std::string& node = flags.text("node");
  if (const auto wrong = schema::check_format(schema::Format::kDnsName, node)) {
    spdlog::error("--node {}: {}", schema::printable(node), *wrong);
    return std::nullopt;
  }
  auto labels = read_labels(flags.list("label"));
  auto rules = read_rules(flags);
  const auto capacity = read_capacity(flags);
  const auto disk = read_least(flags, "disk-pressure-free");
  const auto memory = read_least(flags, "memory-pressure-free");
  if (!labels || !rules || !capacity || !disk || !memory) return std::nullopt;
  if (flags.duration("heartbeat-interval") <= std::chrono::milliseconds(0)) {
    spdlog::error("--heartbeat-interval must be longer than nothing");
    return std::nullopt;
  }
  const auto endpoint = docker::parse_endpoint(flags.text("docker-host"));
  if (!endpoint) {
    spdlog::error("--docker-host: {}", endpoint.error().message);
    return std::nullopt;
  }
  const auto pool = docker::parse_pool(flags.text("network-pool"), flags.integer("network-prefix"));
  if (!pool) {
    spdlog::error("--network-pool, --network-prefix: {}", pool.error().message);
    return std::nullopt;
  }
  std::optional<haproxy::IngressConfig> ingress;
  if (!read_ingress(flags, ingress)) return std::nullopt;
  return AgentConfig{
      node,  std::move(*labels), std::move(*rules), *capacity, *disk, *memory, *endpoint,
      *pool, std::move(ingress)};
}

}  // namespace cara::agent
