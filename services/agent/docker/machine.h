// What the operating system tells about the machine that the agent and the engine share. Nothing
// here fails: what cannot be read is not known.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "services/agent/docker/http.h"
#include "services/agent/docker/subnets.h"
#include "services/agent/engine.h"

namespace cara::docker {

// `root` stands before every path.

// Of this installation: machine-id(5), /etc/machine-id or D-Bus's copy of it. Empty: there is none.
std::string machine_id(const std::string& root = "");
// A new one with every boot: random(4).
std::string boot_id(const std::string& root = "");
// How many processes and threads there can be: proc(5), and the limit of the outermost control
// group that is seen.
std::int64_t pids_limit(const std::string& root = "");
// Of NVIDIA, by their device files.
std::int64_t count_gpus(const std::string& root = "");
// Bytes that programs can have without swapping: MemAvailable of proc(5).
std::optional<std::int64_t> free_memory(const std::string& root = "");

struct DiskSpace {
  std::int64_t bytes = 0;
  std::int64_t free_bytes = 0;  // for all users
};
// Of the file system that holds this path, if the path is seen from here.
std::optional<DiskSpace> disk_space(const std::string& path);

struct InterfaceAddress {
  std::string interface;
  std::string address;  // without prefix and zone
};
inline constexpr std::size_t kMaxAddresses = 16;
// Those under which others may reach the machine, sorted: not of loopback, of Docker's interfaces
// or in the pool, and not link-local.
std::vector<std::string> pick_addresses(const std::vector<InterfaceAddress>& all,
                                        const SubnetPool& pool);
// Of the interfaces that are up.
std::vector<InterfaceAddress> interface_addresses();

// All that changes. An engine over TCP may be on another machine: nothing is known of its disk and
// memory then.
agent::Readings read_machine(const Endpoint& engine, const std::string& data_folder,
                             const SubnetPool& pool);

}  // namespace cara::docker
