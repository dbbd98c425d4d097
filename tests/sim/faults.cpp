#include "tests/sim/faults.h"

#include <vector>

#include "schema/check.h"

namespace cara::sim {
namespace {

constexpr Duration kBetweenStrikes = std::chrono::seconds(4);   // at most
constexpr Duration kBetweenOutages = std::chrono::seconds(12);  // at most
// Beyond what a node and its projects are waited for; `MoveExclusive` ones wait for 29 s.
constexpr Duration kLongestOutage = std::chrono::seconds(36);
constexpr Duration kLongestDown = std::chrono::seconds(8);
constexpr Duration kLongestCut = std::chrono::seconds(14);  // longer than every window
constexpr std::uint64_t kMostEffects = 4;
constexpr std::uint64_t kLargestClockStepMs = 3'600'000;
constexpr Duration kRouterDown = std::chrono::seconds(6);       // at most
constexpr Duration kBetweenRequests = std::chrono::seconds(2);  // long ones, at most
constexpr Duration kLongestRequest = std::chrono::seconds(12);  // longer than a grace period

}  // namespace

Duration FaultPlan::up_to(Duration longest) {
  return Duration(1 + random_.below(static_cast<std::uint64_t>(longest.count())));
}

void FaultPlan::count(Fault fault) { cluster_.world().trace().faults.count(fault); }

void FaultPlan::begin() {
  const std::uint64_t mood = random_.below(4);
  BusFaults bus;
  bus.lost = mood == 0 ? 0 : 20;
  bus.doubled = random_.below(30);
  bus.late = random_.below(10);
  cluster_.world().bus().set_faults(bus);
  EngineFaults engine;
  engine.refuses = random_.below(10);
  engine.forgets = random_.below(5);
  engine.event_lost = random_.below(30);
  engine.slowest = std::chrono::milliseconds(5 + random_.below(800));
  cluster_.world().set_engine_faults(engine);
  IngressFaults ingress;
  ingress.crawls = random_.below(20);
  ingress.forgets = random_.below(10);
  cluster_.world().set_ingress_faults(ingress);
  next();
  next_request();
}

void FaultPlan::next() {
  const bool storm = weather_ == Weather::kStorm;
  cluster_.world().timeline().after(up_to(storm ? kBetweenStrikes : kBetweenOutages), [this] {
    if (healed_) return;
    strike();
    next();
  });
}

void FaultPlan::strike() {
  const std::uint64_t dice = random_.below(100);
  const std::string process = any_process();
  if (weather_ == Weather::kOutages && dice < 50) {
    lose(1);
  } else if (dice < 3) {
    fill_disk();
  } else if (dice < 6) {
    cluster_.fail_next_commit();
  } else if (dice < 9) {
    step_clock(process);
  } else if (dice < 20) {
    crash(process);
  } else if (dice < 40) {
    cluster_.world().crash_inside(process, random_.below(kMostEffects));
    // It may not step for long: whether it is down is looked at then.
    restart_later(process);
  } else if (dice < 55) {
    cut(process);
  } else if (dice < 70) {
    freeze_for(process, up_to(kLongestCut));
  } else if (dice < 75) {
    lose(cluster_.node_names().size() / 2 + 1);
  } else if (dice < 79) {
    reinstall();
  } else if (dice < 84) {
    reboot();
  } else if (dice < 90) {
    stop_router();
  } else {
    meddle();
  }
}

void FaultPlan::crash(const std::string& process) {
  if (cluster_.world().is_running(process)) count(Fault::kCrash);
  cluster_.world().crash(process);
  restart_later(process);
}

void FaultPlan::restart_later(const std::string& process) {
  cluster_.world().timeline().after(up_to(kLongestDown), [this, process] {
    if (!cluster_.world().is_running(process)) cluster_.world().start(process);
  });
}

void FaultPlan::cut(const std::string& process) {
  const std::uint64_t way = random_.below(3);
  cut_for(process, {.in = way != 0, .out = way != 1}, up_to(kLongestCut));
}

void FaultPlan::cut_for(const std::string& process, Cut way, Duration length) {
  cluster_.world().cut(process, way);
  cluster_.world().timeline().after(length, [this, process] {
    if (healed_) return;
    cluster_.world().cut(process, {});
    // A short cut is not noticed by the client library; after a long one it says so.
    if (random_.below(2) == 0) cluster_.world().resync(process);
  });
}

void FaultPlan::freeze_for(const std::string& process, Duration length) {
  cluster_.world().freeze(process);
  cluster_.world().timeline().after(length, [this, process] {
    if (healed_) return;
    cluster_.world().thaw(process);
    if (random_.below(2) == 0) cluster_.world().resync(process);
  });
}

// Longer than the node timeout and the grace period.
Duration FaultPlan::outage() {
  const auto& windows = cluster_.options().apiserver;
  return windows.node_timeout + windows.grace_period +
         up_to(weather_ == Weather::kStorm ? kLongestDown : kLongestOutage);
}

// All at the same moment: cut off, or with frozen agents.
void FaultPlan::lose(std::size_t count) {
  const auto& nodes = cluster_.node_names();
  const Duration length = outage();
  if (count > 1) this->count(Fault::kNodesLostTogether);
  const std::size_t first = random_.below(nodes.size());
  const bool freezes = random_.below(2) == 0;
  for (std::size_t i = 0; i < count; ++i) {
    const std::string agent = Cluster::agent_of(nodes[(first + i) % nodes.size()]);
    if (freezes) {
      freeze_for(agent, length);
    } else {
      cut_for(agent, {.in = true, .out = true}, length);
    }
  }
}

void FaultPlan::reinstall() {
  const std::string& node = any_node();
  const bool empty = random_.below(2) == 0;
  count(empty ? Fault::kReinstallEmpty : Fault::kReinstallEngineKept);
  cluster_.reinstall(node, empty ? Cluster::Disk::kEmpty : Cluster::Disk::kEngineKept);
  restart_later(Cluster::agent_of(node));
}

// A machine is switched off and on, and every other time there is nobody to tell it what it had.
void FaultPlan::reboot() {
  const std::string& node = any_node();
  count(Fault::kReboot);
  cluster_.reboot(node);
  restart_later(Cluster::agent_of(node));
  if (random_.below(2) == 0) crash(kApiserver);
}

void FaultPlan::fill_disk() {
  count(Fault::kDiskFull);
  cluster_.set_disk_full(true);
  cluster_.world().timeline().after(up_to(kLongestDown), [this] { cluster_.set_disk_full(false); });
}

// Deadlines are the apiserver's word, by a clock that the checks know.
void FaultPlan::step_clock(const std::string& process) {
  if (process == kApiserver) return;
  const auto by_ms = static_cast<std::int64_t>(random_.below(2 * kLargestClockStepMs));
  cluster_.world().step_clock(process, by_ms - static_cast<std::int64_t>(kLargestClockStepMs));
}

// Somebody works on a node by hand.
void FaultPlan::meddle() {
  const std::string& node = any_node();
  const auto seen = cluster_.observe(node);
  if (seen.containers.empty()) return;
  const auto& container = seen.containers[random_.below(seen.containers.size())];
  ModelEngine& engine = cluster_.engine_of(node);
  const std::uint64_t dice = random_.below(10);
  if (dice < 5) {
    count(Fault::kContainerKilled);
    engine.kill(container.id, 137);
  } else if (dice < 9) {
    count(Fault::kContainerRemoved);
    CARA_CHECK(engine.execute(agent::RemoveContainer{container.id}).ok());
  } else {
    engine.reboot();
  }
}

void FaultPlan::stop_router() {
  const std::string& node = any_node();
  if (cluster_.router_of(node) == nullptr) return;
  count(Fault::kRouterDown);
  cluster_.set_router_trouble(node, "it was killed");
  cluster_.world().timeline().after(up_to(kRouterDown),
                                    [this, node] { cluster_.set_router_trouble(node, ""); });
}

void FaultPlan::next_request() {
  cluster_.world().timeline().after(up_to(kBetweenRequests), [this] {
    if (healed_) return;
    request();
    next_request();
  });
}

// One that takes long, to any container that has a route.
void FaultPlan::request() {
  const std::string& node = any_node();
  ModelIngress* router = cluster_.router_of(node);
  if (router == nullptr || !router->trouble.empty()) return;
  std::vector<std::string> addresses;
  for (const auto& [key, route] : router->routes) {
    if (route.kind == agent::RouteKind::kContainer) addresses.push_back(route.address);
  }
  if (addresses.empty()) return;
  const std::string& address = addresses[random_.below(addresses.size())];
  ++router->under_way[address];
  cluster_.world().timeline().after(up_to(kLongestRequest), [router, address] {
    const auto found = router->under_way.find(address);
    if (found != router->under_way.end() && --found->second == 0) router->under_way.erase(found);
  });
}

void FaultPlan::heal() {
  healed_ = true;
  World& world = cluster_.world();
  world.bus().set_faults({});
  world.set_engine_faults({});
  world.set_ingress_faults({});
  cluster_.set_disk_full(false);
  cluster_.keep_next_commit();
  for (const std::string& node : cluster_.node_names()) {
    if (cluster_.router_of(node) != nullptr) cluster_.set_router_trouble(node, "");
  }
  for (const std::string& process : world.names()) {
    world.cut(process, {});
    world.thaw(process);
    world.crash_inside(process, std::nullopt);
  }
  cluster_.start_all();
  if (random_.below(3) != 0) return;
  if (cluster_.options().schedulers > 1 || cluster_.options().gcs > 1) {
    count(Fault::kFrozenForEver);
  }
  if (cluster_.options().schedulers > 1) world.freeze(Cluster::scheduler(1));
  if (cluster_.options().gcs > 1) world.freeze(Cluster::gc(1));
}

const std::string& FaultPlan::any_node() {
  const auto& nodes = cluster_.node_names();
  return nodes[random_.below(nodes.size())];
}

// Anyone but those whose doings the checks must know.
std::string FaultPlan::any_process() {
  std::vector<std::string> names = cluster_.world().names();
  std::erase(names, "client");
  std::erase(names, "operator");
  std::erase(names, "reader");
  return names[random_.below(names.size())];
}

}  // namespace cara::sim
