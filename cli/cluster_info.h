// Which processes of the cluster are on the bus, by their own word ($SRV, NATS micro v1).
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "cli/api.h"
#include "cli/context.h"
#include "schema/value.h"

namespace cara::cli {

struct Process {
  std::string name;  // `cara-agent`
  std::string id;
  std::string instance;  // the node, the scheduler's --id
  std::string version;
  std::int64_t revision = 0;  // that it has read
  std::int64_t waiting = 0;   // messages
  runtime::Duration latency{};
};

struct Processes {
  std::vector<Process> answered;    // by name and instance
  std::vector<std::string> silent;  // what should have answered, in words
  std::optional<Error> error;       // nobody could be asked
};

// Takes a second at most, and less when everybody who is known has answered. `timeout`: of requests
// to the apiserver.
Processes ask_processes(const Context& context, Api& api, runtime::Duration timeout);

void print(std::ostream& out, const Processes& processes);
Map members_of(const Processes& processes);  // `processes`, `silent`

}  // namespace cara::cli
