// Prints objects in the form that was asked for: all at once, or one after the other as they
// change.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "cli/context.h"
#include "cli/row_format.h"
#include "cli/rows.h"
#include "cli/table.h"

namespace cara::cli {

// What a table and the other forms show of one object; which of it is filled, the form says.
struct Row {
  std::string key;  // `project/shop`: what -o name prints
  std::string uid;
  Cells cells;
  Value value;
};

enum class RowChange { kAdded, kModified, kDeleted };

class RowPrinter {
 public:
  // `format` must outlive it.
  RowPrinter(Context& context, const RowFormat& format, const Cells& head);

  // `alone`: one object was asked for by its name, and is not printed as a list of one.
  void print_list(std::vector<Row> rows, bool alone);
  void print_change(RowChange change, Row row);
  // What print_change() has said so far is out. False: nobody reads it.
  bool flush();
  // What identifies the text of a row, but for its age.
  std::size_t hash_of(const Row& row) const;

 private:
  std::string text_of(const Value& value) const;

  Context& context_;
  const RowFormat& format_;
  Table table_;
  std::size_t age_ = 0;  // its column
  bool is_new_ = false;  // rows wait in the table
};

}  // namespace cara::cli
