// `explain`: what the fields of objects mean, from the same descriptions that check manifests.
#pragma once

#include <string>

#include "schema/result.h"
#include "schema/value.h"

namespace cara::cli {

// A field and where it was found.
struct ExplainedField {
  std::string kind;  // `Project`
  std::string path;  // `spec.services[].image`; empty: the object
  Value schema;      // of json_schema.h
  bool required = false;
};

// `project.spec.services.image`: lists and maps are passed through by themselves. kInvalid: there
// is no such kind or field, with the nearest one.
Result<ExplainedField> find_field(const std::string& path);

enum class Depth { kOne, kAll };
std::string explain_text(const ExplainedField& field, Depth depth);

}  // namespace cara::cli
