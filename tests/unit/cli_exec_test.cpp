#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>

#include "cli/ports.h"
#include "cli/stdio_endpoint.h"
#include "cli/terminal.h"
#include "tests/catch_compat.h"
#include "tests/unit/cli_bench.h"

using namespace cara;
using namespace cara::cli;
using namespace cara::cli::test;
using schema::Channel;

namespace {

struct World : CliBench {
  World() { api.add("shop", schema::Phase::kRunning); }
  schema::ExecOptions asked() { return *api.agents.opened.back().request.exec; }
  void ends_with(std::int64_t code) {
    api.agents.on_open = [this, code](std::int64_t number,
                                      const FakeStreams::Opened& opened) -> Result<Ok> {
      opened.endpoint->opened("");
      api.agents.end(number, code);
      return Ok{};
    };
  }
};

struct Pipe {
  Pipe() { REQUIRE(pipe2(ends.data(), O_CLOEXEC) == 0); }
  ~Pipe() {
    for (const int end : ends) close(end);
  }
  std::array<int, 2> ends{};
};

}  // namespace

TEST_CASE("exec: the command as it is written, and its exit code [E49]") {
  World world;
  world.ends_with(7);
  const Seen seen = world.run({"exec", "shop", "-u", "www", "-w", "/srv", "-e", "A=b c", "-e",
                               "NIX", "--", "sh", "-c", "echo -n $A; exit 7", "", "-i"});
  CHECK(seen.err.empty());
  CHECK(seen.exit == 7);
  const schema::ExecOptions asked = world.asked();
  CHECK(asked.command == schema::Texts{"sh", "-c", "echo -n $A; exit 7", "", "-i"});
  CHECK(asked.user == "www");
  CHECK(asked.working_dir == "/srv");
  REQUIRE(asked.env.size() == 1);
  CHECK(asked.env[0].value == "b c");
  CHECK_FALSE(asked.input);
  CHECK_FALSE(asked.tty);
  CHECK(world.api.agents.opened.back().request.service == "app");
  CHECK(world.api.agents.opened.back().endpoint->read_fd() == -1);
}

TEST_CASE("exec -i reads standard input; -t needs a terminal for it [E49]") {
  World world;
  world.ends_with(0);
  CHECK(world.run({"exec", "-i", "shop/app", "--", "cat"}).exit == 0);
  CHECK(world.asked().input);
  CHECK(world.api.agents.opened.back().endpoint->read_fd() == 0);
  const Seen refused = world.run({"exec", "-it", "shop/app", "--", "sh"});
  CHECK(refused.err.starts_with("error: standard input is no terminal, so -t cannot be"));
  CHECK(refused.exit == kBadInput);
  CHECK(world.run({"exec", "-t", "shop/app", "--", "ls"}).exit == 0);
  CHECK(world.asked().tty);
  CHECK_FALSE(world.asked().input);
}

TEST_CASE("exec: mistakes are said in one sentence [E6]") {
  World world;
  CHECK(world.run({"exec"}).exit == kBadInput);
  CHECK(
      world.run({"exec", "shop"}).err.starts_with("error: which command? Write it behind `--`\n"));
  CHECK(world.run({"exec", "shop", "ls", "-l"}).exit == kBadInput);
  CHECK(world.run({"exec", "shop/ap", "--", "ls"}).err ==
        "error: project \"shop\" has no service `ap`; did you mean `app`?\n");
  world.api.projects["shop"].spec.services.push_back({.name = "db"});
  CHECK(world.run({"exec", "shop", "--", "ls"}).err ==
        "error: project \"shop\" has several services, write shop/SERVICE: app, db\n");
  CHECK(world.api.agents.opened.empty());
}

TEST_CASE("exec: a stream that breaks is an error of ours [E49]") {
  World world;
  world.api.agents.on_open = [&](std::int64_t number, const FakeStreams::Opened&) -> Result<Ok> {
    world.api.agents.fail(number, unavailable("the node's agent is silent"));
    return Ok{};
  };
  const Seen seen = world.run({"exec", "shop", "--", "ls"});
  CHECK(seen.err == "error: the node's agent is silent\n");
  CHECK(seen.exit == kRefused);
}

TEST_CASE("exec without -t passes signals on, and the third Ctrl-C gives up [E49]") {
  World world;
  FakeStreams& agents = world.api.agents;
  agents.on_open = [](std::int64_t, const FakeStreams::Opened& opened) -> Result<Ok> {
    opened.endpoint->opened("");
    return Ok{};
  };
  const std::vector<int> sent{SIGTERM, SIGHUP, SIGINT, SIGINT, SIGINT};
  std::size_t next = 0;
  agents.on_idle = [&] {
    if (next < sent.size()) raise(sent[next++]);
  };
  CHECK(world.run({"exec", "shop", "--", "sleep", "9"}).exit == 130);
  CHECK(agents.told == std::vector<std::string>{"signal 1 TERM", "signal 1 HUP", "signal 1 INT",
                                                "signal 1 INT", "close 1"});
  // Before anybody answers there is nobody to pass it to.
  agents.on_open = {};
  agents.on_idle = [] { raise(SIGTERM); };
  CHECK(world.run({"exec", "shop", "--", "sleep", "9"}).exit == 128 + SIGTERM);
  CHECK(agents.told.back() == "close 2");
}

TEST_CASE("standard input and output as one side of a stream, each output apart [E49]") {
  Pipe in, out, err;
  const auto state = std::make_shared<StdioEndpoint::State>();
  StdioEndpoint endpoint({in.ends[0], out.ends[1], err.ends[1]}, true, state);
  REQUIRE(write(in.ends[1], "abc", 3) == 3);
  CHECK(endpoint.read(100).data == "abc");
  close(in.ends[1]);
  CHECK(endpoint.read(100).status == host::Endpoint::Read::kEnd);
  in.ends[1] = dup(0);
  CHECK(endpoint.write("to out", Channel::kStdout).value() == 6);
  CHECK(endpoint.write("to err", Channel::kStderr).value() == 6);
  std::array<char, 10> got{};
  CHECK(read(out.ends[0], got.data(), got.size()) == 6);
  CHECK(std::string_view(got.data(), 6) == "to out");
  CHECK(read(err.ends[0], got.data(), got.size()) == 6);
  CHECK(std::string_view(got.data(), 6) == "to err");
  CHECK(endpoint.write_fd() == -1);
  // Nobody reads: it never blocks, and the file of others stays as it was.
  const std::string much(1024 * 1024, 'x');
  while (endpoint.write(much, Channel::kStdout).value() > 0) {
  }
  CHECK(endpoint.write_fd() >= 0);
  CHECK((fcntl(out.ends[1], F_GETFL) & O_NONBLOCK) == 0);
  CHECK(endpoint.write("still", Channel::kStderr).value() == 5);
}

TEST_CASE("an output whose reader is gone ends the stream, without words") {
  std::signal(SIGPIPE, SIG_IGN);
  Pipe in, out;
  const auto state = std::make_shared<StdioEndpoint::State>();
  StdioEndpoint endpoint({in.ends[0], out.ends[1], out.ends[1]}, false, state);
  close(out.ends[0]);
  CHECK_FALSE(endpoint.write("x", Channel::kStdout).ok());
  CHECK(state->reader_gone);
  out.ends[0] = dup(0);
}

TEST_CASE("ports are written as elsewhere") {
  CHECK(parse_port_pair("8080:80").value() == PortPair{8080, 80});
  CHECK(parse_port_pair("80").value() == PortPair{80, 80});
  CHECK(parse_port_pair(":80").value() == PortPair{0, 80});
  for (const char* text : {"", ":", "0", "80:", "65536", "80:0", "x:80", "1:2:3", "-1", " 80"}) {
    CHECK_FALSE(parse_port_pair(text).ok());
  }
  auto first = Listener::open("127.0.0.1", 0);
  REQUIRE(first.ok());
  CHECK(first->port() != 0);
  CHECK(first->name() == "127.0.0.1:" + std::to_string(first->port()));
  const auto taken = Listener::open("127.0.0.1", first->port());
  REQUIRE_FALSE(taken.ok());
  CHECK(taken.error().message == "cannot listen on " + first->name() + ": Address already in use");
  CHECK_FALSE(Listener::open("localhost", 0).ok());
}

TEST_CASE("port-forward: mistakes are said in one sentence [E6]") {
  World world;
  CHECK(world.run({"port-forward"}).exit == kBadInput);
  CHECK(world.run({"port-forward", "shop"}).err.starts_with("error: which port?"));
  CHECK(world.run({"port-forward", "shop", "x"}).err.starts_with("error: `x` is no port; write"));
  CHECK(world.run({"port-forward", "nix", "80"}).err == "error: project \"nix\" not found\n");
  const Seen seen = world.run({"port-forward", "shop", ":80", "--address", "there"});
  CHECK(seen.err == "error: --address: `there` is no IP address\n");
  CHECK(seen.exit == kBadInput);
}
