#include "tests/sim/cluster.h"

#include <algorithm>
#include <utility>

#include "schema/check.h"
#include "schema/wire.h"
#include "services/agent/agent.h"
#include "services/apiserver/apiserver.h"
#include "services/gc/gc.h"
#include "services/scheduler/scheduler.h"

namespace cara::sim {
namespace {

constexpr std::uint64_t kLargestBootOffsetS = 1'000'000;
constexpr std::int64_t kLargestWallOffsetMs = 3'600'000;  // an hour either way [E41]

template <class Object>
std::map<std::string, Object> read_all(apiserver::Store& store, std::string_view kind) {
  std::map<std::string, Object> objects;
  CARA_CHECK(store.begin().ok());
  const auto done = store.walk(kind, "", [&objects](const apiserver::Packed& packed) {
    auto object = schema::unpack_message<Object>(packed.body);
    CARA_CHECK(object.ok());
    objects.emplace(packed.name, std::move(*object));
    return apiserver::Walk::kOn;
  });
  CARA_CHECK(done.ok());
  store.rollback();
  return objects;
}

}  // namespace

Cluster::Cluster(ClusterOptions options)
    : options_(std::move(options)), random_({3, options_.seed}), world_(options_.seed) {
  store_ =
      disk_.open({.cluster = kClusterId, .hop_key = kHopKey, .max_changes = options_.max_changes});
  add_apiserver();
  for (int i = 1; i <= options_.schedulers; ++i) add_scheduler(i);
  for (int i = 1; i <= options_.gcs; ++i) add_gc(i);
  for (int i = 1; i <= options_.nodes; ++i) add_node(i);
  if (options_.client_names.empty()) return;
  add_client();
  add_operator();
  add_reader();
}

void Cluster::start_all() {
  for (const std::string& name : world_.names()) {
    if (!world_.is_running(name)) world_.start(name);
  }
}

void Cluster::set_disk_full(bool full) {
  if (disk_.is_full() == full) return;
  world_.trace().add({world_.now(), kApiserver, full ? "disk is full" : "disk has room", "", ""});
  disk_.set_full(full);
  disk_free_since_ = world_.now();
}

void Cluster::fail_next_commit() {
  disk_.fail_next_commit([this] {
    world_.trace().add({world_.now(), kApiserver, "disk fails", "", ""});
    world_.trace().faults.count(Fault::kDiskFails);
  });
}

std::optional<MonoTime> Cluster::apiserver_well_since() const {
  const auto well = world_.well_since(kApiserver);
  if (!well || disk_.is_full()) return std::nullopt;
  return std::max(*well, disk_free_since_);
}

ProcessSpec Cluster::process(const std::string& name, schema::Role role, const std::string& id) {
  ProcessSpec spec;
  spec.name = name;
  spec.identity = {role, id};
  if (!options_.same_clocks) {
    spec.boot_offset = std::chrono::seconds(random_.below(kLargestBootOffsetS));
  }
  return spec;
}

void Cluster::set_wall_clock(ProcessSpec& spec) {
  if (options_.same_clocks) return;
  spec.wall_offset_ms =
      static_cast<std::int64_t>(random_.below(2 * kLargestWallOffsetMs)) - kLargestWallOffsetMs;
}

void Cluster::add_apiserver() {
  ProcessSpec spec = process(kApiserver, schema::Role::kApiserver, "sim");
  spec.make = [this](runtime::Seed seed) {
    return std::make_unique<apiserver::ApiServer>(*store_, options_.apiserver, seed);
  };
  world_.add(std::move(spec));
}

void Cluster::add_scheduler(int number) {
  const std::string id = "s" + std::to_string(number);
  ProcessSpec spec = process(scheduler(number), schema::Role::kSched, id);
  set_wall_clock(spec);
  spec.make = [id](runtime::Seed) {
    return std::make_unique<scheduler::Scheduler>(scheduler::SchedulerOptions{.id = id});
  };
  world_.add(std::move(spec));
}

void Cluster::add_gc(int number) {
  const std::string id = "g" + std::to_string(number);
  ProcessSpec spec = process(gc(number), schema::Role::kGc, id);
  set_wall_clock(spec);
  spec.make = [id](runtime::Seed) { return std::make_unique<gc::Gc>(gc::GcOptions{.id = id}); };
  world_.add(std::move(spec));
}

void Cluster::add_node(int number) {
  const std::string node = "n" + std::to_string(number);
  node_names_.push_back(node);
  auto engine = std::make_unique<ModelEngine>(world_.wall());
  engine->add_image(kGoodImage, {}, Source::kRegistry);
  if (options_.node_memory > 0) engine->machine().memory_bytes = options_.node_memory;
  add_decoys(*engine);
  engine->set_event_sink([this, node](const agent::EngineEvent& event) {
    world_.engine_event(agent_of(node), event);
  });
  engines_[node] = std::move(engine);
  agent_ids_[node] = "agent-id-" + node;

  ProcessSpec spec = process(agent_of(node), schema::Role::kAgent, schema::node_token(node));
  set_wall_clock(spec);
  spec.make = [this, node, number](runtime::Seed) {
    agent::AgentOptions options;
    options.node = node;
    options.agent_id = agent_ids_[node];
    options.boot_id = node + "-" + std::to_string(boots_[node]);
    if (options_.zones)
      options.labels[kZone] = kZones[static_cast<std::size_t>(number) % kZones.size()];
    if (routers_.contains(node)) {
      options.ingress = schema::NodeIngress{.address = ingress_of(node), .port = 80};
    }
    options.heartbeat_every = std::chrono::seconds(1);
    options.pull_every = std::chrono::seconds(10);
    options.observe_every = std::chrono::seconds(5);
    options.offline_after = std::chrono::seconds(2);
    auto cache = agent::decode_cache(caches_[node], node);
    return std::make_unique<agent::Agent>(
        std::move(options), cache.ok() ? std::optional(std::move(*cache)) : std::nullopt);
  };
  spec.keep = [this, node](const std::string& bytes) { caches_[node] = bytes; };
  spec.engine = [this, node](const agent::EngineOp& op) {
    auto reply = engine_of(node).execute(op);
    watch_engine(node);
    return reply;
  };
  if (number <= options_.ingresses) add_router(node, spec);
  world_.add(std::move(spec));
}

void Cluster::add_router(const std::string& node, ProcessSpec& spec) {
  ModelIngress& router = routers_[node];
  spec.ingress = [&router](const agent::IngressOp& op) { return router.execute(op); };
}

void Cluster::add_client() {
  ProcessSpec spec = process("client", schema::Role::kAdmin, "client");
  spec.make = [this](runtime::Seed seed) {
    auto client = std::make_unique<Client>(
        ClientOptions{
            .id = "client", .names = options_.client_names, .every = options_.client_every},
        seed);
    client_ = client.get();
    return client;
  };
  world_.add(std::move(spec));
}

void Cluster::add_operator() {
  ProcessSpec spec = process("operator", schema::Role::kAdmin, "operator");
  spec.make = [this](runtime::Seed seed) {
    auto made = std::make_unique<Operator>(
        OperatorOptions{.id = "operator", .nodes = node_names_, .projects = options_.client_names},
        seed);
    operator_ = made.get();
    return made;
  };
  world_.add(std::move(spec));
}

void Cluster::add_reader() {
  ProcessSpec spec = process("reader", schema::Role::kViewer, "reader");
  spec.make = [this](runtime::Seed seed) {
    return std::make_unique<Reader>(
        ReaderOptions{.id = "reader", .projects = options_.client_names}, seed);
  };
  world_.add(std::move(spec));
}

bool Cluster::moves_held() {
  CARA_CHECK(store_->begin().ok());
  const auto held = store_->held();
  CARA_CHECK(held.ok());
  store_->rollback();
  return held->of > 0 && !held->allowed;
}

ModelEngine& Cluster::engine_of(const std::string& node) {
  ModelEngine& engine = *engines_.at(node);
  engine.advance(world_.wall());
  return engine;
}

ModelIngress* Cluster::router_of(const std::string& node) {
  const auto router = routers_.find(node);
  return router == routers_.end() ? nullptr : &router->second;
}

void Cluster::set_router_trouble(const std::string& node, const std::string& trouble) {
  ModelIngress& router = routers_.at(node);
  if (router.trouble == trouble) return;
  router.trouble = trouble;
  router.under_way.clear();
  world_.trace().add({world_.now(), agent_of(node), "router", trouble, ""});
  world_.ingress_event(agent_of(node), {trouble});
}

void Cluster::reboot(const std::string& node) {
  world_.crash(agent_of(node));
  if (ModelIngress* router = router_of(node)) *router = {};
  ++boots_[node];
  engine_of(node).reboot();
}

void Cluster::reinstall(const std::string& node, Disk disk) {
  reboot(node);
  agent_ids_[node] = "agent-id-" + node + "-" + std::to_string(++installations_);
  caches_[node].clear();
  if (disk == Disk::kEngineKept) return;
  const agent::Observation ours = observe(node);
  ModelEngine& engine = engine_of(node);
  for (const auto& each : ours.containers) {
    CARA_CHECK(engine.execute(agent::RemoveContainer{each.id}).ok());
  }
  for (const auto& each : ours.networks) {
    CARA_CHECK(engine.execute(agent::RemoveNetwork{each.id}).ok());
  }
  for (const auto& each : ours.volumes) {
    CARA_CHECK(engine.execute(agent::RemoveVolume{each.name}).ok());
  }
}

// Containers end and become healthy by themselves: somebody has to let the time pass for them.
void Cluster::watch_engine(const std::string& node) {
  const auto next = engines_.at(node)->next_change();
  if (!next) return;
  const auto wait =
      std::chrono::milliseconds(std::max<std::int64_t>(next->ms - world_.wall().ms, 1));
  world_.timeline().after(wait, [this, node] {
    const auto before = engines_.at(node)->next_change();
    if (engine_of(node).next_change() != before) watch_engine(node);
  });
}

agent::Observation Cluster::observe(const std::string& node) {
  auto reply = engine_of(node).execute(agent::Observe{{{agent::kLabelCluster, kClusterId}}});
  CARA_CHECK(reply.ok());
  return std::move(reply->observation);
}

agent::Observation Cluster::everything(const std::string& node) {
  auto reply = engine_of(node).execute(agent::Observe{});
  CARA_CHECK(reply.ok());
  return std::move(reply->observation);
}

std::map<std::string, schema::Project> Cluster::projects() {
  return read_all<schema::Project>(*store_, "project");
}

std::map<std::string, schema::Node> Cluster::nodes() {
  return read_all<schema::Node>(*store_, "node");
}

void add_decoys(ModelEngine& engine) {
  const agent::Labels others{{"com.docker.compose.project", "other"}};
  const agent::Labels other_cluster{{agent::kLabelProject, "p1"},
                                    {agent::kLabelNode, "n1"},
                                    {agent::kLabelCluster, "another"},
                                    {agent::kLabelUid, "u"},
                                    {agent::kLabelAssignment, "1"}};
  engine.add_image("decoy:1", {});
  const auto network = engine.execute(agent::CreateNetwork{"cara-decoy", others});
  CARA_CHECK(network.ok());
  CARA_CHECK(engine.execute(agent::CreateVolume{"cara-decoy-data", others}).ok());
  CARA_CHECK(engine.execute(agent::CreateVolume{"cara-other-data", other_cluster}).ok());
  for (const agent::Labels& labels : {others, other_cluster}) {
    agent::ContainerSpec spec;
    spec.name = "decoy-" + std::to_string(labels.size());
    spec.service.image = "decoy:1";
    spec.endpoints = {{.network = network->id, .aliases = {}, .ipv4 = {}}};
    spec.labels = labels;
    const auto container = engine.execute(agent::CreateContainer{spec});
    CARA_CHECK(container.ok());
    CARA_CHECK(engine.execute(agent::StartContainer{container->id}).ok());
  }
}

}  // namespace cara::sim
