#include "services/runtime/host/flag_file.h"

#include <fmt/format.h>

#include <cerrno>
#include <cstring>
#include <optional>

#include "schema/value.h"
#include "services/runtime/host/read_file.h"
#include "services/runtime/host/yaml.h"

namespace cara::host {
namespace {

std::optional<std::string> scalar_text(const Value& value) {
  if (const auto* plain = std::get_if<Plain>(&value.data())) return plain->text;
  if (const auto* text = value.as_string()) return *text;
  return std::nullopt;
}

std::optional<std::vector<std::string>> setting_values(const Value& value) {
  if (const auto text = scalar_text(value)) return std::vector<std::string>{*text};
  const Array* list = value.as_array();
  if (list == nullptr) return std::nullopt;
  std::vector<std::string> values;
  for (const Value& item : *list) {
    const auto text = scalar_text(item);
    if (!text) return std::nullopt;
    values.push_back(*text);
  }
  return values;
}

}  // namespace

Result<std::map<std::string, FileSetting>> read_flag_file(const std::string& path) {
  const auto text = read_file(path);
  if (!text) {
    return invalid(
        fmt::format("cannot read the configuration file {}: {}", path, std::strerror(errno)));
  }
  const auto documents = read_yaml(*text);
  if (!documents) return invalid(fmt::format("{}: {}", path, documents.error().message));

  std::map<std::string, FileSetting> settings;
  if (documents->empty()) return settings;
  if (documents->size() > 1) return invalid(fmt::format("{}: more than one document", path));
  const YamlDocument& document = documents->front();
  const Map* top = document.value.as_map();
  if (top == nullptr) return invalid(fmt::format("{}: expected `flag: value` lines", path));
  for (const auto& [key, value] : *top) {
    auto values = setting_values(value);
    const int line = document.line_of(key);
    if (!values) {
      return invalid(fmt::format("{}: line {}: {} needs a value or a list of values, not {}", path,
                                 line, key, kind_of(value)));
    }
    settings.emplace(key, FileSetting{.values = std::move(*values), .line = line});
  }
  return settings;
}

}  // namespace cara::host
