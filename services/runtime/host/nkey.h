// NKeys: how a NATS server knows its users without a secret of theirs. The user keeps a seed
// (`SU...`), the server's configuration has the public key (`U...`).
#pragma once

#include <string>
#include <string_view>

#include "schema/result.h"

namespace cara::host {

// kInvalid: it is no seed of a user.
Result<std::string> public_nkey(std::string_view seed);

// A new one, of the system's random numbers.
Result<std::string> new_nkey_seed();

}  // namespace cara::host
