// The YAML file behind --config: top-level keys are flag names.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "schema/result.h"

namespace cara::host {

struct FileSetting {
  std::vector<std::string> values;  // one, or a list's
  int line = 0;
};

// By flag name. Errors name the file and the line.
Result<std::map<std::string, FileSetting>> read_flag_file(const std::string& path);

}  // namespace cara::host
