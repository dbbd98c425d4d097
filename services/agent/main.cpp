// cara-agent: flags, state directory, engine, bus, actor.
#include <spdlog/spdlog.h>

#include <chrono>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>

#include "services/agent/agent.h"
#include "services/agent/agent_flags.h"
#include "services/agent/docker/docker_engine.h"
#include "services/agent/docker/events.h"
#include "services/agent/docker/machine.h"
#include "services/agent/docker/streams/stream_server.h"
#include "services/agent/ingress/haproxy_ingress.h"
#include "services/agent/state_dir.h"
#include "services/agent/stream_opener.h"
#include "services/runtime/host/clock.h"
#include "services/runtime/host/main_support.h"

namespace {

using namespace cara;

// In the state directory.
constexpr const char* kPulledImages = "pulled-images";
constexpr const char* kVolumeFiles = "volumes";
constexpr const char* kIngressFolder = "ingress";

// What an earlier life was told last; nothing if it cannot be used.
std::optional<agent::DesiredCache> read_cache(const agent::StateDir& state,
                                              const std::string& node) {
  const std::string bytes = state.read(agent::kDesiredCacheFile);
  if (bytes.empty()) return std::nullopt;
  auto cache = agent::decode_cache(bytes, node);
  if (cache) return std::move(*cache);
  spdlog::warn("the cached desired set (`{}` in --state-dir) is ignored: {}",
               agent::kDesiredCacheFile, cache.error().message);
  return std::nullopt;
}

void serve_engine(host::NatsHost& bus, agent::Engine& engine) {
  bus.serve_local(
      agent::kEngineSubject,
      [&engine](std::string_view body) -> Result<runtime::Payload> {
        const auto op = agent::decode_op(body);
        if (!op) return op.error();
        // The process may have been stopped (SIGSTOP) since the agent asked for it.
        if (auto late = agent::is_too_late(*op, host::now().mono.us)) return *late;
        return agent::encode(engine.execute(*op));
      },
      agent::kEngineWorkers);
}

void serve_state(host::NatsHost& bus, const agent::StateDir& state) {
  bus.serve_local(
      agent::kStateSubject,
      [&state](std::string_view body) -> Result<runtime::Payload> {
        const auto written = state.write(agent::kDesiredCacheFile, std::string(body));
        if (!written) return written.error();
        return runtime::Payload();
      },
      1);
}

void serve_streams(host::NatsHost& bus, docker::StreamServer& streams) {
  bus.serve_local(
      agent::kStreamSubject, [&streams](std::string_view body) { return streams.serve(body); },
      agent::kStreamWorkers);
}

// The node's router, if it has one.
std::unique_ptr<haproxy::HaproxyIngress> start_ingress(
    host::NatsHost& bus, const std::optional<haproxy::IngressConfig>& config,
    const std::string& state_dir) {
  const std::string folder = std::filesystem::absolute(state_dir) / kIngressFolder;
  if (!config) {
    if (haproxy::end_leftover(folder)) {
      spdlog::info("without --ingress-listen: the HAProxy of before ends with its last connection");
    }
    return nullptr;
  }
  const auto tell_agent = [&bus](const agent::IngressEvent& event) {
    bus.post(runtime::Delivered{agent::kIngressEventSubject, agent::encode(event), {}});
  };
  return std::make_unique<haproxy::HaproxyIngress>(haproxy::HaproxyIngress::Options{
      .folder = folder,
      .config = *config,
      .on_event = tell_agent,
      .say = [](const std::string& sentence) { spdlog::warn("ingress: {}", sentence); }});
}

// What the cluster is told of it.
std::optional<schema::NodeIngress> listens(const std::optional<haproxy::IngressConfig>& config) {
  if (!config) return std::nullopt;
  schema::NodeIngress ingress{.address = schema::to_string(config->listen.front()),
                              .port = config->listen.front().port};
  if (!config->tls_listen.empty()) ingress.tls_port = config->tls_listen.front().port;
  return ingress;
}

void serve_ingress(host::NatsHost& bus, agent::Ingress& ingress) {
  bus.serve_local(
      agent::kIngressSubject,
      [&ingress](std::string_view body) -> Result<runtime::Payload> {
        const auto op = agent::decode_ingress_op(body);
        if (!op) return op.error();
        return agent::encode(ingress.execute(*op));
      },
      1);
}

int run(const host::Flags& flags) {
  const auto config = agent::read_config(flags);
  if (!config) return host::kExitUsage;
  const std::string& node = config->node;
  runtime::IdSource ids(host::random_seed());
  const auto state =
      host::take_lock([&] { return agent::StateDir::open(flags.text("state-dir"), ids.next()); });
  if (!state) {
    spdlog::error("{}", state.error().message);
    return 1;
  }
  const std::string files = std::filesystem::absolute(flags.text("state-dir")) / kVolumeFiles;
  docker::DockerEngine engine({.endpoint = config->endpoint,
                               .files_folder = files,
                               .docker_config = flags.text("docker-config"),
                               .network_pool = config->pool,
                               .pulled_images = state->read(kPulledImages),
                               .save_images =
                                   [&state](const std::string& text) {
                                     const auto saved = state->write(kPulledImages, text);
                                     if (!saved) spdlog::warn("{}", saved.error().message);
                                   },
                               .readings =
                                   [&config](const std::string& data_folder) {
                                     return docker::read_machine(config->endpoint, data_folder,
                                                                 config->pool);
                                   }});
  const auto bus_options =
      host::bus_options(flags, {schema::Role::kAgent, schema::node_token(node)});
  docker::StreamServer streams(
      engine,
      {.endpoint = config->endpoint,
       .node = node,
       .say = [](const std::string& sentence) { spdlog::warn("{}", sentence); }},
      {.url = bus_options.url,
       .client_name = bus_options.client_name + " streams",
       .connect_timeout = bus_options.connect_timeout,
       .access = bus_options.access});
  host::NatsHost bus(bus_options);
  const auto tell_agent = [&bus](const agent::EngineEvent& event) {
    bus.post(runtime::Delivered{agent::kEngineEventSubject, agent::encode(event), {}});
  };
  engine.on_progress([tell_agent](const std::string& ticket, const std::string& image,
                                  const std::string& text) {
    tell_agent({.project = ticket, .action = agent::kPullProgress, .message = image + ": " + text});
  });
  serve_engine(bus, engine);
  serve_state(bus, *state);
  serve_streams(bus, streams);
  const auto ingress = start_ingress(bus, config->ingress, flags.text("state-dir"));
  if (ingress) serve_ingress(bus, *ingress);
  const docker::EventWatch events(config->endpoint, node, tell_agent);
  agent::Agent actor({.node = node,
                      .agent_id = state->agent_id(),
                      .machine_id = docker::machine_id(),
                      .boot_id = docker::boot_id(),
                      .agent_version = CARA_VERSION,
                      .advertise_address = flags.text("advertise-address"),
                      .labels = config->labels,
                      .ingress = listens(config->ingress),
                      .capacity = config->capacity,
                      .least_disk = config->least_disk,
                      .least_memory = config->least_memory,
                      .rules = config->rules,
                      .heartbeat_every = flags.duration("heartbeat-interval"),
                      .image_max_age = flags.duration("image-max-age"),
                      .offline_after = flags.duration("offline-after")},
                     read_cache(*state, node));
  return host::run_process(bus, actor);
}

int run(int argc, char** argv) {
  const auto start = host::start_process(agent::program(), argc, argv);
  if (start.exit_code) return *start.exit_code;
  return run(start.flags);
}

}  // namespace

int main(int argc, char** argv) { host::end_process(run(argc, argv)); }
