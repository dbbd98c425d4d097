// Errors for scripts: with `--output json` what goes wrong is one JSON object on standard error.
//
//   {"error":{"code":"invalid","message":"...","fields":[{"path":"spec.services","message":"..."}],
//    "exitCode":2}}
//
// Fields of a manifest say `file` and `line`, too; of several errors the first one is meant, and
// `others` has the rest.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "cli/context.h"
#include "schema/result.h"

namespace cara::cli {

struct ErrorReport {
  std::vector<std::string> complaints;  // lines `file:line: path: what`, as people see them
  std::vector<Error> errors;
};

// Does `work`, and says what went wrong as JSON when it is over.
Exit with_json_errors(Context& context, const std::function<Exit()>& work);

// `--output json` among words that could not be read as flags.
bool asks_for_json(const std::vector<std::string>& words);

}  // namespace cara::cli
