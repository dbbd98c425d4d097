#include "cli/row_order.h"

#include <algorithm>
#include <charconv>

#include "cli/render.h"
#include "schema/formats.h"
#include "schema/time.h"
#include "schema/words.h"

namespace cara::cli {
namespace {

struct Key {
  std::optional<double> number;
  std::string text;
  bool operator<(const Key& other) const {
    if (number && other.number) return *number < *other.number;
    if (number.has_value() != other.number.has_value()) return !number.has_value() && text.empty();
    return text < other.text;
  }
};

std::string upper(std::string text) {
  for (char& c : text) c = static_cast<char>(c >= 'a' && c <= 'z' ? c - 32 : c);
  return text;
}

Key key_of(const Value* value) {
  if (value == nullptr || value->is_null()) return {};
  if (const std::int64_t* whole = value->as_int()) return {static_cast<double>(*whole), ""};
  if (const std::string* text = value->as_string()) {
    // `05Z` is before `05.123Z`, which their characters do not know.
    const Result<Timestamp> time = parse_timestamp(*text);
    if (time) return {static_cast<double>(time->ms), ""};
    return {std::nullopt, *text};
  }
  return {std::nullopt, to_json_line(*value)};
}

Key key_of(const std::string& cell) {
  double number = 0;
  const char* end = cell.data() + cell.size();
  const auto read = std::from_chars(cell.data(), end, number);
  if (!cell.empty() && read.ec == std::errc() && read.ptr == end) return {number, ""};
  return {std::nullopt, cell};
}

}  // namespace

Result<RowOrder> RowOrder::parse(const std::string& text, const Cells& head) {
  RowOrder order;
  if (text.empty()) return order;
  const auto column = std::find(head.begin(), head.end(), upper(text));
  order.is_age_ = upper(text) == "AGE" && column != head.end();
  if (column != head.end() && !order.is_age_) {
    order.column_ = static_cast<std::size_t>(column - head.begin());
    return order;
  }
  if (!order.is_age_ && text.find_first_of(".[{") == std::string::npos) {
    return invalid("--sort-by: `" + schema::printable(text) + "` is no column of " +
                   schema::joined(head) + ", and no path such as .metadata.createdAt" +
                   schema::hint_for(text, head));
  }
  Result<JsonPath> path = JsonPath::parse(order.is_age_ ? ".metadata.createdAt" : text);
  if (!path) return invalid("--sort-by: " + path.error().message);
  order.path_ = std::move(*path);
  return order;
}

void RowOrder::sort(std::vector<Row>& rows) const {
  if (!path_ && !column_) return;
  std::vector<std::pair<Key, std::size_t>> keys;
  for (std::size_t i = 0; i < rows.size(); ++i) {
    if (path_) {
      const auto found = path_->find(rows[i].value);
      keys.emplace_back(key_of(found.empty() ? nullptr : found.front()), i);
    } else {
      keys.emplace_back(key_of(rows[i].cells.at(*column_)), i);
    }
  }
  std::stable_sort(keys.begin(), keys.end(), [&](const auto& a, const auto& b) {
    return is_age_ ? b.first < a.first : a.first < b.first;
  });
  std::vector<Row> sorted;
  sorted.reserve(rows.size());
  for (const auto& [key, at] : keys) sorted.push_back(std::move(rows[at]));
  rows = std::move(sorted);
}

}  // namespace cara::cli
