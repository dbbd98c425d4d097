// Defaults that depend on other fields; those that do not are the members' initial values.
#pragma once

#include "schema/types.h"

namespace cara::schema {

// Filled in when a manifest is read, so that `get -o yaml` shows what holds.
void fill_defaults(ProjectSpec& spec);

}  // namespace cara::schema
