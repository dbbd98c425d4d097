// The ingress rules of projects, as `caractrl get ingress` and `describe project` show them.
#pragma once

#include <string>
#include <vector>

#include "cli/rows.h"
#include "schema/types.h"
#include "schema/value.h"

namespace cara::cli {

// A rule as it is asked for, with what became of it.
struct IngressRow {
  std::string project;
  std::string node;  // that has the project; empty: none
  schema::IngressDef rule;
  schema::IngressStatus status;
};
std::vector<IngressRow> ingress_of(const schema::Project& project);

// NAME HOST PROJECT TARGET NODE READY; wide: URL REASON, too
Cells ingress_head(bool wide);
Cells ingress_cells(const IngressRow& row, bool wide);
Value to_value(const IngressRow& row);

// `main: http://shop.example/ -> web:80, ready`
std::string sentence_of(const IngressRow& row);

}  // namespace cara::cli
