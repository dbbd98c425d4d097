// The table of operations: who may call what, and the function that answers.
#pragma once

#include <span>
#include <string_view>
#include <vector>

#include "schema/subjects.h"
#include "services/apiserver/context.h"

namespace cara::apiserver {

struct Operation {
  std::string_view name;  // `<kind>.<verb>`
  std::vector<schema::Role> roles;
  // Null: a worker answers (backup_calls.h).
  Result<runtime::Payload> (*handle)(Context&, const schema::Identity&, std::string_view name,
                                     std::string_view body);
};

std::span<const Operation> operations();
const Operation* find_operation(std::string_view name);  // null: there is none
bool may_call(const Operation& operation, schema::Role role);

}  // namespace cara::apiserver
