#include "services/agent/ingress/haproxy_process.h"

#include <fcntl.h>
#include <grp.h>
#include <poll.h>
#include <pwd.h>
#include <signal.h>
#include <spawn.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <utility>

#include "services/agent/ingress/files.h"
#include "services/agent/ingress/haproxy_words.h"

namespace cara::haproxy {
namespace {

// By the numbers of the kernel's interface: g++ 12's C library has no wrappers in every version.
int open_pid(pid_t pid) { return static_cast<int>(::syscall(SYS_pidfd_open, pid, 0)); }
// A process that we may not look into keeps it to itself: -1.
int stdout_of(int handle) {
  return static_cast<int>(::syscall(SYS_pidfd_getfd, handle, STDOUT_FILENO, 0));
}
void send(int handle, int signal) {
  (void)::syscall(SYS_pidfd_send_signal, handle, signal, nullptr, 0);
}

constexpr int kAppend = O_WRONLY | O_CREAT | O_APPEND;

// Inherits nothing: no file of ours, no variable (there are passwords among them), no blocked
// signal, no terminal.
class SpawnPlan {
 public:
  SpawnPlan(const HaproxyProcess::Start& how, int access_log) {
    posix_spawn_file_actions_init(&files_);
    posix_spawnattr_init(&attributes_);
    posix_spawn_file_actions_addchdir_np(&files_, how.folder.c_str());
    posix_spawn_file_actions_addopen(&files_, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_adddup2(&files_, access_log, STDOUT_FILENO);
    posix_spawn_file_actions_addopen(&files_, STDERR_FILENO, how.own_log.c_str(), kAppend, 0600);
    posix_spawn_file_actions_addclosefrom_np(&files_, STDERR_FILENO + 1);
    sigset_t none;
    sigset_t all;
    sigemptyset(&none);
    sigfillset(&all);
    posix_spawnattr_setsigmask(&attributes_, &none);
    posix_spawnattr_setsigdefault(&attributes_, &all);
    posix_spawnattr_setflags(&attributes_,
                             POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSID);
  }
  ~SpawnPlan() {
    posix_spawn_file_actions_destroy(&files_);
    posix_spawnattr_destroy(&attributes_);
  }
  SpawnPlan(const SpawnPlan&) = delete;
  SpawnPlan& operator=(const SpawnPlan&) = delete;

  int run(pid_t& pid, const std::string& program, char** arguments) const {
    std::string path = "PATH=/usr/sbin:/usr/bin:/sbin:/bin";
    std::array<char*, 2> environment{path.data(), nullptr};
    return posix_spawn(&pid, program.c_str(), &files_, &attributes_, arguments, environment.data());
  }

 private:
  posix_spawn_file_actions_t files_{};
  posix_spawnattr_t attributes_{};
};

bool is_program(const std::string& path) {
  struct stat facts {};
  return ::stat(path.c_str(), &facts) == 0 && S_ISREG(facts.st_mode) &&
         ::access(path.c_str(), X_OK) == 0;
}

}  // namespace

Result<HaproxyProcess> HaproxyProcess::start(const Start& how) {
  const int log = ::open((how.folder + "/" + how.access_log).c_str(), kAppend | O_CLOEXEC, 0600);
  if (log < 0) return unavailable("cannot write " + how.folder + "/" + how.access_log);
  const SpawnPlan plan(how, log);
  std::vector<std::string> words = how.arguments;
  words.insert(words.begin(), how.program);
  std::vector<char*> arguments;
  for (std::string& word : words) arguments.push_back(word.data());
  arguments.push_back(nullptr);
  pid_t pid = 0;
  if (const int error = plan.run(pid, how.program, arguments.data()); error != 0) {
    ::close(log);
    return unavailable("cannot start " + how.program + ": " + std::strerror(error));
  }
  const int handle = open_pid(pid);
  if (handle >= 0) return HaproxyProcess(pid, handle, log);
  ::close(log);
  return not_found("no process " + std::to_string(pid));
}

Result<HaproxyProcess> HaproxyProcess::of(pid_t pid) {
  const int handle = open_pid(pid);
  if (handle < 0) return not_found("no process " + std::to_string(pid));
  return HaproxyProcess(pid, handle, stdout_of(handle));
}

HaproxyProcess::~HaproxyProcess() {
  if (handle_ >= 0) ::close(handle_);
  if (log_ >= 0) ::close(log_);
}

HaproxyProcess::HaproxyProcess(HaproxyProcess&& other) noexcept
    : pid_(other.pid_),
      handle_(std::exchange(other.handle_, -1)),
      log_(std::exchange(other.log_, -1)),
      ended_(std::move(other.ended_)) {}

HaproxyProcess& HaproxyProcess::operator=(HaproxyProcess&& other) noexcept {
  std::swap(pid_, other.pid_);
  std::swap(handle_, other.handle_);
  std::swap(log_, other.log_);
  std::swap(ended_, other.ended_);
  return *this;
}

std::optional<std::string> HaproxyProcess::ended() {
  if (ended_) return ended_;
  pollfd wait{.fd = handle_, .events = POLLIN, .revents = 0};
  if (::poll(&wait, 1, 0) != 1) return std::nullopt;
  int status = 0;
  ended_ = ::waitpid(pid_, &status, WNOHANG) == pid_ ? how_it_ended(status) : "it ended";
  return ended_;
}

void HaproxyProcess::append_log() const {
  const int flags = log_ < 0 ? -1 : ::fcntl(log_, F_GETFL);
  if (flags >= 0 && (flags & O_APPEND) == 0) (void)::fcntl(log_, F_SETFL, flags | O_APPEND);
}

void HaproxyProcess::leave() const { send(handle_, SIGUSR1); }
void HaproxyProcess::kill() const { send(handle_, SIGKILL); }

Result<std::string> find_program(const std::string& program) {
  if (program.find('/') != std::string::npos) {
    if (is_program(program)) return program;
    return not_found("there is no program " + program);
  }
  const char* path = std::getenv("PATH");
  std::string folders = (path == nullptr ? std::string() : path) + ":/usr/sbin:/usr/local/sbin";
  while (!folders.empty()) {
    const auto end = std::min(folders.find(':'), folders.size());
    const std::string candidate = folders.substr(0, end) + "/" + program;
    if (end > 0 && is_program(candidate)) return candidate;
    folders.erase(0, end + 1);
  }
  return not_found("there is no program " + program +
                   ": install the package haproxy, or say where it is with --haproxy");
}

std::string identity_of(const std::string& path) {
  struct stat facts {};
  if (::stat(path.c_str(), &facts) != 0) return path;
  return path + " " + std::to_string(facts.st_mtim.tv_sec) + " " + std::to_string(facts.st_size);
}

std::string user_to_become() {
  constexpr const char* kUser = "haproxy";
  if (::getpwnam(kUser) == nullptr || ::getgrnam(kUser) == nullptr) return {};
  // A service may be root without the capabilities to become somebody else.
  constexpr std::string_view kEffective = "\nCapEff:\t";
  constexpr std::uint64_t kSetGidAndUid = 0b1100'0000;
  const std::string status = read_file("/proc/self/status");
  const auto at = status.find(kEffective);
  if (at == std::string::npos) return {};
  std::uint64_t capabilities = 0;
  const char* start = status.data() + at + kEffective.size();
  std::from_chars(start, status.data() + status.size(), capabilities, 16);
  return (capabilities & kSetGidAndUid) == kSetGidAndUid ? kUser : "";
}

}  // namespace cara::haproxy
