// How many requests are under way, by address.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>

namespace cara::haproxy {

using RequestCount = std::map<std::string, std::int64_t>;

// The command, and its answer's addresses; those that are not there have none. Pure.
std::string count_command();
RequestCount parse_count(std::string_view answer);
// Connections of a process that leaves after a reload, by the address they go to: it answers no
// questions, and idle ones it has closed.
RequestCount connections_of(int pid);

}  // namespace cara::haproxy
