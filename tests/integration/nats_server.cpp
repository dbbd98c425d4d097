#include "tests/integration/nats_server.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <fstream>
#include <stdexcept>
#include <thread>

namespace cara::test {
namespace {

constexpr std::chrono::seconds kStartPatience{10};

sockaddr_in loopback(std::uint16_t port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons(port);
  return address;
}

bool greets(std::uint16_t port) {
  const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const sockaddr_in address = loopback(port);
  char first = 0;
  bool good = connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
  pollfd wait{.fd = fd, .events = POLLIN, .revents = 0};
  good = good && poll(&wait, 1, 1000) == 1 && recv(fd, &first, 1, 0) == 1;
  close(fd);
  return good;
}

}  // namespace

std::uint16_t free_port() {
  const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address = loopback(0);
  socklen_t size = sizeof address;
  if (bind(fd, reinterpret_cast<sockaddr*>(&address), size) != 0 ||
      getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size) != 0) {
    throw std::runtime_error("no free port");
  }
  close(fd);
  return ntohs(address.sin_port);
}

NatsServer::NatsServer(std::string config) : port_(free_port()) {
  std::string pattern = (std::filesystem::temp_directory_path() / "cara-nats-XXXXXX").string();
  if (mkdtemp(pattern.data()) == nullptr) throw std::runtime_error("no temporary directory");
  directory_ = pattern;
  std::ofstream(directory_ / "nats.conf") << "listen: \"127.0.0.1:" << port_ << "\"\n"
                                          << config << "\n";
  start();
}

NatsServer::~NatsServer() {
  if (pid_ > 0) kill();
  std::filesystem::remove_all(directory_);
}

std::string NatsServer::url(const std::string& credentials) const {
  const std::string who = credentials.empty() ? "" : credentials + "@";
  return "nats://" + who + "127.0.0.1:" + std::to_string(port_);
}

void NatsServer::start() {
  const std::string config = (directory_ / "nats.conf").string();
  const std::string log = (directory_ / "nats.log").string();
  pid_ = fork();
  if (pid_ == 0) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    execlp("nats-server", "nats-server", "-c", config.c_str(), "-l", log.c_str(), nullptr);
    execl("/usr/sbin/nats-server", "nats-server", "-c", config.c_str(), "-l", log.c_str(), nullptr);
    _exit(127);
  }
  const auto end = std::chrono::steady_clock::now() + kStartPatience;
  while (!greets(port_)) {
    if (waitpid(pid_, nullptr, WNOHANG) == pid_ || std::chrono::steady_clock::now() > end) {
      throw std::runtime_error("nats-server does not start, see " + log);
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
}

void NatsServer::kill() {
  ::kill(pid_, SIGKILL);
  waitpid(pid_, nullptr, 0);
  pid_ = -1;
}

void NatsServer::freeze() { ::kill(pid_, SIGSTOP); }
void NatsServer::thaw() { ::kill(pid_, SIGCONT); }

}  // namespace cara::test
