#include "cli/objects.h"

#include <algorithm>
#include <optional>

#include "schema/formats.h"
#include "schema/words.h"

namespace cara::cli {
namespace {

std::optional<Kind> parse_kind(const std::string& word) {
  if (word == "projects" || word == "project" || word == "po") return Kind::kProject;
  if (word == "nodes" || word == "node" || word == "no") return Kind::kNode;
  return std::nullopt;
}

Error unknown_kind(const std::string& word) {
  return invalid("`" + schema::printable(word) + "` is no kind of object" +
                 schema::hint_for(word, {"projects", "project", "nodes", "node"},
                                  "there are projects and nodes"));
}

}  // namespace

Result<Objects> parse_objects(const std::vector<std::string>& words) {
  if (words.empty()) return invalid("of what? Name `projects` or `nodes`");
  const bool slashed = words.front().find('/') != std::string::npos;
  Objects objects;
  for (std::size_t i = 0; i < words.size(); ++i) {
    const std::string& word = words[i];
    const std::size_t slash = word.find('/');
    if (slashed != (slash != std::string::npos)) {
      if (i > 0) return invalid("write either `project NAME` or `project/NAME`");
    }
    if (i == 0 || slashed) {
      const std::optional<Kind> kind = parse_kind(word.substr(0, slash));
      if (!kind) return unknown_kind(word.substr(0, slash));
      if (i > 0 && *kind != objects.kind) return invalid("only one kind of object at a time");
      objects.kind = *kind;
    }
    if (i > 0 || slashed) objects.names.push_back(slashed ? word.substr(slash + 1) : word);
  }
  std::sort(objects.names.begin(), objects.names.end());
  const auto twice = std::unique(objects.names.begin(), objects.names.end());
  objects.names.erase(twice, objects.names.end());
  return objects;
}

std::string to_string(Kind kind) {
  switch (kind) {
    case Kind::kProject:
      return "project";
    case Kind::kNode:
      return "node";
  }
  CARA_CHECK(false);
}

std::string not_found_sentence(Kind kind, const std::string& name) {
  return to_string(kind) + " \"" + schema::printable(name, 253) + "\" not found";
}

}  // namespace cara::cli
