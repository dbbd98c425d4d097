#include "services/agent/docker/streams/node_meter.h"

#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <optional>
#include <sstream>
#include <thread>
#include <vector>

#include "services/agent/docker/docker_errors.h"
#include "services/agent/docker/docker_json.h"
#include "services/agent/docker/docker_objects.h"
#include "services/agent/docker/machine.h"
#include "services/agent/docker/streams/stream_json.h"
#include "services/agent/percent_encode.h"

namespace cara::docker {

namespace {

using Clock = std::chrono::steady_clock;
using Samples = std::vector<std::optional<Sample>>;

constexpr std::size_t kQuestionsAtOnce = 8;
constexpr std::int64_t kMillis = 1'000;
constexpr std::int64_t kNsPerSecond = 1'000'000'000;

std::int64_t per_second(std::int64_t before, std::int64_t after, std::int64_t ns) {
  if (ns <= 0 || after <= before) return 0;
  return static_cast<std::int64_t>(static_cast<double>(after - before) / static_cast<double>(ns) *
                                   kNsPerSecond);
}

Samples look_at(const EngineCall& call, const std::vector<agent::ContainerInfo>& containers,
                std::chrono::milliseconds limit) {
  Samples samples(containers.size());
  std::atomic<std::size_t> next = 0;
  const auto work = [&] {
    for (std::size_t i = next++; i < containers.size(); i = next++) {
      // `one-shot`: without it the engine takes two looks of its own, a second apart.
      const auto response =
          call({.method = Method::kGet,
                .path = container_path(containers[i].id) + "/stats?stream=false&one-shot=true",
                .deadline = limit});
      if (response && is_done(*response)) samples[i] = read_sample(response->body);
    }
  };
  std::vector<std::thread> threads;
  const std::size_t count = std::min(kQuestionsAtOnce, containers.size());
  for (std::size_t i = 1; i < count; ++i) threads.emplace_back(work);
  work();
  for (std::thread& thread : threads) thread.join();
  return samples;
}

schema::LoadSample load_of(const Sample& before, const Sample& after) {
  const std::int64_t ns = after.at_ns - before.at_ns;
  return {.cpu_millis = per_second(before.cpu_ns, after.cpu_ns, ns) * kMillis / kNsPerSecond,
          .memory_bytes = after.memory_bytes,
          .received_per_s = per_second(before.received, after.received, ns),
          .sent_per_s = per_second(before.sent, after.sent, ns)};
}

bool is_own_interface(const std::string& root, const std::string& name) {
  std::error_code error;
  return std::filesystem::exists(root + "/sys/class/net/" + name + "/device", error);
}

void add_machine(schema::NodeUsage& usage, const MachineSample& before, const MachineSample& after,
                 Clock::duration time) {
  const std::int64_t ns = std::chrono::duration_cast<std::chrono::nanoseconds>(time).count();
  const std::int64_t ticks_per_second = std::max<std::int64_t>(1, ::sysconf(_SC_CLK_TCK));
  usage.load.cpu_millis =
      per_second(before.busy_ticks * kMillis, after.busy_ticks * kMillis, ns) / ticks_per_second;
  usage.load.received_per_s = per_second(before.received, after.received, ns);
  usage.load.sent_per_s = per_second(before.sent, after.sent, ns);
  if (const auto free = free_memory()) {
    usage.load.memory_bytes = std::max<std::int64_t>(0, usage.memory_bytes - *free);
  }
}

}  // namespace

MachineSample read_machine_sample(const std::string& root) {
  MachineSample sample;
  std::ifstream stat(root + "/proc/stat");
  std::string word;
  stat >> word;
  std::int64_t ticks = 0;
  // user, nice, system, idle, iowait, irq, softirq, steal; guests are in the first two.
  for (int i = 0; i < 8 && stat >> ticks; ++i) {
    const bool is_idle = i == 3 || i == 4;
    if (!is_idle) sample.busy_ticks += ticks;
  }
  std::ifstream network(root + "/proc/net/dev");
  std::string line;
  while (std::getline(network, line)) {
    const std::size_t colon = line.find(':');
    if (colon == std::string::npos) continue;
    const std::size_t begin = line.find_first_not_of(' ');
    if (!is_own_interface(root, line.substr(begin, colon - begin))) continue;
    std::istringstream fields(line.substr(colon + 1));
    const std::vector<std::int64_t> numbers{std::istream_iterator<std::int64_t>(fields), {}};
    if (numbers.size() < 9) continue;
    sample.received += numbers[0];
    sample.sent += numbers[8];
  }
  return sample;
}

Result<schema::NodeUsage> measure_node(const EngineCall& call, const MeterOptions& options) {
  const std::string filters = write_filters(
      {{"label", {std::string(agent::kLabelNode) + "=" + options.node}}, {"status", {"running"}}});
  const auto ask = [&](const std::string& path) {
    return call({.method = Method::kGet, .path = path, .deadline = options.limit});
  };
  const auto listed = ask("/containers/json?filters=" + agent::percent_encode(filters));
  if (!listed) return listed.error();
  if (!is_done(*listed)) return error_of(listed->status, listed->body, "list containers");
  const auto info = ask("/info");
  if (!info) return info.error();
  const auto engine = read_info(info->body);
  const auto containers = read_container_list(listed->body);
  if (!engine || !containers)
    return internal("statistics: the Docker engine's answer makes no sense");

  schema::NodeUsage usage{.node = options.node,
                          .cpu_millis = engine->cpus * kMillis,
                          .memory_bytes = engine->memory_bytes};
  const MachineSample machine_before = read_machine_sample();
  const Clock::time_point start = Clock::now();
  const Samples before = look_at(call, *containers, options.limit);
  std::this_thread::sleep_until(start + options.time);
  const Samples after = look_at(call, *containers, options.limit);
  if (options.has_machine) {
    add_machine(usage, machine_before, read_machine_sample(), Clock::now() - start);
  }
  for (std::size_t i = 0; i < containers->size(); ++i) {
    if (!before[i] || !after[i] || after[i]->at_ns == 0) continue;
    const agent::Labels& labels = (*containers)[i].labels;
    const auto label = [&](const char* key) {
      const auto found = labels.find(key);
      return found == labels.end() ? std::string() : found->second;
    };
    const bool is_limited = after[i]->memory_limit < usage.memory_bytes;
    usage.containers.push_back({.project = label(agent::kLabelProject),
                                .service = label(agent::kLabelService),
                                .load = load_of(*before[i], *after[i]),
                                .memory_limit = is_limited ? after[i]->memory_limit : 0,
                                .pids = after[i]->pids});
  }
  return usage;
}

}  // namespace cara::docker
