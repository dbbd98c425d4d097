// YAML text -> Value with line numbers: the only reader of manifests and configuration files, and
// the only user of yaml-cpp. Plain scalars become cara::Plain, quoted ones text: what `0777` or
// `no` means is up to the field that takes it.
//
// Refused, each with its line: duplicate keys, keys that are no scalars, tabs as indentation, tags
// other than !!str, !!int, !!float, !!bool and !!null, text that is not UTF-8, and all beyond the
// limits. A byte order mark is skipped. https://yaml.org/spec/1.2.2/
#pragma once

#include <cstddef>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "schema/result.h"
#include "schema/value.h"

namespace cara::host {

struct YamlLimits {
  std::size_t bytes = 10 * 1024 * 1024;
  std::size_t nodes = 200'000;  // over all documents; an alias counts all it stands for
  std::size_t depth = 64;
};

struct YamlDocument {
  Value value;
  int line = 1;                      // where it begins
  std::map<std::string, int> lines;  // by path, as FieldError writes it: `spec.services[0].image`

  // Of the path, or of the nearest thing around it.
  int line_of(std::string_view path) const;
};

// Empty documents (only comments, a trailing `---`) are left out. Errors read `line N: ...`.
Result<std::vector<YamlDocument>> read_yaml(std::string_view text, const YamlLimits& limits = {});

}  // namespace cara::host
