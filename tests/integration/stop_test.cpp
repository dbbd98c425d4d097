// A whole process under signals. Its own executable: the children are forked before this process
// has a thread of the NATS library.
#include <signal.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <iostream>

#include "tests/catch_compat.h"
#include "tests/integration/nats_server.h"
#include "tests/integration/quiet_server.h"
#include "tests/integration/service_child.h"

using namespace cara::test;
using namespace std::chrono_literals;

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
  const Child child({"test-service", "--nats", url}, {.workers_block = 1h});
  REQUIRE(child.starts());
  kill(child.pid(), SIGTERM);
  CHECK(exit_code_of(child.pid()) == 0);
}

TEST_CASE("SIGTERM ends a process soon while servers or name servers keep it waiting") {
  const QuietServer quiet;
  std::string urls = quiet.url();
  for (int i = 0; i < 4; ++i) urls += "," + quiet.url();  // 2 s each
  const Child child({"test-service", "--nats", urls});
  REQUIRE(child.starts());
  const auto begin = std::chrono::steady_clock::now();
  kill(child.pid(), SIGTERM);
  CHECK(exit_code_of(child.pid()) == 0);
  CHECK(std::chrono::steady_clock::now() - begin < 2s);
}

TEST_CASE("a wrong flag ends a process with 2 before it does anything") {
  const Child wrong({"test-service", "--natz", "x"});
  CHECK(exit_code_of(wrong.pid()) == 2);
  const Child version({"test-service", "--version"});
  CHECK(exit_code_of(version.pid()) == 0);
}

TEST_CASE("a process ends with what it printed, and without the handlers of exit()") {
  int ends[2];
  REQUIRE(pipe(ends) == 0);
  std::fflush(nullptr);  // what is buffered would be printed twice
  const pid_t pid = fork();
  if (pid == 0) {
    dup2(ends[1], STDOUT_FILENO);
    std::atexit([] { (void)!write(STDOUT_FILENO, "handler", 7); });
    std::printf("printed ");
    std::cout << "streamed ";
    cara::host::end_process(7);
  }
  close(ends[1]);
  CHECK(exit_code_of(pid) == 7);
  char said[64] = {};
  CHECK(read(ends[0], said, sizeof said - 1) > 0);
  close(ends[0]);
  CHECK(std::string(said) == "printed streamed ");
}
