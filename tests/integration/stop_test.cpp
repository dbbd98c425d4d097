// A whole process under signals. Its own executable: the children are forked before this process
// has a thread of the NATS library.
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "services/runtime/host/main_support.h"
#include "tests/catch_compat.h"
#include "tests/integration/nats_server.h"
#include "tests/integration/running_host.h"

using namespace cara;
using namespace cara::test;
using namespace std::chrono_literals;

namespace {

// As a service's main() does it.
int serve(std::vector<std::string> arguments, int started_fd, int workers_block_s) {
  std::vector<char*> argv;
  for (std::string& argument : arguments) argv.push_back(argument.data());
  const host::ProgramSpec program{
      .name = "test-service", .summary = "Answers", .positionals_help = "", .flags = {}};
  const auto start = host::start_process(program, static_cast<int>(argv.size()), argv.data());
  if (start.exit_code) return *start.exit_code;
  host::NatsHost bus(host::bus_options(start.flags, {schema::Role::kGc, "g1"}));
  bus.serve_local(
      "local.engine",
      [workers_block_s](std::string_view) -> Result<std::string> {
        std::this_thread::sleep_for(std::chrono::seconds(workers_block_s));
        return std::string();
      },
      1);
  RecordingActor actor({}, [started_fd](const runtime::Event& event) -> runtime::Effects {
    if (!std::holds_alternative<runtime::Started>(event)) return {};
    (void)!write(started_fd, "s", 1);
    return {runtime::Request{.id = 1, .subject = "local.engine", .body = "", .timeout = 1h}};
  });
  return host::run_process(bus, actor);
}

class Child {
 public:
  explicit Child(std::vector<std::string> arguments, int workers_block_s = 0) {
    int ends[2];
    REQUIRE(pipe(ends) == 0);
    pid_ = fork();
    if (pid_ == 0) {
      prctl(PR_SET_PDEATHSIG, SIGKILL);
      close(ends[0]);
      _exit(serve(std::move(arguments), ends[1], workers_block_s));
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

int exit_code_of(pid_t pid) {
  int status = 0;
  const bool ended = eventually([&] { return waitpid(pid, &status, WNOHANG) == pid; });
  if (!ended) {
    kill(pid, SIGKILL);
    waitpid(pid, &status, 0);
    return -1;
  }
  return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

}  // namespace

TEST_CASE("SIGTERM and SIGINT end a process with 0, bus or no bus") {
  const std::string url = "nats://127.0.0.1:" + std::to_string(free_port());
  for (const int signal : {SIGTERM, SIGINT}) {
    const Child child({"test-service", "--nats", url});
    REQUIRE(child.starts());
    kill(child.pid(), signal);
    CHECK(exit_code_of(child.pid()) == 0);
  }
  NatsServer server;
  const Child child({"test-service", "--nats", server.url()});
  REQUIRE(child.starts());
  kill(child.pid(), SIGTERM);
  CHECK(exit_code_of(child.pid()) == 0);
}

TEST_CASE("SIGTERM ends a process whose call to the engine hangs") {
  const std::string url = "nats://127.0.0.1:" + std::to_string(free_port());
  const Child child({"test-service", "--nats", url}, 3'600);
  REQUIRE(child.starts());
  kill(child.pid(), SIGTERM);
  CHECK(exit_code_of(child.pid()) == 0);
}

TEST_CASE("a wrong flag ends a process with 2 before it does anything") {
  const Child wrong({"test-service", "--natz", "x"});
  CHECK(exit_code_of(wrong.pid()) == 2);
  const Child version({"test-service", "--version"});
  CHECK(exit_code_of(version.pid()) == 0);
}
