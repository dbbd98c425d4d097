// How a user names objects: `projects shop blog`, `node worker-01`, `project/shop`.
#pragma once

#include <string>
#include <vector>

#include "schema/result.h"

namespace cara::cli {

enum class Kind { kProject, kNode };

struct Objects {
  Kind kind = Kind::kProject;
  std::vector<std::string> names;  // sorted, each once; empty: all
};

// `words` is what follows the verb. kInvalid: no kind, an unknown one, or several.
Result<Objects> parse_objects(const std::vector<std::string>& words);

std::string to_string(Kind kind);  // `project`
// `project "shop" not found`
std::string not_found_sentence(Kind kind, const std::string& name);

}  // namespace cara::cli
