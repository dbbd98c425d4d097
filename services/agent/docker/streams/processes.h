// Processes of a container as the machine sees them: what Docker offers no call for.
#pragma once

#include <sys/types.h>

#include <optional>
#include <string>

namespace cara::docker {

// 2 for `INT` and `SIGINT`; nothing for what is no signal that is sent by hand.
std::optional<int> signal_number(const std::string& name);

// A process that a container's exec has started, by the pid that the engine tells. It is the leader
// of a session, and what it has started is of the session, too, unless it made one of its own.
class ExecSession {
 public:
  // Nothing: no such process is seen here, or it is none of the container's. An agent that does not
  // share the machine's pid namespace sees others under these numbers.
  static std::optional<ExecSession> find(std::int64_t pid, const std::string& container);

  // To the leader's process group.
  void signal(int number) const;
  // To all processes of the session. False: there is none any more.
  bool signal_all(int number) const;

 private:
  ExecSession(pid_t leader, std::string started) : leader_(leader), started_(std::move(started)) {}

  pid_t leader_;
  std::string started_;  // when: pids are used again
};

}  // namespace cara::docker
