// Started by tests/bench/run.
#include <fmt/format.h>

#include <cstdio>
#include <cstdlib>

#include "services/runtime/host/flags.h"
#include "tests/bench/benches.h"

namespace cara::bench {

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

double load() {
  double value = 0;
  static_cast<void>(getloadavg(&value, 1));
  return value;
}

namespace {

host::ProgramSpec program() {
  return {
      .name = "cara_bench",
      .summary = "Times the whole system against the raw Engine API.",
      .flags = {{.name = "docker-host", .help = "the engine the agent uses"},
                {.name = "image", .help = "an image that stays up"},
                {.name = "healthy-image", .help = "an image that becomes healthy"},
                {.name = "services", .help = "how many per project", .kind = host::FlagKind::kList},
                {.name = "many",
                 .help = "so many projects at once, instead of one after the other",
                 .kind = host::FlagKind::kInteger,
                 .default_value = "0"},
                {.name = "chain",
                 .help = "a project with health gates instead",
                 .kind = host::FlagKind::kSwitch,
                 .default_value = "false"},
                {.name = "agent-pid",
                 .help = "the agent's process",
                 .kind = host::FlagKind::kInteger,
                 .default_value = "0"},
                {.name = "rounds",
                 .help = "pairs; 0: 20, of many projects 3, of chains 5",
                 .kind = host::FlagKind::kInteger,
                 .default_value = "0"}}};
}

// The name of the results, and the results.
Result<std::pair<std::string, std::string>> run(const host::Flags& flags, Sides sides) {
  const auto rounds = [&](std::int64_t usual) {
    return flags.integer("rounds") > 0 ? flags.integer("rounds") : usual;
  };
  std::vector<std::size_t> services;
  for (const std::string& count : flags.list("services")) services.push_back(std::stoul(count));
  std::string name = "apply";
  Result<std::string> json = std::string();
  if (flags.enabled("chain")) {
    name = "chain";
    json = bench_chain(sides, {.image = flags.text("healthy-image"), .rounds = rounds(5)});
  } else if (flags.integer("many") > 0) {
    name = "many";
    json = bench_many(sides, {.image = flags.text("image"),
                              .projects = static_cast<std::size_t>(flags.integer("many")),
                              .services = services.empty() ? 2 : services.front(),
                              .rounds = rounds(3),
                              .agent_pid = flags.integer("agent-pid")});
  } else {
    if (services.empty()) services = {1, 2, 5, 10};
    json = bench_apply(sides, {flags.text("image"), services, rounds(20)});
  }
  if (!json.ok()) return json.error();
  return std::pair(name, *json);
}

int fail(const Error& error) {
  fmt::print(stderr, "{}\n", error.message);
  return 1;
}

}  // namespace

int main_of(const std::vector<std::string>& arguments) {
  const auto flags = host::Flags::parse(program(), arguments);
  if (!flags.ok()) {
    fmt::print(stderr, "{}\n", flags.error().message);
    return 2;
  }
  const auto endpoint = docker::parse_endpoint(flags->text("docker-host"));
  if (!endpoint.ok()) return fail(endpoint.error());
  const auto cara = CaraClient::connect(flags->text("nats"));
  if (!cara.ok()) return fail(cara.error());
  RawEngine engine(*endpoint);
  const auto results = run(*flags, {**cara, engine});
  if (!results.ok()) return fail(results.error());
  std::FILE* json = std::fopen(("bench-" + results->first + ".json").c_str(), "w");
  if (json == nullptr) return 1;
  fmt::print(json, "{}\n", results->second);
  return std::fclose(json) == 0 ? 0 : 1;
}

}  // namespace cara::bench

int main(int argc, char** argv) {
  return cara::bench::main_of(std::vector<std::string>(argv + 1, argv + argc));
}
