// JSON Schema (draft-07) of the manifests, for editors and other tools; files: schema/json/.
#pragma once

#include "schema/value.h"

namespace cara::schema {

Value project_json_schema();
Value node_json_schema();

}  // namespace cara::schema
