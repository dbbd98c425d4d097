// Child: a whole process as a service's main() makes it, forked from the test. The test's process
// may have no thread of the NATS library before that.
#pragma once

#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "services/runtime/host/main_support.h"
#include "tests/catch_compat.h"
#include "tests/integration/running_host.h"

namespace cara::test {

struct ServiceOptions {
  std::chrono::seconds workers_block{0};              // the call to the engine lasts so long
  std::optional<runtime::Duration> wedge_after = {};  // then a step never returns
};

// As a service's main() does it. Writes a byte to `started_fd` when the actor starts.
inline int serve(std::vector<std::string> arguments, int started_fd, ServiceOptions options) {
  std::vector<char*> argv;
  for (std::string& argument : arguments) argv.push_back(argument.data());
  const host::ProgramSpec program{
      .name = "test-service", .summary = "Answers", .positionals_help = "", .flags = {}};
  const auto start = host::start_process(program, static_cast<int>(argv.size()), argv.data());
  if (start.exit_code) return *start.exit_code;
  host::NatsHost bus(host::bus_options(start.flags, {schema::Role::kGc, "g1"}));
  bus.serve_local(
      "local.engine",
      [block = options.workers_block](std::string_view) -> Result<std::string> {
        std::this_thread::sleep_for(block);
        return std::string();
      },
      1);
  RecordingActor actor({}, [&](const runtime::Event& event) -> runtime::Effects {
    if (std::holds_alternative<runtime::TimerFired>(event)) {
      while (true) pause();
    }
    if (!std::holds_alternative<runtime::Started>(event)) return {};
    (void)!write(started_fd, "s", 1);
    runtime::Effects effects{runtime::Request{
        .id = 1, .subject = "local.engine", .body = "", .timeout = std::chrono::hours(1)}};
    if (options.wedge_after) {
      effects.push_back(runtime::SetTimer{.id = 1, .after = *options.wedge_after});
    }
    return effects;
  });
  return host::run_process(bus, actor);
}

class Child {
 public:
  explicit Child(std::vector<std::string> arguments, ServiceOptions options = {}) {
    int ends[2];
    REQUIRE(pipe(ends) == 0);
    pid_ = fork();
    if (pid_ == 0) {
      prctl(PR_SET_PDEATHSIG, SIGKILL);
      close(ends[0]);
      _exit(serve(std::move(arguments), ends[1], options));
    }
    close(ends[1]);
    started_ = ends[0];
  }
  ~Child() { close(started_); }
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;

  // False: it ended before its actor started.
  bool starts() const {
    char byte = 0;
    return read(started_, &byte, 1) == 1;
  }
  pid_t pid() const { return pid_; }

 private:
  pid_t pid_ = -1;
  int started_ = -1;
};

// -SIGNAL for a process that a signal ended; one that does not end in time is killed: -1.
inline int exit_code_of(pid_t pid) {
  int status = 0;
  const bool ended = eventually([&] { return waitpid(pid, &status, WNOHANG) == pid; });
  if (!ended) {
    kill(pid, SIGKILL);
    waitpid(pid, &status, 0);
    return -1;
  }
  return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

}  // namespace cara::test
