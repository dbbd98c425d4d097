// What a whole process tells about itself: --healthcheck, and systemd's protocol.
#include <poll.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>

#include "services/runtime/host/pulse.h"
#include "tests/catch_compat.h"
#include "tests/integration/nats_server.h"
#include "tests/integration/service_child.h"

using namespace cara;
using namespace cara::test;
using namespace std::chrono_literals;

namespace {

class Folder {
 public:
  Folder() {
    std::string name = (std::filesystem::temp_directory_path() / "cara-health.XXXXXX").string();
    REQUIRE(mkdtemp(name.data()) != nullptr);
    path_ = name;
  }
  ~Folder() { std::filesystem::remove_all(path_); }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;

  std::string operator/(const std::string& name) const { return (path_ / name).string(); }

 private:
  std::filesystem::path path_;
};

// What `--healthcheck` ends with.
int healthcheck(const std::string& file) {
  const Child check({"test-service", "--healthcheck", "--health-file", file});
  return exit_code_of(check.pid());
}

// As a supervisor does, it asks again after a while.
bool turns(const std::string& file, int exit_code) {
  const auto end = std::chrono::steady_clock::now() + kPatience;
  while (healthcheck(file) != exit_code) {
    if (std::chrono::steady_clock::now() > end) return false;
    std::this_thread::sleep_for(50ms);
  }
  return true;
}

// systemd's side of sd_notify(3).
class NotifySocket {
 public:
  explicit NotifySocket(const std::string& path) : fd_(socket(AF_UNIX, SOCK_DGRAM, 0)) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    path.copy(address.sun_path, sizeof address.sun_path - 1);
    REQUIRE(bind(fd_, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0);
  }
  ~NotifySocket() { close(fd_); }
  NotifySocket(const NotifySocket&) = delete;
  NotifySocket& operator=(const NotifySocket&) = delete;

  // False: `line` does not come within `patience`; true: the next call goes on behind it.
  bool hears(const std::string& line, std::chrono::milliseconds patience = kPatience) {
    const auto end = std::chrono::steady_clock::now() + patience;
    while (all_.find("\n" + line, read_) == std::string::npos) {
      const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(
          end - std::chrono::steady_clock::now());
      pollfd wait{.fd = fd_, .events = POLLIN, .revents = 0};
      const int timeout_ms = std::max(0, static_cast<int>(left.count()));
      if (poll(&wait, 1, timeout_ms) != 1) return false;
      char buffer[4'096];
      const ssize_t size = recv(fd_, buffer, sizeof buffer, 0);
      if (size > 0) all_.append(buffer, static_cast<std::size_t>(size));
    }
    read_ = all_.find("\n" + line, read_) + line.size();
    return true;
  }
  const std::string& all() const { return all_; }

 private:
  const int fd_;
  std::string all_ = "\n";
  std::size_t read_ = 0;
};

// For the children that are forked while it lives.
class Variable {
 public:
  Variable(const char* name, const std::string& value) : name_(name) {
    setenv(name, value.c_str(), 1);
  }
  ~Variable() { unsetenv(name_); }
  Variable(const Variable&) = delete;
  Variable& operator=(const Variable&) = delete;

 private:
  const char* const name_;
};

}  // namespace

TEST_CASE("--healthcheck says whether the process works and is connected") {
  const Folder folder;
  const std::string file = folder / "health";
  CHECK(healthcheck(file) == 1);  // nothing runs yet
  NatsServer server;
  const Child child({"test-service", "--nats", server.url(), "--health-file", file});
  REQUIRE(child.starts());
  CHECK(turns(file, 0));

  kill(child.pid(), SIGSTOP);
  CHECK(turns(file, 1));
  kill(child.pid(), SIGCONT);
  CHECK(turns(file, 0));

  server.kill();
  CHECK(turns(file, 1));
  server.start();
  CHECK(turns(file, 0));

  kill(child.pid(), SIGTERM);
  CHECK(exit_code_of(child.pid()) == 0);
  CHECK_FALSE(std::filesystem::exists(file));
  CHECK(healthcheck(file) == 1);
}

TEST_CASE("--healthcheck finds a step that never returns, and a process that was killed") {
  const Folder folder;
  const std::string file = folder / "health";
  NatsServer server;
  const Child child({"test-service", "--nats", server.url(), "--health-file", file},
                    {.wedge_after = 2s});
  REQUIRE(child.starts());
  CHECK(turns(file, 0));
  CHECK(turns(file, 1));
  CHECK(waitpid(child.pid(), nullptr, WNOHANG) == 0);  // it is alive
  kill(child.pid(), SIGKILL);
  CHECK(exit_code_of(child.pid()) == -SIGKILL);
  CHECK(std::filesystem::exists(file));
  CHECK(healthcheck(file) == 1);
}

TEST_CASE("--healthcheck without a file is a wrong command line") {
  const Child child({"test-service", "--healthcheck"});
  CHECK(exit_code_of(child.pid()) == 2);
}

TEST_CASE("systemd hears READY after the connect, the watchdog, and STOPPING") {
  const Folder folder;
  NotifySocket systemd(folder / "notify");
  const Variable socket("NOTIFY_SOCKET", folder / "notify");
  const Variable watchdog("WATCHDOG_USEC", "30000000");
  NatsServer server;
  server.kill();
  const Child child({"test-service", "--nats", server.url()});
  REQUIRE(child.starts());
  CHECK(systemd.hears("STATUS="));
  CHECK(systemd.hears("WATCHDOG=1\n"));
  CHECK(systemd.hears("WATCHDOG=1\n"));
  CHECK(systemd.all().find("READY=1") == std::string::npos);
  server.start();
  CHECK(systemd.hears("READY=1\n"));
  CHECK(systemd.hears("STATUS=connected to the NATS server at " + server.url() + "\n"));
  CHECK(systemd.hears("WATCHDOG=1\n"));
  kill(child.pid(), SIGTERM);
  CHECK(systemd.hears("STOPPING=1\n"));
  CHECK(exit_code_of(child.pid()) == 0);
}

TEST_CASE("systemd hears READY without a bus when the patience is over, and of no watchdog") {
  const Folder folder;
  NotifySocket systemd(folder / "notify");
  host::Pulse pulse({.health_file = "", .notify = {.socket = folder / "notify"}});
  const runtime::MonoTime start{1'000};
  pulse.beat(start, false, "no NATS server answers");
  pulse.beat(start + (host::Pulse::kReadyPatience - 1ms), false, "no NATS server answers");
  CHECK(systemd.hears("STATUS=no NATS server answers\n"));
  CHECK_FALSE(systemd.hears("READY=1\n", 0ms));
  pulse.beat(start + host::Pulse::kReadyPatience + 1s, false, "no NATS server answers");
  CHECK(systemd.hears("READY=1\n"));
  CHECK(systemd.all().find("WATCHDOG") == std::string::npos);
}

TEST_CASE("a step that never returns ends the watchdog's signs of life") {
  const Folder folder;
  NotifySocket systemd(folder / "notify");
  const Variable socket("NOTIFY_SOCKET", folder / "notify");
  const Variable watchdog("WATCHDOG_USEC", "30000000");
  NatsServer server;
  const Child child({"test-service", "--nats", server.url()}, {.wedge_after = 1s});
  REQUIRE(child.starts());
  CHECK(systemd.hears("WATCHDOG=1\n"));
  CHECK(eventually([&] { return !systemd.hears("WATCHDOG=1\n", 3s); }));
  kill(child.pid(), SIGKILL);
  exit_code_of(child.pid());
}

TEST_CASE("a watchdog that is meant for another process is not fed") {
  const Folder folder;
  NotifySocket systemd(folder / "notify");
  const Variable socket("NOTIFY_SOCKET", folder / "notify");
  const Variable watchdog("WATCHDOG_USEC", "30000000");
  const Variable pid("WATCHDOG_PID", "1");
  NatsServer server;
  const Child child({"test-service", "--nats", server.url()});
  REQUIRE(child.starts());
  CHECK(systemd.hears("READY=1\n"));
  kill(child.pid(), SIGTERM);
  CHECK(systemd.hears("STOPPING=1\n"));
  CHECK(systemd.all().find("WATCHDOG") == std::string::npos);
  CHECK(exit_code_of(child.pid()) == 0);
}
