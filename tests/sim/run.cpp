#include "tests/sim/run.h"

#include <fmt/format.h>

#include "tests/sim/checks.h"
#include "tests/sim/cluster.h"
#include "tests/sim/faults.h"
#include "tests/sim/route_checks.h"
#include "tests/sim/settle.h"

namespace cara::sim {
namespace {

constexpr Duration kBroken = std::chrono::seconds(40);  // workload and faults
constexpr Duration kBrokenByOutages = std::chrono::seconds(90);
constexpr Duration kCalmClient = std::chrono::seconds(3);
constexpr Duration kMustSettle = std::chrono::seconds(120);   // after the last fault
constexpr Duration kStillUnderWay = std::chrono::seconds(2);  // late messages of before
constexpr Duration kMustStay = std::chrono::seconds(12);
constexpr std::int64_t kNodeMemory = std::int64_t{1} << 30;  // a few services fill it
constexpr Duration kLook = std::chrono::milliseconds(500);

class Run {
 public:
  explicit Run(const RunOptions& options)
      : weather_(draw_weather(options.seed)),
        cluster_(draw(options.seed, weather_)),
        checks_(cluster_),
        faults_(cluster_, options.seed, weather_) {
    cluster_.world().trace().listener = options.listener;
    cluster_.world().on_stop = [this](const std::string& process, const std::string&) {
      faults_.on_stop(process);
    };
  }

  RunResult go() {
    RunResult result;
    result.failure = play(result);
    Trace& trace = cluster_.world().trace();
    result.hash = trace.hash();
    result.faults = trace.faults;
    result.steps = checks_.steps();
    result.operations = cluster_.client()->journal().size();
    if (!result.failure.empty()) result.last_lines = trace.last_lines();
    return result;
  }

 private:
  static Weather draw_weather(std::uint64_t seed) {
    return runtime::IdSource({6, seed}).below(3) == 0 ? Weather::kOutages : Weather::kStorm;
  }

  static ClusterOptions draw(std::uint64_t seed, Weather weather) {
    runtime::IdSource random({5, seed});
    ClusterOptions options{.seed = seed};
    options.nodes = 1 + static_cast<int>(random.below(5));
    if (weather == Weather::kOutages) {
      options.nodes = 3 + static_cast<int>(random.below(3));
      options.client_every = kCalmClient;
    }
    options.ingresses = options.nodes - (random.below(3) == 0 ? 1 : 0);
    options.zones = true;
    // So few that who was away for long has to list again.
    if (random.below(2) == 0)
      options.max_changes = 20 + static_cast<std::int64_t>(random.below(60));
    options.node_memory = kNodeMemory;
    options.schedulers = 1 + static_cast<int>(random.below(2));
    options.gcs = 1 + static_cast<int>(random.below(2));
    options.client_names = {"p1", "p2", "p3", "p4"};
    return options;
  }

  // Stops at the first violation: what follows it is noise.
  bool run_until(MonoTime limit) {
    while (!checks_.violation() && cluster_.world().timeline().run_next(limit)) {
    }
    return !checks_.violation();
  }

  std::string play(RunResult& result) {
    const std::vector<agent::Observation> decoys = foreign_objects();
    cluster_.start_all();
    faults_.begin();
    const Duration breaking = weather_ == Weather::kStorm ? kBroken : kBrokenByOutages;
    if (!run_until(cluster_.world().now() + breaking)) return *checks_.violation();
    cluster_.client()->finish();
    cluster_.the_operator()->finish();
    faults_.heal();
    const MonoTime healed = cluster_.world().now();
    if (!run_until(healed + kStillUnderWay)) return *checks_.violation();
    std::string why = settle(healed + kMustSettle);
    if (!why.empty()) return why;
    result.settled_after_ms = (cluster_.world().now() - healed).count() / 1000;
    if (auto broken = broken_promise(cluster_)) return *broken;
    why = stay();
    if (!why.empty()) return why;
    if (foreign_objects() != decoys) return "somebody else's objects were touched [I20]";
    return "";
  }

  std::string settle(MonoTime deadline) {
    for (;;) {
      if (!run_until(cluster_.world().now() + kLook)) return *checks_.violation();
      const auto why = why_unsettled(cluster_);
      if (!why) return "";
      if (cluster_.world().now() >= deadline) return "it does not settle: " + *why + " [I18]";
    }
  }

  // A cluster that is left alone leaves its containers alone [S51].
  std::string stay() {
    const std::uint64_t changes = checks_.engine_changes();
    const int routed = times_routed(cluster_);
    const bool answered = checks_.routes().all_answered();  // else the same is set again
    if (!run_until(cluster_.world().now() + kMustStay)) return *checks_.violation();
    if (const auto why = why_unsettled(cluster_)) return "it did not stay settled: " + *why;
    if (checks_.engine_changes() != changes && !expects_failures()) {
      return "engine objects were changed though everything was as it should be [S51]";
    }
    if (times_routed(cluster_) != routed && answered && !expects_failures()) {
      return "routes were set though everything was as it should be [S51]";
    }
    return "";
  }

  // A project that cannot run is tried again and again.
  bool expects_failures() {
    for (const auto& [name, project] : cluster_.projects()) {
      if (project.status.phase == schema::Phase::kFailed) return true;
    }
    return false;
  }

  std::vector<agent::Observation> foreign_objects() {
    std::vector<agent::Observation> all;
    for (const std::string& node : cluster_.node_names()) {
      const auto is_ours = [](const auto& object) {
        const auto found = object.labels.find(agent::kLabelCluster);
        return found != object.labels.end() && found->second == kClusterId;
      };
      agent::Observation seen = cluster_.everything(node);
      std::erase_if(seen.containers, is_ours);
      std::erase_if(seen.networks, is_ours);
      std::erase_if(seen.volumes, is_ours);
      // A machine that was switched off and on stops everybody's containers.
      for (auto& container : seen.containers) {
        container.state = agent::ContainerState::kRunning;
        container.exit_code = 0;
        container.finished_at = {};
        container.address.clear();
      }
      all.push_back(std::move(seen));
    }
    return all;
  }

  const Weather weather_;
  Cluster cluster_;
  Checks checks_;
  FaultPlan faults_;
};

}  // namespace

RunResult run(const RunOptions& options) {
  Run run(options);
  return run.go();
}

RunResult run_twice(std::uint64_t seed) {
  RunResult first = run({.seed = seed});
  const RunResult second = run({.seed = seed});
  if (first.failure.empty() && first.hash != second.hash) {
    first.failure = fmt::format("the second run of the seed was another one: {:016x}, {:016x}",
                                first.hash, second.hash);
  }
  return first;
}

std::string report(std::uint64_t seed, const RunResult& result) {
  std::string text = fmt::format("seed {}: {}\nthe last of what happened:\n", seed, result.failure);
  for (const std::string& line : result.last_lines) text += "  " + line + "\n";
  return text + fmt::format("replay: cara_sim --seed {} --trace\n", seed);
}

}  // namespace cara::sim
