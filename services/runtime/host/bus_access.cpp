#include "services/runtime/host/bus_access.h"

namespace cara::host {

BusAccess bus_access(const Flags& flags) {
  return {.creds_file = flags.text("nats-creds"),
          .nkey_file = flags.text("nats-nkey"),
          .ca_file = flags.text("nats-ca"),
          .cert_file = flags.text("nats-cert"),
          .key_file = flags.text("nats-key"),
          .server_name = flags.text("nats-server-name")};
}

bool logs_in(std::string_view urls, const BusAccess& access) {
  return urls.find('@') != std::string_view::npos || !access.creds_file.empty() ||
         !access.nkey_file.empty() || !access.cert_file.empty();
}

}  // namespace cara::host
