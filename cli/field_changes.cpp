#include "cli/field_changes.h"

#include <algorithm>
#include <set>

#include "schema/secrets.h"

namespace cara::cli {
namespace {

const Value kNothing;

// What entries of a list are told apart by.
std::string name_of(const Value& entry) {
  for (const char* key : {"name", "mountPath", "service", "key"}) {
    const Value* name = entry.find(key);
    if (name != nullptr && name->as_string() != nullptr) return *name->as_string();
  }
  return "";
}

// True if every entry is a map with a name of its own.
bool has_names(const Value& list) {
  std::set<std::string> names;
  for (const Value& entry : *list.as_array()) {
    const std::string name = name_of(entry);
    if (name.empty() || !names.insert(name).second) return false;
  }
  return true;
}

bool is_list_of_named(const Value& value) {
  return value.as_array() != nullptr && !value.as_array()->empty() && has_names(value);
}

bool is_nothing(const Value& value) {
  return value.is_null() || (value.as_map() != nullptr && value.as_map()->empty()) ||
         (value.as_array() != nullptr && value.as_array()->empty());
}

struct Entry {
  std::string step;  // of the path
  const Value* before = &kNothing;
  const Value* after = &kNothing;
};

// Those of `after` in their order, then those that are gone.
void add(std::vector<Entry>& entries, const std::string& step, const Value& value, bool is_after) {
  auto found = std::find_if(entries.begin(), entries.end(),
                            [&](const Entry& entry) { return entry.step == step; });
  if (found == entries.end()) found = entries.insert(entries.end(), Entry{.step = step});
  (is_after ? found->after : found->before) = &value;
}

void add_entries(std::vector<Entry>& entries, const Value& value, bool is_after) {
  if (const Map* map = value.as_map()) {
    for (const Member& member : *map) add(entries, "." + member.key, member.value, is_after);
  } else if (const Array* list = value.as_array()) {
    for (const Value& entry : *list) {
      add(entries, "[" + name_of(entry) + "]", entry, is_after);
    }
  }
}

class Walk {
 public:
  void compare(const std::string& path, const Value& before, const Value& after) {
    if (before == after || (is_nothing(before) && is_nothing(after))) return;
    if (!opens(before) || !opens(after)) return leaf(path, before, after);
    std::vector<Entry> entries;
    add_entries(entries, after, true);
    add_entries(entries, before, false);
    for (const Entry& entry : entries) {
      const bool first = path.empty() && entry.step.starts_with('.');
      compare(path + (first ? entry.step.substr(1) : entry.step), *entry.before, *entry.after);
    }
  }

  std::vector<FieldChange> take() { return std::move(changes_); }

 private:
  // It is looked into, or there is nothing to look into.
  static bool opens(const Value& value) {
    return is_nothing(value) || value.as_map() != nullptr || is_list_of_named(value);
  }

  void leaf(const std::string& path, const Value& before, const Value& after) {
    FieldChange change{.path = path, .before = {}, .after = {}};
    if (!before.is_null()) change.before = before;
    if (!after.is_null()) change.after = after;
    changes_.push_back(std::move(change));
  }

  std::vector<FieldChange> changes_;
};

// NAME of `....env[NAME].value`; empty: it is something else.
std::string variable_of(const std::string& path) {
  static constexpr std::string_view kEnd = "].value";
  const std::size_t begin = path.rfind(".env[");
  if (begin == std::string::npos || !path.ends_with(kEnd)) return "";
  return path.substr(begin + 5, path.size() - kEnd.size() - begin - 5);
}

}  // namespace

std::vector<FieldChange> field_changes(const Value& before, const Value& after) {
  Walk walk;
  walk.compare("", before, after);
  return walk.take();
}

void hide_secrets(std::vector<FieldChange>& changes) {
  for (FieldChange& change : changes) {
    const std::string name = variable_of(change.path);
    if (name.empty() || !schema::is_secret_name(name)) continue;
    if (change.before) change.before = Value(schema::kHidden);
    if (change.after) change.after = Value(schema::kHidden);
  }
}

}  // namespace cara::cli
