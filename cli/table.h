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
  void hide_head();  // before anything is printed
  void print(std::ostream& out) const;
  // Only the rows that were added since, below what was printed before; columns never get narrower.
  void print_new(std::ostream& out);

 private:
  void widen(std::vector<std::size_t>& widths, std::size_t from) const;
  void print_rows(std::ostream& out, const std::vector<std::size_t>& widths,
                  std::size_t from) const;

  std::vector<std::vector<std::string>> rows_;
  std::vector<std::size_t> widths_;  // of what print_new() printed
  std::size_t printed_ = 0;
  std::size_t first_ = 0;  // 1: without the head
};

}  // namespace cara::cli
