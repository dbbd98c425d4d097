// The configuration of a nats-server on which every program has a user of its own, allowed what it
// uses and nothing else. For test beds: the passwords follow from the names.
#pragma once

#include <string>
#include <vector>

#include "schema/subjects.h"

namespace cara::hollow {

struct ServerConfigOptions {
  std::vector<schema::Identity> identities;
  std::size_t max_connections = 0;
};

// `agent-worker-01` for {kAgent, "worker-01"}.
std::string user_of(const schema::Identity& identity);
std::string password_of(const schema::Identity& identity);

std::string server_config(const ServerConfigOptions& options);

}  // namespace cara::hollow
