// HAProxy's configuration. It depends on flags alone: routes, the key of other nodes and
// certificates are changed while HAProxy runs. Paths are relative to the folder HAProxy runs in.
// Pure.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "schema/address.h"

namespace cara::haproxy {

using schema::Address;

// What the node's owner wants: the flags.
struct IngressConfig {
  std::vector<Address> listen;
  std::vector<Address> tls_listen;
  std::string tls_folder;          // with the owner's *.pem; empty: no TLS
  std::optional<Address> metrics;  // beside the unix socket
  std::string program;             // a name that is looked for, or a path
  bool operator==(const IngressConfig&) const = default;
};

// In HAProxy's folder.
inline constexpr const char* kConfigFile = "config";
inline constexpr const char* kAdminSocket = "admin.sock";
inline constexpr const char* kMetricsSocket = "metrics.sock";
inline constexpr const char* kRoutesFile = "routes.map";
inline constexpr const char* kHopFile = "hop.map";
inline constexpr const char* kCertificateList = "certificates";
inline constexpr const char* kCertificateFolder = "tls";
inline constexpr const char* kAccessLog = "access.log";
inline constexpr const char* kOwnLog = "haproxy.log";

inline constexpr const char* kRequestTable = "requests";  // requests under way, by address
inline constexpr const char* kHopEntry = "key";           // in the hop map

inline constexpr int kMaxConnections = 8'192;
inline constexpr int kMaxTargets = 16'384;  // addresses that requests are counted for
inline constexpr std::chrono::seconds kConnectTimeout{2};
inline constexpr std::chrono::seconds kHeadersTimeout{10};  // slow clients
inline constexpr std::chrono::seconds kKeepAlive{60};
inline constexpr std::chrono::hours kQuietTimeout{1};    // of a request or answer that stands still
inline constexpr std::chrono::hours kTunnelTimeout{25};  // WebSockets that say nothing
inline constexpr std::chrono::seconds kHalfClosedTimeout{30};
inline constexpr std::chrono::hours kLeavingTimeout{25};  // after a reload: of old connections
inline constexpr std::chrono::seconds kRetryAfter{5};

struct ProcessFacts {
  std::string run_as;   // the user HAProxy becomes once it listens; empty: it stays who it is
  std::string program;  // which build it is: another one wants another process
};

std::string config_text(const IngressConfig& config, const ProcessFacts& facts);

}  // namespace cara::haproxy
