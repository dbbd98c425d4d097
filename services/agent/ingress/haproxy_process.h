// A HAProxy process: started in a session of its own, so that it outlives the agent, or found
// running from an earlier life. Destroying the object leaves the process alone.
#pragma once

#include <sys/types.h>

#include <optional>
#include <string>
#include <vector>

#include "schema/result.h"

namespace cara::haproxy {

class HaproxyProcess {
 public:
  struct Start {
    std::string program;                 // its path
    std::string folder;                  // where it runs
    std::vector<std::string> arguments;  // without the program's name
    std::string access_log;              // its stdout and stderr, in `folder`
    std::string own_log;
  };
  static Result<HaproxyProcess> start(const Start& how);
  // kNotFound: no such process.
  static Result<HaproxyProcess> of(pid_t pid);

  ~HaproxyProcess();
  HaproxyProcess(HaproxyProcess&& other) noexcept;
  HaproxyProcess& operator=(HaproxyProcess&& other) noexcept;

  pid_t pid() const { return pid_; }
  // To poll: readable once the process has ended.
  int handle() const { return handle_; }
  // How it ended; a process that is not our child ended somehow. Nothing: it runs.
  std::optional<std::string> ended();
  // HAProxy makes its log's descriptor one that does not append, at its first line: after the file
  // was cut it would go on where the end was. To be called now and then, before it is cut.
  void append_log() const;
  // No new connections; it ends with the last of those it has.
  void leave() const;
  void kill() const;

 private:
  HaproxyProcess(pid_t pid, int handle, int log) : pid_(pid), handle_(handle), log_(log) {}

  pid_t pid_;
  int handle_;  // a pidfd: a number that is used again is never mistaken for it
  int log_;     // its access log, as it has it; -1: not known
  std::optional<std::string> ended_;
};

// The path of `program`: one with a slash as it is, a name looked for in PATH and in the folders
// that a service's PATH may lack. kNotFound.
Result<std::string> find_program(const std::string& program);
// What differs when another build is installed under the same path.
std::string identity_of(const std::string& path);
// The user HAProxy becomes once it listens: `haproxy` if there is one and this process may do so.
std::string user_to_become();

}  // namespace cara::haproxy
