#include "cli/table.h"

#include <algorithm>

#include "schema/check.h"
#include "schema/formats.h"

namespace cara::cli {
namespace {

constexpr std::size_t kGap = 3;
constexpr std::size_t kMaxCell = 253;  // the longest name there is

// Code points: close enough to columns for what tables show.
std::size_t width_of(const std::string& text) {
  return static_cast<std::size_t>(std::count_if(text.begin(), text.end(), [](char c) {
    return (static_cast<unsigned char>(c) & 0xC0u) != 0x80u;
  }));
}

}  // namespace

void Table::add(std::vector<std::string> row) {
  CARA_CHECK(row.size() == rows_.front().size());
  for (std::string& cell : row) cell = schema::printable(cell, kMaxCell);
  rows_.push_back(std::move(row));
}

void Table::widen(std::vector<std::size_t>& widths, std::size_t from) const {
  widths.resize(rows_.front().size(), 0);
  for (std::size_t row = from; row < rows_.size(); ++row) {
    for (std::size_t i = 0; i < widths.size(); ++i) {
      widths[i] = std::max(widths[i], width_of(rows_[row][i]));
    }
  }
}

void Table::print_rows(std::ostream& out, const std::vector<std::size_t>& widths,
                       std::size_t from) const {
  for (std::size_t n = from; n < rows_.size(); ++n) {
    const std::vector<std::string>& row = rows_[n];
    for (std::size_t i = 0; i + 1 < row.size(); ++i) {
      out << row[i] << std::string(widths[i] - width_of(row[i]) + kGap, ' ');
    }
    out << row.back() << "\n";
  }
}

void Table::hide_head() { first_ = printed_ = 1; }

void Table::print(std::ostream& out) const {
  std::vector<std::size_t> widths;
  widen(widths, first_);
  print_rows(out, widths, first_);
}

void Table::print_new(std::ostream& out) {
  widen(widths_, printed_);
  print_rows(out, widths_, printed_);
  // The head stays as row 0; a watch may go on for ever.
  rows_.resize(1);
  printed_ = 1;
}

}  // namespace cara::cli
