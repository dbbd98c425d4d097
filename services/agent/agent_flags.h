// The flags of cara-agent, and those that need reading. Ring 3.
#pragma once

#include <map>
#include <optional>
#include <string>

#include "services/agent/capacity.h"
#include "services/agent/docker/http.h"
#include "services/agent/docker/subnets.h"
#include "services/agent/ingress/config_text.h"
#include "services/agent/plan.h"
#include "services/agent/pressure.h"
#include "services/runtime/host/main_support.h"

namespace cara::agent {

host::ProgramSpec program();

struct AgentConfig {
  std::string node;
  std::map<std::string, std::string> labels;
  NodeRules rules;
  CapacityOptions capacity;
  LeastFree least_disk;
  LeastFree least_memory;
  docker::Endpoint endpoint;
  docker::SubnetPool pool;
  std::optional<haproxy::IngressConfig> ingress;  // nothing: this node has no router
};

// Nothing: something is wrong, and was said so.
std::optional<AgentConfig> read_config(const host::Flags& flags);

}  // namespace cara::agent
