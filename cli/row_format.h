// How `get` and `events` print what they show: -o and the flags beside it.
#pragma once

#include <string>
#include <vector>

#include "cli/jsonpath.h"
#include "services/runtime/host/flags.h"

namespace cara::cli {

struct RowFormat {
  enum class Kind { kTable, kJson, kYaml, kName, kJsonPath };
  Kind kind = Kind::kTable;
  bool wide = false;
  JsonPath path;  // kJsonPath
  bool no_headers = false;
  bool show_labels = false;
  bool show_changes = false;  // a watch says what happened to each object

  bool is_table() const { return kind == Kind::kTable; }
  // It is made of the whole object.
  bool needs_values() const { return kind != Kind::kTable && kind != Kind::kName; }
};

// -o with all forms; -w, --output-watch-events, --no-headers.
std::vector<host::FlagSpec> row_flags();
// REQUIRES: the verb has row_flags(); --show-labels is left to it. kInvalid: -o is none of them.
Result<RowFormat> row_format_of(const host::Flags& flags);

}  // namespace cara::cli
