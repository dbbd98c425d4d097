#include "services/runtime/host/main_support.h"

#include <malloc.h>
#include <pthread.h>
#include <spdlog/spdlog.h>

#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <iostream>
#include <utility>
#include <vector>

#include "services/runtime/host/clock.h"
#include "services/runtime/host/health_file.h"
#include "services/runtime/host/logging.h"
#include "services/runtime/host/metrics_server.h"

namespace cara::host {
namespace {

constexpr std::chrono::seconds kLocalCallPatience{1};
constexpr std::chrono::milliseconds kConnectingPatience{500};
constexpr const char* kHealthFile = "health-file";
constexpr const char* kHealthcheck = "healthcheck";
constexpr const char* kMetricsListen = "metrics-listen";
constexpr std::chrono::seconds kMetricsPatience{2};
constexpr int kEndWatching = SIGUSR2;  // how StopSignals wakes its own thread

sigset_t stop_signals() {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGTERM);
  sigaddset(&set, SIGINT);
  sigaddset(&set, kEndWatching);
  return set;
}

void watch(const std::function<void()>& stop) {
  const sigset_t set = stop_signals();
  bool stopping = false;
  while (true) {
    int signal = 0;
    if (sigwait(&set, &signal) != 0) continue;
    if (signal == kEndWatching) return;
    if (stopping) std::_Exit(128 + signal);
    stopping = true;
    spdlog::info("stopping: {}", signal == SIGTERM ? "SIGTERM" : "SIGINT");
    stop();
  }
}

// What every daemon has beside its own flags and those of every program.
ProgramSpec with_service_flags(ProgramSpec program) {
  program.flags.push_back({.name = kHealthFile,
                           .help = "file, best on a tmpfs, that says this process is healthy",
                           .value_name = "FILE"});
  program.flags.push_back(
      {.name = kMetricsListen,
       .help = "where this process tells its figures to Prometheus, at /metrics; nobody is asked "
               "for a password, so keep it on loopback or a private network",
       .value_name = "ADDRESS:PORT"});
  program.flags.push_back(
      {.name = kHealthcheck,
       .help = "start nothing, but tell whether the process with the same --health-file is "
               "healthy: 0 if it works and is connected to the bus, 1 if not, 2 for wrong flags",
       .kind = FlagKind::kSwitch,
       .default_value = "false"});
  return program;
}

int tell_health(const std::string& program, const std::string& health_file) {
  if (health_file.empty()) {
    std::fprintf(stderr, "%s: --healthcheck needs the --health-file of the process it is about\n",
                 program.c_str());
    return kExitUsage;
  }
  const auto health = check_health(health_file, mono_now());
  if (!health) {
    std::printf("%s is not healthy: %s\n", program.c_str(), health.error().message.c_str());
    return 1;
  }
  std::printf("%s is healthy: %s\n", program.c_str(), health->c_str());
  return 0;
}

struct Service {
  const char* name;
  const char* description;
};

Service service_of(schema::Role role) {
  switch (role) {
    case schema::Role::kApiserver:
      return {"cara-apiserver",
              "Keeps the state of the cluster and answers every request about it"};
    case schema::Role::kSched:
      return {"cara-scheduler", "Binds every pending project to a node"};
    case schema::Role::kGc:
      return {"cara-gc", "Removes what has expired or is gone, and frees projects from lost nodes"};
    case schema::Role::kAgent:
      return {"cara-agent", "Makes the containers of its node what the cluster wants them to be"};
    case schema::Role::kAdmin:
    case schema::Role::kViewer:
      break;  // people
  }
  return {"", ""};
}

MicroOptions micro_options(const schema::Identity& identity) {
  const Service service = service_of(identity.role);
  std::map<std::string, std::string> metadata{{"instance", identity.id}};
  if (identity.role == schema::Role::kAgent) {
    metadata["node"] = schema::node_from_token(identity.id);
  }
  return {.name = service.name,
          .id = runtime::IdSource(random_seed()).next(),
          .description = service.description,
          .metadata = std::move(metadata)};
}

}  // namespace

ProcessStart start_process(const ProgramSpec& own, int argc, char** argv) {
  keep_some_memory();
  const ProgramSpec program = with_service_flags(own);
  auto parsed = Flags::parse(program, std::vector<std::string>(argv + 1, argv + argc));
  if (!parsed) {
    std::fprintf(stderr, "%s: %s\n", program.name.c_str(), parsed.error().message.c_str());
    return {.flags = {}, .exit_code = kExitUsage};
  }
  if (parsed->help_wanted()) {
    std::fputs(help_text(program).c_str(), stdout);
    return {.flags = {}, .exit_code = 0};
  }
  if (parsed->version_wanted()) {
    std::printf("%s %s\n", program.name.c_str(), CARA_VERSION);
    return {.flags = {}, .exit_code = 0};
  }
  if (parsed->enabled(kHealthcheck)) {
    return {.flags = {}, .exit_code = tell_health(program.name, parsed->text(kHealthFile))};
  }
  const sigset_t set = stop_signals();
  pthread_sigmask(SIG_BLOCK, &set, nullptr);
  start_logging({.program = program.name,
                 .level = parsed->text("log-level"),
                 .format = parsed->text("log-format")});
  return {.flags = std::move(*parsed), .exit_code = std::nullopt};
}

BusOptions bus_options(const Flags& flags, schema::Identity identity) {
  std::string name =
      std::string("cara ") + std::string(schema::to_string(identity.role)) + " " + identity.id;
  MicroOptions micro = micro_options(identity);
  return {.url = flags.text("nats"),
          .identity = std::move(identity),
          .client_name = std::move(name),
          .access = bus_access(flags),
          .pulse = {.health_file = flags.text(kHealthFile),
                    .notify = notify_options(process_environment)},
          .micro = std::move(micro),
          .metrics_listen = flags.text(kMetricsListen)};
}

int run_process(NatsHost& host, runtime::Actor& actor) {
  std::unique_ptr<MetricsServer> metrics;
  if (!host.metrics_listen().empty()) {
    auto started = MetricsServer::start(host.metrics_listen(),
                                        [&host] { return host.metrics(kMetricsPatience); });
    if (!started) {
      spdlog::error("{}", started.error().message);
      return started.error().code == Code::kInvalid ? kExitUsage : 1;
    }
    metrics = std::move(*started);
  }
  int exit_code = 0;
  {
    const StopSignals signals([&host] { host.stop(); });
    exit_code = host.run(actor);
  }
  const bool calls_ended = host.local_calls_end_within(kLocalCallPatience);
  if (!calls_ended) spdlog::warn("a call to the engine is left unfinished");
  if (calls_ended && host.connecting_ends_within(kConnectingPatience)) return exit_code;
  end_process(exit_code);
}

void keep_some_memory() {
  constexpr int kMega = 1024 * 1024;
  mallopt(M_TRIM_THRESHOLD, kMega);
  mallopt(M_MMAP_THRESHOLD, kMega);
}

void end_process(int exit_code) {
  spdlog::shutdown();
  std::cout.flush();
  std::fflush(nullptr);
  std::_Exit(exit_code);
}

StopSignals::StopSignals(std::function<void()> stop)
    : thread_([stop = std::move(stop)] { watch(stop); }) {}

StopSignals::~StopSignals() {
  pthread_kill(thread_.native_handle(), kEndWatching);
  thread_.join();
}

}  // namespace cara::host
