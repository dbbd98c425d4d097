// Table: columns as wide as their longest cell plus three spaces; the last one is not padded.
#pragma once

#include <ostream>
#include <string>
#include <vector>

namespace cara::cli {

class Table {
 public:
  explicit Table(std::vector<std::string> head) { rows_.push_back(std::move(head)); }
  // REQUIRES: as many cells as the head has. Control characters are escaped.
  void add(std::vector<std::string> row);
  void print(std::ostream& out) const;

 private:
  std::vector<std::vector<std::string>> rows_;
};

}  // namespace cara::cli
