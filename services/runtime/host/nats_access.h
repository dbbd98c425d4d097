// BusAccess, in the words of cnats. Only for nats_connection.cpp.
#pragma once

#include <string>

#include "schema/result.h"
#include "services/runtime/host/bus_access.h"

typedef struct __natsOptions natsOptions;

namespace cara::host {

// kInvalid: a file cannot be used; the sentence names its flag. `host` is the URL's; its name is
// checked where `wants_tls`.
Result<Ok> add_access(natsOptions* options, const BusAccess& access, const std::string& host,
                      bool wants_tls);

// What a failed handshake means. `status` is a natsStatus, `where` the server's URL, without
// secrets, `words` are cnats' own.
Error connect_error(int status, const BusAccess& access, const std::string& where,
                    std::string words);

}  // namespace cara::host
