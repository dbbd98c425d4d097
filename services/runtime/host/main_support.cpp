#include "services/runtime/host/main_support.h"

#include <pthread.h>
#include <spdlog/spdlog.h>

#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <utility>
#include <vector>

#include "services/runtime/host/logging.h"

namespace cara::host {
namespace {

constexpr std::chrono::seconds kLocalCallPatience{1};
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

}  // namespace

ProcessStart start_process(const ProgramSpec& program, int argc, char** argv) {
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
  return {
      .url = flags.text("nats"), .identity = std::move(identity), .client_name = std::move(name)};
}

int run_process(NatsHost& host, runtime::Actor& actor) {
  int exit_code = 0;
  {
    const StopSignals signals([&host] { host.stop(); });
    exit_code = host.run(actor);
  }
  if (!host.local_calls_end_within(kLocalCallPatience)) {
    spdlog::warn("a call to the engine is left unfinished");
    std::_Exit(exit_code);
  }
  return exit_code;
}

StopSignals::StopSignals(std::function<void()> stop)
    : thread_([stop = std::move(stop)] { watch(stop); }) {}

StopSignals::~StopSignals() {
  pthread_kill(thread_.native_handle(), kEndWatching);
  thread_.join();
}

}  // namespace cara::host
