#include "services/agent/docker/streams/processes.h"

#include <dirent.h>
#include <signal.h>

#include <array>
#include <charconv>
#include <memory>
#include <string_view>
#include <utility>

#include "services/runtime/host/read_file.h"

namespace cara::docker {

namespace {

// Fields of /proc/PID/stat behind the name, which may hold anything: proc(5).
constexpr std::size_t kSessionField = 3;
constexpr std::size_t kStartField = 19;

std::string stat_field(pid_t pid, std::size_t index) {
  const std::string stat = host::read_file("/proc/" + std::to_string(pid) + "/stat").value_or("");
  std::size_t at = stat.rfind(") ");
  if (at == std::string::npos) return "";
  at += 2;
  for (std::size_t i = 0; i < index; ++i) {
    at = stat.find(' ', at);
    if (at == std::string::npos) return "";
    ++at;
  }
  return stat.substr(at, stat.find(' ', at) - at);
}

template <class Visit>
void for_each_process(const Visit& visit) {
  const std::unique_ptr<DIR, int (*)(DIR*)> folder(::opendir("/proc"), ::closedir);
  if (!folder) return;
  while (const dirent* entry = ::readdir(folder.get())) {
    const std::string_view name(entry->d_name);
    pid_t pid = 0;
    const auto read = std::from_chars(name.data(), name.data() + name.size(), pid);
    if (read.ec == std::errc() && read.ptr == name.data() + name.size()) visit(pid);
  }
}

}  // namespace

std::optional<int> signal_number(const std::string& name) {
  static constexpr std::array<std::pair<std::string_view, int>, 13> kSignals{{{"HUP", SIGHUP},
                                                                              {"INT", SIGINT},
                                                                              {"QUIT", SIGQUIT},
                                                                              {"ABRT", SIGABRT},
                                                                              {"KILL", SIGKILL},
                                                                              {"USR1", SIGUSR1},
                                                                              {"USR2", SIGUSR2},
                                                                              {"ALRM", SIGALRM},
                                                                              {"TERM", SIGTERM},
                                                                              {"CONT", SIGCONT},
                                                                              {"STOP", SIGSTOP},
                                                                              {"TSTP", SIGTSTP},
                                                                              {"WINCH", SIGWINCH}}};
  const std::string_view plain =
      name.starts_with("SIG") ? std::string_view(name).substr(3) : std::string_view(name);
  for (const auto& [known, number] : kSignals) {
    if (known == plain) return number;
  }
  return std::nullopt;
}

std::optional<ExecSession> ExecSession::find(std::int64_t pid, const std::string& container) {
  const auto leader = static_cast<pid_t>(pid);
  if (pid <= 1 || leader != pid || container.empty()) return std::nullopt;
  const auto groups = host::read_file("/proc/" + std::to_string(leader) + "/cgroup");
  if (!groups || groups->find(container) == std::string::npos) return std::nullopt;
  std::string started = stat_field(leader, kStartField);
  if (started.empty()) return std::nullopt;
  return ExecSession(leader, std::move(started));
}

void ExecSession::signal(int number) const {
  if (stat_field(leader_, kStartField) != started_) return;
  if (::kill(-leader_, number) != 0) ::kill(leader_, number);
}

bool ExecSession::signal_all(int number) const {
  // While one process of the session lives, no other process gets the leader's pid.
  const std::string now = stat_field(leader_, kStartField);
  if (!now.empty() && now != started_) return false;
  const std::string session = std::to_string(leader_);
  bool any = false;
  for_each_process([&](pid_t pid) {
    if (stat_field(pid, kSessionField) != session) return;
    any = ::kill(pid, number) == 0 || any;
  });
  return any;
}

}  // namespace cara::docker
