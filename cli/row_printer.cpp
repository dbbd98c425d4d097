#include "cli/row_printer.h"

#include <algorithm>
#include <functional>

#include "cli/render.h"
#include "schema/codec.h"
#include "schema/formats.h"

namespace cara::cli {
namespace {

constexpr std::size_t kMaxKey = 1'024;

Cells head_of(Cells head, const RowFormat& format) {
  if (format.show_changes) head.insert(head.begin(), "EVENT");
  return head;
}

const char* word_of(RowChange change) {
  switch (change) {
    case RowChange::kAdded:
      return "ADDED";
    case RowChange::kModified:
      return "MODIFIED";
    case RowChange::kDeleted:
      return "DELETED";
  }
  CARA_CHECK(false);
}

std::string with_newline(std::string text) {
  if (!text.empty() && !text.ends_with('\n')) text += '\n';
  return text;
}

}  // namespace

RowPrinter::RowPrinter(Context& context, const RowFormat& format, const Cells& head)
    : context_(context), format_(format), table_(head_of(head, format)) {
  age_ = static_cast<std::size_t>(std::find(head.begin(), head.end(), "AGE") - head.begin());
  if (format.no_headers) table_.hide_head();
}

std::string RowPrinter::text_of(const Value& value) const {
  switch (format_.kind) {
    case RowFormat::Kind::kTable:
    case RowFormat::Kind::kName:
      break;
    case RowFormat::Kind::kJson:
      return to_json(value);
    case RowFormat::Kind::kYaml:
      return to_yaml(value);
    case RowFormat::Kind::kJsonPath:
      return with_newline(format_.path.print(value));
  }
  CARA_CHECK(false);
}

void RowPrinter::print_list(std::vector<Row> rows, bool alone) {
  if (!format_.needs_values()) {
    for (Row& row : rows) print_change(RowChange::kAdded, std::move(row));
    flush();
    return;
  }
  if (alone) {
    context_.out << text_of(rows.front().value);
    return;
  }
  Array items;
  items.reserve(rows.size());
  for (Row& row : rows) items.push_back(std::move(row.value));
  context_.out << text_of(Map{{"apiVersion", Value(schema::kApiVersion)},
                              {"kind", Value("List")},
                              {"items", Value(std::move(items))}});
}

void RowPrinter::print_change(RowChange change, Row row) {
  if (format_.is_table()) {
    if (format_.show_changes) row.cells.insert(row.cells.begin(), word_of(change));
    table_.add(std::move(row.cells));
    is_new_ = true;
    return;
  }
  if (format_.kind == RowFormat::Kind::kName) {
    context_.out << schema::printable(row.key, kMaxKey) << "\n";
    return;
  }
  if (format_.kind == RowFormat::Kind::kYaml) context_.out << "---\n";
  if (format_.show_changes) {
    row.value = Map{{"type", Value(word_of(change))}, {"object", std::move(row.value)}};
  }
  context_.out << text_of(row.value);
}

bool RowPrinter::flush() {
  if (is_new_) table_.print_new(context_.out);
  is_new_ = false;
  context_.out.flush();
  return context_.out.good();
}

std::size_t RowPrinter::hash_of(const Row& row) const {
  std::string text = row.key + '\0' + row.uid;
  for (std::size_t i = 0; i < row.cells.size(); ++i) {
    if (i != age_) text += '\0' + row.cells[i];
  }
  const bool by_path = format_.kind == RowFormat::Kind::kJsonPath;
  if (format_.needs_values()) text += by_path ? text_of(row.value) : schema::pack(row.value);
  return std::hash<std::string>{}(text);
}

}  // namespace cara::cli
