// cara-agent: flags, state directory, engine, bus, actor.
#include <spdlog/spdlog.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <map>
#include <optional>
#include <string>

#include "schema/formats.h"
#include "services/agent/agent.h"
#include "services/agent/docker/docker_engine.h"
#include "services/agent/docker/events.h"
#include "services/agent/state_dir.h"
#include "services/runtime/host/clock.h"
#include "services/runtime/host/main_support.h"

namespace {

using namespace cara;

std::string host_name() {
  std::array<char, 256> name{};
  return ::gethostname(name.data(), name.size() - 1) == 0 ? name.data() : "";
}

host::ProgramSpec program() {
  return {.name = "cara-agent",
          .summary = "Runs the projects of one node in its Docker engine.",
          .positionals_help = "",
          .flags = {{.name = "node",
                     .help = "name of this node in the cluster",
                     .default_value = host_name(),
                     .value_name = "NAME"},
                    {.name = "docker-host",
                     .help = "where the Docker engine listens: unix:///PATH or tcp://HOST:PORT",
                     .default_value = docker::kDefaultHost,
                     .value_name = "URL",
                     .environment = "DOCKER_HOST"},
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
                    {.name = "label",
                     .help = "label of this node; may be repeated",
                     .kind = host::FlagKind::kList,
                     .value_name = "KEY=VALUE"}}};
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

int run(const host::Flags& flags) {
  const std::string& node = flags.text("node");
  if (const auto wrong = schema::check_format(schema::Format::kDnsName, node)) {
    spdlog::error("--node {}: {}", schema::printable(node), *wrong);
    return host::kExitUsage;
  }
  const auto labels = read_labels(flags.list("label"));
  if (!labels) return host::kExitUsage;
  if (flags.duration("heartbeat-interval") <= std::chrono::milliseconds(0)) {
    spdlog::error("--heartbeat-interval must be longer than nothing");
    return host::kExitUsage;
  }
  const auto endpoint = docker::parse_endpoint(flags.text("docker-host"));
  if (!endpoint) {
    spdlog::error("--docker-host: {}", endpoint.error().message);
    return host::kExitUsage;
  }
  runtime::IdSource ids(host::random_seed());
  const auto state = agent::StateDir::open(flags.text("state-dir"), ids.next());
  if (!state) {
    spdlog::error("{}", state.error().message);
    return 1;
  }

  docker::DockerEngine engine({.endpoint = *endpoint});
  host::NatsHost bus(host::bus_options(flags, {schema::Role::kAgent, schema::node_token(node)}));
  bus.serve_local(
      agent::kEngineSubject,
      [&engine](std::string_view body) -> Result<runtime::Payload> {
        const auto op = agent::decode_op(body);
        if (!op) return op.error();
        return agent::encode(engine.execute(*op));
      },
      agent::kEngineWorkers);
  const docker::EventWatch events(*endpoint, node, [&bus](const agent::EngineEvent& event) {
    bus.post(runtime::Delivered{agent::kEngineEventSubject, agent::encode(event), {}});
  });
  agent::Agent actor({.node = node,
                      .agent_id = state->agent_id(),
                      .agent_version = CARA_VERSION,
                      .advertise_address = flags.text("advertise-address"),
                      .labels = *labels,
                      .heartbeat_every = flags.duration("heartbeat-interval")});
  return host::run_process(bus, actor);
}

}  // namespace

int main(int argc, char** argv) {
  const auto start = host::start_process(program(), argc, argv);
  if (start.exit_code) return *start.exit_code;
  return run(start.flags);
}
