// B1: `caractrl apply` -> a watcher sees Running, and delete -> the record is gone, against the raw
// Engine API. In pairs, one after the other in one run, so that a drifting machine cancels out.
// Started by tests/bench/run.
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "schema/subjects.h"
#include "schema/wire.h"
#include "services/runtime/host/bus_client.h"
#include "services/runtime/host/flags.h"
#include "tests/bench/raw_engine.h"

namespace cara::bench {
namespace {

constexpr std::chrono::seconds kPatience{60};

struct Sample {
  double up_ms = 0;
  double down_ms = 0;
};

double ms_since(std::chrono::steady_clock::time_point start) {
  return std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - start)
      .count();
}

schema::Project manifest_of(const RawProject& project) {
  schema::Project manifest;
  manifest.metadata.name = project.name;
  for (std::size_t i = 0; i < project.services; ++i) {
    manifest.spec.services.push_back({.name = "s" + std::to_string(i), .image = project.image});
  }
  manifest.spec.services[0].volume_mounts = {{"data", "/data"}};
  manifest.spec.volumes = {{.name = "data"}};
  return manifest;
}

// The project through the whole system, by a client that watches.
class Cara {
 public:
  explicit Cara(std::unique_ptr<host::BusClient> bus) : bus_(std::move(bus)) {}

  Result<Sample> round(const RawProject& project) {
    if (auto heard = bus_->subscribe(schema::event_subject("project", project.name)); !heard) {
      return heard.error();
    }
    Sample sample;
    auto start = std::chrono::steady_clock::now();
    const auto applied = bus_->request("project.apply",
                                       schema::pack_message(schema::ApplyRequest{
                                           .request_id = project.name + "-up",
                                           .manifest = schema::to_manifest(manifest_of(project))}),
                                       kPatience);
    if (!applied.ok()) return applied.error();
    if (auto reply = schema::unpack_reply<schema::ApplyReply>(*applied); !reply.ok()) {
      return reply.error();
    }
    if (auto seen = wait_for(project.name, "Running"); !seen.ok()) return seen.error();
    sample.up_ms = ms_since(start);

    start = std::chrono::steady_clock::now();
    const auto deleted =
        bus_->request("project.delete",
                      schema::pack_message(schema::DeleteRequest{
                          .request_id = project.name + "-down", .name = project.name}),
                      kPatience);
    if (!deleted.ok()) return deleted.error();
    if (auto seen = wait_for(project.name, "deleted"); !seen.ok()) return seen.error();
    sample.down_ms = ms_since(start);
    return sample;
  }

 private:
  Result<Ok> wait_for(const std::string& name, const std::string& what) {
    const auto deadline = std::chrono::steady_clock::now() + kPatience;
    while (std::chrono::steady_clock::now() < deadline) {
      const auto message = bus_->next(std::chrono::milliseconds(1'000));
      if (!message.ok()) return message.error();
      if (!*message) continue;
      const auto event = schema::unpack_message<schema::ChangeEvent>((*message)->body);
      if (!event.ok() || event->name != name) continue;
      if ((what == "deleted" && event->deleted) || event->phase == what) return Ok{};
    }
    return timed_out(name + " is not " + what + " after a minute");
  }

  std::unique_ptr<host::BusClient> bus_;
};

Result<Sample> raw_round(RawEngine& engine, const RawProject& project) {
  Sample sample;
  auto start = std::chrono::steady_clock::now();
  if (auto up = engine.up(project); !up.ok()) return up.error();
  sample.up_ms = ms_since(start);
  start = std::chrono::steady_clock::now();
  if (auto down = engine.down(project); !down.ok()) return down.error();
  sample.down_ms = ms_since(start);
  return sample;
}

double quantile(std::vector<double> values, double share) {
  std::sort(values.begin(), values.end());
  const auto last = static_cast<double>(values.size() - 1);
  return values[static_cast<std::size_t>(share * last + 0.5)];
}

struct Series {
  std::vector<double> cara, raw, ratio;
  void add(double cara_ms, double raw_ms) {
    cara.push_back(cara_ms);
    raw.push_back(raw_ms);
    ratio.push_back(cara_ms / raw_ms);
  }
};

void report(const std::string& what, std::size_t services, const Series& series,
            nlohmann::ordered_json& out) {
  fmt::print("{:<20} {:>8} {:>9.1f} {:>9.1f} {:>9.1f} {:>9.1f} {:>9.3f} {:>9.3f}\n", what, services,
             quantile(series.raw, 0.5), quantile(series.raw, 0.99), quantile(series.cara, 0.5),
             quantile(series.cara, 0.99), quantile(series.ratio, 0.5),
             quantile(series.ratio, 0.99));
  std::fflush(stdout);
  out.push_back(
      {{"what", what}, {"services", services}, {"raw_ms", series.raw}, {"cara_ms", series.cara}});
}

struct Plan {
  std::string image;
  std::vector<std::size_t> services;
  std::int64_t rounds = 20;
};

Result<nlohmann::ordered_json> run(Cara& cara, RawEngine& engine, const Plan& plan) {
  fmt::print("{:<20} {:>8} {:>9} {:>9} {:>9} {:>9} {:>9} {:>9}\n", "", "services", "raw p50",
             "raw p99", "cara p50", "cara p99", "ratio p50", "ratio p99");
  nlohmann::ordered_json out = nlohmann::ordered_json::array();
  for (std::size_t services : plan.services) {
    Series up, down;
    // Round 0 warms up caches and connections on both sides.
    for (std::int64_t i = 0; i <= plan.rounds; ++i) {
      const std::string suffix = std::to_string(services) + "-" + std::to_string(i);
      const RawProject through{"bench-c" + suffix, plan.image, services};
      const RawProject direct{"bench-r" + suffix, plan.image, services};
      // Who goes first changes from pair to pair.
      Result<Sample> first = i % 2 == 0 ? cara.round(through) : raw_round(engine, direct);
      if (!first.ok()) return first.error();
      Result<Sample> second = i % 2 == 0 ? raw_round(engine, direct) : cara.round(through);
      if (!second.ok()) return second.error();
      if (i == 0) continue;
      const Sample& ours = i % 2 == 0 ? *first : *second;
      const Sample& raw = i % 2 == 0 ? *second : *first;
      up.add(ours.up_ms, raw.up_ms);
      down.add(ours.down_ms, raw.down_ms);
    }
    report("apply -> Running", services, up, out);
    report("delete -> gone", services, down, out);
  }
  return out;
}

}  // namespace

int main_of(const std::vector<std::string>& arguments) {
  const host::ProgramSpec program{
      .name = "cara_bench_apply",
      .summary = "Times apply -> Running and delete -> gone against the raw Engine API.",
      .flags = {{.name = "docker-host", .help = "the engine the agent uses"},
                {.name = "image", .help = "an image that stays up"},
                {.name = "services", .help = "how many per project", .kind = host::FlagKind::kList},
                {.name = "rounds",
                 .help = "pairs per size",
                 .kind = host::FlagKind::kInteger,
                 .default_value = "20"}}};
  const auto flags = host::Flags::parse(program, arguments);
  if (!flags.ok()) {
    fmt::print(stderr, "{}\n", flags.error().message);
    return 2;
  }
  const auto endpoint = docker::parse_endpoint(flags->text("docker-host"));
  auto bus = host::BusClient::connect(
      {.url = flags->text("nats"), .identity = {schema::Role::kAdmin, "bench"}});
  if (!endpoint.ok() || !bus.ok()) {
    fmt::print(stderr, "{}\n", (!bus.ok() ? bus.error() : endpoint.error()).message);
    return 1;
  }
  Plan plan{.image = flags->text("image"), .rounds = flags->integer("rounds")};
  for (const std::string& count : flags->list("services")) {
    plan.services.push_back(std::stoul(count));
  }
  if (plan.services.empty()) plan.services = {1, 2, 5, 10};
  Cara cara(std::move(*bus));
  RawEngine engine(*endpoint);
  const auto results = run(cara, engine, plan);
  if (!results.ok()) {
    fmt::print(stderr, "{}\n", results.error().message);
    return 1;
  }
  std::FILE* json = std::fopen("bench-apply.json", "w");
  if (json == nullptr) return 1;
  fmt::print(json, "{}\n", results->dump(1));
  return std::fclose(json) == 0 ? 0 : 1;
}

}  // namespace cara::bench

int main(int argc, char** argv) {
  return cara::bench::main_of(std::vector<std::string>(argv + 1, argv + argc));
}
