// What every main.cpp shares, so that it reads as a table of contents:
//
//   int run(int argc, char** argv) {
//     auto start = host::start_process(kProgram, argc, argv);
//     if (start.exit_code) return *start.exit_code;
//     host::NatsHost bus(host::bus_options(start.flags, {schema::Role::kGc, "gc-1"}));
//     gc::Gc actor(...);
//     return host::run_process(bus, actor);
//   }
//
//   int main(int argc, char** argv) { host::end_process(run(argc, argv)); }
#pragma once

#include <chrono>
#include <functional>
#include <optional>
#include <string>
#include <thread>

#include "schema/subjects.h"
#include "services/runtime/actor.h"
#include "services/runtime/host/flags.h"
#include "services/runtime/host/nats_host.h"

namespace cara::host {

inline constexpr int kExitUsage = 2;

struct ProcessStart {
  Flags flags;
  std::optional<int> exit_code;  // set: --help, --version or --healthcheck was served, or the
                                 // flags are wrong
};

// Adds --health-file and --healthcheck, parses the flags, starts the log and blocks SIGTERM and
// SIGINT. Call it before any thread starts.
ProcessStart start_process(const ProgramSpec& program, int argc, char** argv);

BusOptions bus_options(const Flags& flags, schema::Identity identity);

// Runs the actor until SIGTERM, SIGINT or its Stop. A local call or an attempt to connect that does
// not end soon is left behind: then the process ends here.
int run_process(NatsHost& host, runtime::Actor& actor);

// At the beginning of a process; start_process() does it. By default glibc gives memory back to the
// kernel whenever 128 KiB are free, and takes it again for the next message: a seventh of the time
// of bulk through a stream.
void keep_some_memory();

// The end of every main(): as exit(), but without its handlers, in which cnats and OpenSSL take
// things apart that a thread of cnats may still be freeing, or that the other one has freed.
[[noreturn]] void end_process(int exit_code);

// Takes a lock of the file system. A predecessor that was killed holds it until the kernel has
// ended its last thread: kConflict counts only when it stays.
template <class Take>
auto take_lock(Take take) -> decltype(take()) {
  constexpr int kTries = 60;
  constexpr std::chrono::milliseconds kPause{50};
  for (int i = 1; i < kTries; ++i) {
    auto lock = take();
    if (lock.ok() || lock.error().code != Code::kConflict) return lock;
    std::this_thread::sleep_for(kPause);
  }
  return take();
}

// Calls `stop` on the first SIGTERM or SIGINT; the second one ends the process at once.
// REQUIRES: both are blocked in every thread (start_process).
class StopSignals {
 public:
  explicit StopSignals(std::function<void()> stop);
  ~StopSignals();
  StopSignals(const StopSignals&) = delete;
  StopSignals& operator=(const StopSignals&) = delete;

 private:
  std::thread thread_;
};

}  // namespace cara::host
