// Label selectors as kubectl takes them: `app=web,tier!=db,zone in (a, b),!old`.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "schema/result.h"

namespace cara::cli {

class Selector {
 public:
  enum class Operator { kIn, kNotIn, kExists, kAbsent };
  struct Requirement {
    std::string key;
    Operator is = Operator::kExists;
    std::vector<std::string> values;
  };

  Selector() = default;  // of everything
  explicit Selector(std::vector<Requirement> requirements)
      : requirements_(std::move(requirements)) {}

  // True if all of it holds. A label that is absent is also `!=` and `notin` anything.
  bool matches(const std::map<std::string, std::string>& labels) const;
  bool empty() const { return requirements_.empty(); }

 private:
  std::vector<Requirement> requirements_;
};

// Empty text selects everything. kInvalid: a sentence that says what is wrong with it.
Result<Selector> parse_selector(std::string_view text);

}  // namespace cara::cli
