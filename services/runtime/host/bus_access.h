// BusAccess: how a process shows a NATS server who it is, and knows that it is the right server.
// The files are read at each attempt to connect, so a new key needs no restart.
#pragma once

#include <string>
#include <string_view>

#include "services/runtime/host/flags.h"

namespace cara::host {

struct BusAccess {
  std::string creds_file;   // a JWT and its seed, as `nsc` writes them
  std::string nkey_file;    // a seed: `SU...`
  std::string ca_file;      // PEM
  std::string cert_file;    // PEM: our own, for servers with `verify: true`
  std::string key_file;     // PEM
  std::string server_name;  // in the server's certificate; empty: the host of the URL

  // Then nothing is ever said to that server in clear text.
  bool wants_tls(std::string_view url) const {
    return !ca_file.empty() || !cert_file.empty() || !server_name.empty() ||
           url.starts_with("tls://");
  }
  bool operator==(const BusAccess&) const = default;
};

// REQUIRES: flags with the common ones.
BusAccess bus_access(const Flags& flags);

// True if a server is told who we are, and may permit us less than everything.
bool logs_in(std::string_view urls, const BusAccess& access);

}  // namespace cara::host
