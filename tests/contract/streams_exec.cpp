// Commands in containers, as streams.
#include "tests/contract/stream_world.h"

using namespace cara;
using namespace cara::contract;

TEST_CASE("a command's output on both channels, and its exit code [E49]") {
  StreamWorld& world = StreamWorld::get();
  const Container container(kRuns);
  Call call;
  schema::ExecOptions options = shell("echo out; echo err >&2; echo $WHO in $PWD; exit 3");
  options.env = {{.name = "WHO", .value = "me"}};
  options.working_dir = "/bin";
  world.exec(call, container.id, options);
  const StreamResult result = call.wait();
  CHECK_FALSE(result.error.has_value());
  CHECK(result.exit_code == 3);
  CHECK(call.seen->output() == "out\nme in /bin\n");
  CHECK(call.seen->errors() == "err\n");
}

TEST_CASE("standard input ends, and the command goes on [E49]") {
  StreamWorld& world = StreamWorld::get();
  const Container container(kRuns);
  Call call;
  world.exec(call, container.id, shell("cat; echo the end; exit 5", true));
  call.type("hello\n");
  CHECK(call.shows("hello\n"));
  CHECK_FALSE(call.is_over());
  call.end_input();
  const StreamResult result = call.wait();
  CHECK(result.exit_code == 5);
  CHECK(call.seen->output() == "hello\nthe end\n");
}

TEST_CASE("a command that closes its output is waited for all the same") {
  StreamWorld& world = StreamWorld::get();
  const Container container(kRuns);
  Call call;
  world.exec(call, container.id, shell("echo ready; exec >&- 2>&-; sleep 3; exit 8"));
  CHECK(call.shows("ready"));
  CHECK(call.wait().exit_code == 8);
}

TEST_CASE("much goes through a command both ways, whole [E49]") {
  StreamWorld& world = StreamWorld::get();
  const Container container(kRuns);
  Call call;
  world.exec(call, container.id, shell("cat", true));
  std::string much(8 * 1024 * 1024, '\0');
  for (std::size_t i = 0; i < much.size(); ++i) much[i] = static_cast<char>(i * 7 + i / 4096);
  call.type(much);
  call.end_input();
  CHECK(call.wait().exit_code == 0);
  CHECK(call.seen->output() == much);
}

TEST_CASE("a terminal has its size, and keys are the command's [E49]") {
  StreamWorld& world = StreamWorld::get();
  const Container container(kRuns);
  Call call;
  schema::ExecOptions options = shell(
      "until [ \"$(stty size)\" = '40 100' ]; do sleep 0.05; done; echo sized; "
      "until [ \"$(stty size)\" = '50 120' ]; do sleep 0.05; done; echo resized; "
      "stty raw -echo; echo ready; dd bs=1 count=3 2>/dev/null | od -An -tx1; exit 4",
      true);
  options.tty = true;
  options.columns = 100;
  options.rows = 40;
  world.exec(call, container.id, options);
  CHECK(call.shows("sized"));
  world.client->resize(call.id, 120, 50);
  CHECK(call.shows("resized"));
  CHECK(call.shows("ready"));
  call.type("\x10\x11\x03");  // Docker's own keys for detaching, and Ctrl-C
  CHECK(call.wait().exit_code == 4);
  CHECK(has(call.seen->output(), "10 11 03"));
}

TEST_CASE("a command that cannot be run: the engine's words and its exit code") {
  StreamWorld& world = StreamWorld::get();
  const Container container(kRuns);
  Call missing;
  world.exec(missing, container.id, {.command = {"/nosuch"}});
  const StreamResult not_found = missing.wait();
  INFO(missing.seen->output() << (not_found.error ? not_found.error->message : ""));
  // Engines before 25 say 126 of whatever did not start.
  CHECK((not_found.exit_code == 127 || not_found.exit_code == 126));
  CHECK(has(missing.seen->output() + missing.seen->errors(), "no such file or directory"));
  Call refused;
  world.exec(refused, container.id, {.command = {"/etc/passwd"}});
  CHECK(refused.wait().exit_code == 126);
  CHECK(has(refused.seen->output() + refused.seen->errors(), "permission denied"));

  world.dockerd.docker("stop -t 0 " + container.id);
  Call late;
  world.exec(late, container.id, shell("true"));
  const Error stopped = late.refusal();
  CHECK(stopped.code == Code::kConflict);
  CHECK(has(stopped.message, "run a command in service"));
  CHECK(has(stopped.message, "is not running"));
}

TEST_CASE("a signal reaches the command, and so does the end of its client [E49]") {
  StreamWorld& world = StreamWorld::get();
  const Container container(kRuns);
  Call call;
  world.exec(call, container.id,
             shell("trap 'echo caught; exit 7' INT; echo ready; "
                   "while true; do sleep 0.1; done"));
  CHECK(call.shows("ready"));
  world.client->signal(call.id, "INT");
  CHECK(call.wait().exit_code == 7);
  CHECK(call.seen->output() == "ready\ncaught\n");

  Call closed;
  world.exec(closed, container.id, shell("trap '' HUP; echo ready; sleep 4241 & sleep 4242"));
  CHECK(closed.shows("ready"));
  CHECK(eventually([&] { return container.runs("sleep 4242"); }));
  world.client->close(closed.id, {});
  CHECK(eventually([&] { return !container.runs("sleep 424"); }));
}

TEST_CASE("a client that ends leaves no session and no process [E49]") {
  StreamWorld& world = StreamWorld::get();
  const Container container(kRuns);
  auto doomed = world.make_client("dead");
  Call call;
  world.exec(call, container.id, shell("echo ready; sleep 4243", true), doomed.get(), "dead");
  CHECK(call.shows("ready"));
  CHECK(container.runs("sleep 4243"));
  doomed.reset();
  const auto end = std::chrono::steady_clock::now() + 60s;
  while (container.runs("sleep 4243") && std::chrono::steady_clock::now() < end) {
    std::this_thread::sleep_for(100ms);
  }
  CHECK_FALSE(container.runs("sleep 4243"));
  CHECK(eventually([&] { return world.server->pump().open_streams() == 0; }));
}

TEST_CASE("an agent that ends takes its commands with it") {
  StreamWorld& world = StreamWorld::get();
  const Container container(kRuns);
  Call call;
  world.exec(call, container.id, shell("echo ready; sleep 4244"));
  CHECK(call.shows("ready"));
  world.server.reset();
  CHECK_FALSE(container.runs("sleep 4244"));
  world.server = world.make_server({});
  world.client->close(call.id, {});
  call.wait();
}

TEST_CASE("a hundred commands at once [E49]") {
  StreamWorld& world = StreamWorld::get();
  const Container container(kRuns);
  std::vector<Call> calls(100);
  for (Call& call : calls) world.exec(call, container.id, shell("cat; exit 9", true));
  CHECK(world.server->pump().open_streams() == calls.size());
  for (std::size_t i = 0; i < calls.size(); ++i) calls[i].type(std::to_string(i));
  // An engine starts a few commands a second.
  for (std::size_t i = 0; i < calls.size(); ++i) {
    for (int tries = 0; tries < 10 && !calls[i].is_over(); ++tries) {
      if (calls[i].shows(std::to_string(i))) break;
    }
    if (calls[i].is_over()) FAIL(calls[i].refusal().message);
    CHECK(calls[i].seen->output() == std::to_string(i));
  }
  CHECK(world.server->pump().open_streams() == calls.size());
  for (Call& call : calls) call.end_input();
  for (std::size_t i = 0; i < calls.size(); ++i) {
    CHECK(calls[i].wait().exit_code == 9);
    CHECK(calls[i].seen->output() == std::to_string(i));
  }
}

TEST_CASE("an engine that hangs: the opening ends in time, streams that are open wait [E35]") {
  StreamWorld& world = StreamWorld::get();
  const Container container(kRuns);
  Call open_before;
  world.exec(open_before, container.id, shell("cat", true));
  auto impatient = world.make_server({.node = "n2", .open_limit = 500ms});
  std::swap(impatient, world.server);
  world.dockerd.shell("freeze_dockerd");
  Call call;
  world.exec(call, container.id, shell("true"));
  const Error refused = call.refusal();
  CHECK(refused.code == Code::kTimeout);
  CHECK(has(refused.message, "gave no answer in time"));
  world.dockerd.shell("thaw_dockerd");
  std::swap(impatient, world.server);
  impatient.reset();
  open_before.type("on");
  CHECK(open_before.shows("on"));
  open_before.end_input();
  CHECK(open_before.wait().exit_code == 0);
}
