// caractrl logs, exec and port-forward against a cluster that the test plays.
#include <fcntl.h>

#include "cli/ports.h"
#include "tests/integration/shell_world.h"

using namespace cara;
using namespace cara::test;

namespace {

bool ends_with_line(const std::string& text, int number) {
  return text.ends_with("\n" + std::to_string(number) + "\n");
}

std::string counted(int from, int to) {
  std::string text;
  for (int i = from; i <= to; ++i) text += std::to_string(i) + "\n";
  return text;
}

struct Files {
  std::array<int, 2> in{}, out{}, err{};
  Files() {
    REQUIRE(pipe2(in.data(), O_CLOEXEC) == 0);
    REQUIRE(pipe2(out.data(), O_CLOEXEC) == 0);
    REQUIRE(pipe2(err.data(), O_CLOEXEC) == 0);
  }
  ~Files() {
    for (const auto& pair : {in, out, err}) {
      for (const int fd : pair) close(fd);
    }
  }
  std::array<int, 3> for_command() const { return {in[0], out[1], err[1]}; }
};

int connect_to(std::uint16_t port) {
  const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons(port);
  REQUIRE(connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0);
  return fd;
}

std::string all_of(int fd) {
  std::string all;
  std::array<char, 65'536> piece{};
  ssize_t count = 0;
  while ((count = recv(fd, piece.data(), piece.size(), 0)) > 0) {
    all.append(piece.data(), static_cast<std::size_t>(count));
  }
  return all;
}

// Sends back what it was sent, when all of it has come; one connection after the other.
class Origin {
 public:
  Origin() : listener_(std::move(cli::Listener::open("127.0.0.1", 0).value())) {
    thread_ = std::thread([this] {
      while (!stopping_) {
        const int fd = listener_.accept();
        if (fd < 0) {
          std::this_thread::sleep_for(1ms);
          continue;
        }
        fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) & ~O_NONBLOCK);
        const std::string all = all_of(fd);
        send(fd, all.data(), all.size(), MSG_NOSIGNAL);
        close(fd);
      }
    });
  }
  ~Origin() {
    stopping_ = true;
    thread_.join();
  }
  std::uint16_t port() const { return listener_.port(); }

 private:
  cli::Listener listener_;
  std::atomic<bool> stopping_ = false;
  std::thread thread_;
};

}  // namespace

TEST_CASE(
    "logs -f over a container's restart, another container, the agent's and the bus's [E48]") {
  Cluster cluster;
  cluster.container = std::make_shared<Container>("A", 1'000'000);
  Command logs(cluster, {"logs", "-f", "shop/web"});
  int printed = 0;
  const auto print_more = [&] {
    for (int i = 0; i < 50; ++i) cluster.container->print(std::to_string(++printed));
  };
  const auto arrives = [&] {
    return eventually([&] { return ends_with_line("\n" + logs.out(), printed); });
  };
  print_more();
  CHECK(arrives());

  cluster.restart_agent();
  print_more();
  CHECK(arrives());

  cluster.server.kill();
  print_more();
  cluster.server.start();
  print_more();
  CHECK(arrives());

  // Another one, whose clock is behind; what the old one says last must come, too.
  const auto old = cluster.container;
  const auto next = std::make_shared<Container>("B", 900'000);
  old->print(std::to_string(++printed));
  next->print(std::to_string(++printed));
  old->stop();
  cluster.replace(next);
  print_more();
  CHECK(arrives());
  CHECK(logs.out() == counted(1, printed));
  CHECK(logs.end() == 130);
  CHECK(eventually([&] { return cluster.open_streams() == 0; }));
}

TEST_CASE("logs -f of what has no container yet waits for it [E48]") {
  Cluster cluster;
  Command logs(cluster, {"logs", "-f", "shop"});
  CHECK(eventually([&] { return !logs.err().empty(); }));
  const auto container = std::make_shared<Container>("A", 1'000'000);
  container->print("up");
  cluster.replace(container);
  CHECK(eventually([&] { return logs.out() == "web  | up\n"; }));
  CHECK(logs.err() == "waiting: project \"shop\" has no container yet\n");
}

TEST_CASE("exec -i: both ways, each ends by itself, and the exit code [E49]") {
  Cluster cluster;
  Files files;
  Command exec(cluster, {"exec", "-i", "shop", "--", "cat"}, files.for_command());
  const std::string much(3'000'000, 'y');
  std::string heard;
  std::thread reader([&] {
    std::array<char, 65'536> piece{};
    while (heard.size() < much.size()) {
      const ssize_t count = read(files.out[0], piece.data(), piece.size());
      if (count <= 0) return;
      heard.append(piece.data(), static_cast<std::size_t>(count));
    }
  });
  for (std::size_t at = 0; at < much.size();) {
    at += static_cast<std::size_t>(write(files.in[1], much.data() + at, much.size() - at));
  }
  close(files.in[1]);
  files.in[1] = dup(files.in[0]);
  reader.join();
  CHECK(heard == much);
  CHECK(exec.wait() == 42);
  CHECK(exec.err().empty());
  CHECK(eventually([&] { return cluster.open_streams() == 0; }));
}

TEST_CASE("exec: its node's agent is lost in the middle of a session [E49]") {
  Cluster cluster;
  Files files;
  Command exec(cluster, {"exec", "-i", "shop", "--", "cat"}, files.for_command());
  REQUIRE(write(files.in[1], "x", 1) == 1);
  char byte = 0;
  REQUIRE(read(files.out[0], &byte, 1) == 1);
  cluster.restart_agent();
  REQUIRE(write(files.in[1], "y", 1) == 1);
  CHECK(exec.wait() == cli::kRefused);
  CHECK(exec.err() == "error: the node's agent has stopped\n");
}

TEST_CASE("port-forward: many connections at once, half-close, and one that is refused [E49]") {
  Cluster cluster;
  Origin origin;
  cluster.origin = origin.port();
  Command forward(cluster, {"port-forward", "shop/web", ":80", ":81", "--address", "127.0.0.1"});
  const auto port = [&](const std::string& remote) -> std::uint16_t {
    const std::string out = forward.out();
    const std::size_t end = out.find(" -> " + remote + "\n");
    if (end == std::string::npos) return 0;
    return static_cast<std::uint16_t>(std::stoi(out.substr(out.rfind(':', end) + 1)));
  };
  REQUIRE(eventually([&] { return port("81") != 0; }));
  std::vector<int> open;
  for (int i = 0; i < 50; ++i) open.push_back(connect_to(port("80")));
  for (const int fd : open) {
    const std::string text = "hello " + std::to_string(fd);
    REQUIRE(send(fd, text.data(), text.size(), 0) == static_cast<ssize_t>(text.size()));
    shutdown(fd, SHUT_WR);
  }
  for (const int fd : open) {
    CHECK(all_of(fd) == "hello " + std::to_string(fd));
    close(fd);
  }
  const int refused = connect_to(port("81"));
  CHECK(all_of(refused).empty());
  close(refused);
  CHECK(eventually([&] { return forward.err().find(" -> 81: ") != std::string::npos; }));

  cluster.restart_agent();
  const std::string much(8'000'000, 'z');
  const int after = connect_to(port("80"));
  std::thread writer([&] {
    for (std::size_t at = 0; at < much.size();) {
      const ssize_t count = send(after, much.data() + at, much.size() - at, MSG_NOSIGNAL);
      if (count <= 0) return;
      at += static_cast<std::size_t>(count);
    }
    shutdown(after, SHUT_WR);
  });
  CHECK(all_of(after) == much);
  writer.join();
  close(after);
  CHECK(forward.end() == 130);
  CHECK(eventually([&] { return cluster.open_streams() == 0; }));
}
