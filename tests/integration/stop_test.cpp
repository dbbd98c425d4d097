// A whole process under signals. Its own executable: the children are forked before this process
// has a thread of the NATS library.
#include <signal.h>

#include "tests/catch_compat.h"
#include "tests/integration/nats_server.h"
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

TEST_CASE("a wrong flag ends a process with 2 before it does anything") {
  const Child wrong({"test-service", "--natz", "x"});
  CHECK(exit_code_of(wrong.pid()) == 2);
  const Child version({"test-service", "--version"});
  CHECK(exit_code_of(version.pid()) == 0);
}
