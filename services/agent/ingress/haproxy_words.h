// What HAProxy says about itself, for people. Pure.
#pragma once

#include <string>
#include <string_view>

namespace cara::haproxy {

// Why it did not start: the first thing it calls an alert in what it wrote; empty if there is none.
std::string first_alert(std::string_view log);
// How a process ended, from its wait status: `exit code 1`, `signal 9`.
std::string how_it_ended(int wait_status);

}  // namespace cara::haproxy
