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

}  // namespace cara::host
