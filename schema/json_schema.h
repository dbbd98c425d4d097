// JSON Schema (draft-07) of the manifests, for editors and other tools; files: schema/json/.
#pragma once

#include "schema/value.h"

namespace cara::schema {

Value project_json_schema();
Value node_json_schema();

// All fields of an object, also those that the system writes and a manifest does not have. The same
// vocabulary: type, properties, required, description, default, readOnly, limits.
Value project_fields();
Value node_fields();

}  // namespace cara::schema
