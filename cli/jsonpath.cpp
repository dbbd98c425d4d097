#include "cli/jsonpath.h"

#include <algorithm>
#include <charconv>
#include <compare>

#include "cli/render.h"
#include "schema/formats.h"

namespace cara::cli {
namespace {

// The number that a value is, or nothing.
std::optional<double> number_of(const Value& value) {
  if (const std::int64_t* whole = value.as_int()) return static_cast<double>(*whole);
  if (const double* broken = std::get_if<double>(&value.data())) return *broken;
  return std::nullopt;
}

// What is of two kinds has no order.
std::partial_ordering order_of(const Value& a, const Value& b) {
  const auto x = number_of(a);
  const auto y = number_of(b);
  if (x && y) return *x <=> *y;
  if (a.as_string() != nullptr && b.as_string() != nullptr)
    return *a.as_string() <=> *b.as_string();
  if (a == b) return std::partial_ordering::equivalent;
  return std::partial_ordering::unordered;
}

// Tabs and newlines are no danger, everything else that is none of a text is escaped.
std::string shown(std::string_view text) {
  std::string out;
  while (true) {
    const std::size_t tab = text.find('\t');
    // An escape has four characters; nothing is cut.
    out += schema::printable_lines(text.substr(0, tab), 4 * text.size());
    if (tab == std::string_view::npos) return out;
    out += '\t';
    text.remove_prefix(tab + 1);
  }
}

std::string text_of(const Value& value) {
  if (value.is_null()) return "";
  if (const std::string* text = value.as_string()) return shown(*text);
  return to_json_line(value);
}

void add_below(const Value& value, const std::string& name, std::vector<const Value*>& found) {
  if (const Map* map = value.as_map()) {
    for (const Member& member : *map) {
      if (member.key == name) found.push_back(&member.value);
      add_below(member.value, name, found);
    }
  }
  if (const Array* list = value.as_array()) {
    for (const Value& entry : *list) add_below(entry, name, found);
  }
}

}  // namespace

void JsonPath::step_list(const Step& step, const Array& list, const At& at, Found& found) {
  const auto size = static_cast<std::int64_t>(list.size());
  const auto inside = [&](std::int64_t index) {
    return std::clamp<std::int64_t>(index < 0 ? index + size : index, 0, size);
  };
  if (step.kind == Step::Kind::kItems) {
    for (const std::int64_t item : step.items) {
      const std::int64_t index = item < 0 ? item + size : item;
      if (index >= 0 && index < size) found.push_back(&list[static_cast<std::size_t>(index)]);
    }
  } else if (step.kind == Step::Kind::kSlice) {
    const std::int64_t end = inside(step.to.value_or(size));
    for (std::int64_t i = inside(step.from.value_or(0)); i < end; i += step.stride.value_or(1)) {
      found.push_back(&list[static_cast<std::size_t>(i)]);
    }
  } else {
    for (const Value& entry : list) {
      const bool wanted =
          step.kind == Step::Kind::kAll || holds(step.filter.front(), {at.root, entry});
      if (wanted) found.push_back(&entry);
    }
  }
}

void JsonPath::step(const Step& step, const Value& from, const At& at, Found& found) {
  switch (step.kind) {
    case Step::Kind::kNames:
      for (const std::string& name : step.names) {
        if (const Value* member = from.find(name)) found.push_back(member);
      }
      return;
    case Step::Kind::kBelow:
      return add_below(from, step.names.front(), found);
    case Step::Kind::kAll:
      if (const Map* map = from.as_map()) {
        for (const Member& member : *map) found.push_back(&member.value);
        return;
      }
      [[fallthrough]];
    case Step::Kind::kItems:
    case Step::Kind::kSlice:
    case Step::Kind::kFilter:
      if (const Array* list = from.as_array()) step_list(step, *list, at, found);
      return;
  }
  CARA_CHECK(false);
}

JsonPath::Found JsonPath::walk(const Path& path, const At& at) {
  Found found{path.of_root ? &at.root : &at.here};
  for (const Step& next : path.steps) {
    Found further;
    for (const Value* value : found) step(next, *value, at, further);
    found = std::move(further);
  }
  return found;
}

bool JsonPath::holds(const Filter& filter, const At& at) {
  const Found left = walk(filter.left, at);
  if (filter.is == Filter::Is::kThere || left.empty()) {
    return filter.is == Filter::Is::kThere ? !left.empty() : false;
  }
  const Value* right = &filter.literal;
  if (filter.right) {
    const Found found = walk(*filter.right, at);
    if (found.empty()) return false;
    right = found.front();
  }
  const std::partial_ordering order = order_of(*left.front(), *right);
  switch (filter.is) {
    case Filter::Is::kThere:
      return true;
    case Filter::Is::kEqual:
      return order == std::partial_ordering::equivalent;
    case Filter::Is::kDiffers:
      return order != std::partial_ordering::equivalent;
    case Filter::Is::kLess:
      return order < 0;
    case Filter::Is::kMore:
      return order > 0;
    case Filter::Is::kAtMost:
      return order <= 0;
    case Filter::Is::kAtLeast:
      return order >= 0;
  }
  CARA_CHECK(false);
}

void JsonPath::print(const std::vector<Node>& nodes, const At& at, std::string& out) {
  for (const Node& node : nodes) {
    if (node.kind == Node::Kind::kText) {
      out += node.text;
      continue;
    }
    const Found found = walk(node.path, at);
    for (std::size_t i = 0; i < found.size(); ++i) {
      if (node.kind == Node::Kind::kRange) {
        print(node.inside, {at.root, *found[i]}, out);
      } else {
        out += (i == 0 ? "" : " ") + text_of(*found[i]);
      }
    }
  }
}

std::string JsonPath::print(const Value& root) const {
  std::string out;
  print(nodes_, {root, root}, out);
  return out;
}

std::vector<const Value*> JsonPath::find(const Value& root) const {
  Found all;
  for (const Node& node : nodes_) {
    if (node.kind == Node::Kind::kText) continue;
    const Found found = walk(node.path, {root, root});
    all.insert(all.end(), found.begin(), found.end());
  }
  return all;
}

}  // namespace cara::cli
