// What differs between two manifests, field by field. Pure.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "schema/value.h"

namespace cara::cli {

struct FieldChange {
  std::string path;             // `spec.services[web].env[LEVEL].value`
  std::optional<Value> before;  // absent: it comes
  std::optional<Value> after;   // absent: it goes
};

// Entries of lists that have names are compared by name; what comes or goes as a whole is shown
// by its fields.
std::vector<FieldChange> field_changes(const Value& before, const Value& after);

// Values of variables that look like secrets become `<hidden>`.
void hide_secrets(std::vector<FieldChange>& changes);

}  // namespace cara::cli
