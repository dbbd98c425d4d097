// --sort-by of `get`: a path into the objects, or the name of a column.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "cli/row_printer.h"

namespace cara::cli {

class RowOrder {
 public:
  RowOrder() = default;  // as they come
  // kInvalid: it is neither.
  static Result<RowOrder> parse(const std::string& text, const Cells& head);

  bool needs_values() const { return path_.has_value(); }
  // Numbers by their size, all else as text; what has nothing there comes first. What is equal
  // stays in its order.
  void sort(std::vector<Row>& rows) const;

 private:
  std::optional<JsonPath> path_;
  std::optional<std::size_t> column_;
  bool is_age_ = false;  // by createdAt, the youngest first
};

}  // namespace cara::cli
