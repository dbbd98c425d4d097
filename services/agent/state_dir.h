// StateDir: the agent's own directory. It holds the agent's id, which is stable over restarts, and
// a lock: two agents never share one. Ring 3.
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

 private:
  StateDir(int lock, std::string agent_id) : lock_(lock), agent_id_(std::move(agent_id)) {}

  int lock_;  // held while it is open; the kernel lets go of it however the process ends
  std::string agent_id_;
};

}  // namespace cara::agent
