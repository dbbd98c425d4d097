// StateDir: the agent's own directory. It holds the agent's id, which is stable over restarts,
// what else must survive them, and a lock: two agents never share one. Ring 3.
#pragma once

#include <string>

#include "schema/result.h"

namespace cara::agent {

class StateDir {
 public:
  // Makes the directory (0700) if it is missing. kConflict: another agent uses it. `fresh_id` is
  // kept if there is none yet.
  static Result<StateDir> open(const std::string& path, const std::string& fresh_id);
  ~StateDir();
  StateDir(StateDir&& other) noexcept;
  StateDir(const StateDir&) = delete;
  StateDir& operator=(const StateDir&) = delete;
  StateDir& operator=(StateDir&&) = delete;

  const std::string& agent_id() const { return agent_id_; }
  // Small files of it, 0600. Empty: it was never written, or cannot be read.
  std::string read(const std::string& name) const;
  // Complete on disk when it returns, or as before. One thread at a time for each name.
  Result<Ok> write(const std::string& name, const std::string& text) const;

 private:
  StateDir(int lock, std::string path) : lock_(lock), path_(std::move(path)) {}

  int lock_;  // held while it is open; the kernel lets go of it however the process ends
  std::string path_;
  std::string agent_id_;
};

}  // namespace cara::agent
