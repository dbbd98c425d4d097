// What each role may say and hear on the bus. A NATS server that has these lists binds every
// subject to the credential of who may use it; what is not in them is refused. `caractrl bus
// config` prints them in the server's words.
#pragma once

#include <string>
#include <vector>

#include "schema/subjects.h"

namespace cara::schema {

// Subjects with wildcards. A subscription with a group behind it, `cara.v1.api.> apiserver`, is
// permitted in that queue group only.
struct Permissions {
  std::vector<std::string> publish;
  std::vector<std::string> subscribe;
};

// REQUIRES: the id is a token.
Permissions permissions_of(const Identity& who);

}  // namespace cara::schema
