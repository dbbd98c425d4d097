#include "tests/contract/private_dockerd.h"

#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cstdio>
#include <cstdlib>
#include <stdexcept>

extern char** environ;

namespace cara::contract {

namespace {

struct Pipe {
  int read = -1;
  int write = -1;
};

Pipe make_pipe() {
  std::array<int, 2> ends{};
  if (pipe2(ends.data(), O_CLOEXEC) != 0) throw std::runtime_error("no pipe");
  return {ends[0], ends[1]};
}

std::string read_line(int fd) {
  std::string line;
  char c = 0;
  while (::read(fd, &c, 1) == 1 && c != '\n') line.push_back(c);
  return line;
}

// In a session of its own: a Ctrl-C or timeout that ends the test must not end the clean-up.
pid_t spawn_keeper(const std::string& dir, const Pipe& in, const Pipe& out) {
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, in.read, STDIN_FILENO);
  posix_spawn_file_actions_adddup2(&actions, out.write, STDOUT_FILENO);
  posix_spawnattr_t attributes;
  posix_spawnattr_init(&attributes);
  posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSID);
  std::string script = CARA_SOURCE_DIR "/tests/contract/dockerd.sh";
  std::string argument = dir;
  std::string shell = "bash";
  std::array<char*, 4> argv{shell.data(), script.data(), argument.data(), nullptr};
  pid_t pid = -1;
  const int failed = posix_spawnp(&pid, "bash", &actions, &attributes, argv.data(), environ);
  posix_spawn_file_actions_destroy(&actions);
  posix_spawnattr_destroy(&attributes);
  if (failed != 0) throw std::runtime_error("cannot run bash");
  return pid;
}

}  // namespace

PrivateDockerd::PrivateDockerd() {
  std::string pattern = "/tmp/cara-dockerd-XXXXXX";
  if (mkdtemp(pattern.data()) == nullptr) throw std::runtime_error("no directory in /tmp");
  dir_ = pattern;
  const Pipe in = make_pipe();
  const Pipe out = make_pipe();
  keeper_ = spawn_keeper(dir_, in, out);
  close(in.read);
  close(out.write);
  lifeline_ = in.write;
  const std::string answer = read_line(out.read);
  close(out.read);
  if (answer != "ready") throw std::runtime_error("no private Docker engine: " + answer);
}

PrivateDockerd::~PrivateDockerd() {
  close(lifeline_);
  int status = 0;
  waitpid(keeper_, &status, 0);
}

std::string PrivateDockerd::shell(const std::string& function, const std::string& arguments) const {
  const std::string command = "bash -c 'source " CARA_SOURCE_DIR "/tests/e2e/lib/dockerd.sh; " +
                              function + " " + dir_ + " " + arguments + "' 2>&1 </dev/null";
  FILE* pipe = popen(command.c_str(), "re");
  if (pipe == nullptr) throw std::runtime_error("cannot run bash");
  std::string output;
  std::array<char, 4096> piece{};
  while (const std::size_t n = fread(piece.data(), 1, piece.size(), pipe)) {
    output.append(piece.data(), n);
  }
  if (pclose(pipe) != 0) throw std::runtime_error(function + " " + arguments + ": " + output);
  return output;
}

}  // namespace cara::contract
