// The words a user reads when something does not run. They go into the Phase condition.
#pragma once

#include <cstddef>
#include <string>

#include "schema/result.h"
#include "services/agent/engine.h"

namespace cara::agent {

inline constexpr std::size_t kMaxLogBytes = 1024;      // of a container's last lines
inline constexpr std::size_t kMaxMessageBytes = 4096;  // of a Phase condition

// One CamelCase word and a text.
struct Problem {
  std::string reason;
  std::string message;
};

// "exited with code 127 (command not found)", with the last log lines behind it.
std::string explain_exit(const ContainerInfo& container, const std::string& last_lines);

// Why `op` failed. `subject` is what it was for: "service `app`", "volume `data`".
Problem explain_failure(const EngineOp& op, const std::string& subject, const Error& error);

// What is shown of a service's container (null: there is none): all but its name and restarts.
schema::ServiceStatus service_status(const ContainerInfo* container);

}  // namespace cara::agent
