// tests/e2e/fields_*.sh are the table of the spec's fields: each one is seen in a real container
// there, or the line that names it says which test sees it.
#include <filesystem>
#include <fstream>
#include <set>
#include <sstream>
#include <string>

#include "schema/json_schema.h"
#include "schema/value.h"
#include "tests/catch_compat.h"

using namespace cara;

namespace {

using Paths = std::set<std::string>;

// Paths of what has no fields of its own; NAME stands for any key of a map.
void add_leaves(const Value& schema, const std::string& path, Paths& out) {
  const Value* items = schema.find("items");
  const Value* properties = schema.find("properties");
  const Value* others = schema.find("additionalProperties");
  if (properties != nullptr) {
    for (const Member& member : *properties->as_map()) {
      add_leaves(member.value, path + (path.empty() ? "" : ".") + member.key, out);
    }
  } else if (items != nullptr) {
    add_leaves(*items, path + "[]", out);
  } else if (others != nullptr && others->find("properties") != nullptr) {
    add_leaves(*others, path + ".NAME", out);
  } else {
    out.insert(path.ends_with("[]") ? path.substr(0, path.size() - 2) : path);
  }
}

Paths fields_of_spec() {
  const Value schema = schema::project_json_schema();
  Paths paths;
  add_leaves(*schema.find("properties")->find("spec"), "", paths);
  return paths;
}

// The word behind `sees`, `shows` or `# field:` at the beginning of a line.
Paths named_in(const std::filesystem::path& script) {
  std::ifstream file(script);
  Paths paths;
  for (std::string line; std::getline(file, line);) {
    std::istringstream words(line);
    std::string first, path;
    words >> first;
    if (first == "#") words >> first;
    if (first != "sees" && first != "shows" && first != "field:") continue;
    if (words >> path) paths.insert(path);
  }
  return paths;
}

// Not fields of a container: who sees them.
bool is_seen_elsewhere(const std::string& path) {
  struct Elsewhere {
    const char* field;
    const char* test;
  };
  static constexpr Elsewhere kElsewhere[] = {
      {"ingress", "tests/unit/schema_manifest_test.cpp"},
      {"expireAt", "tests/e2e/expire.sh"},
      {"onNodeLoss", "tests/e2e/offline.sh"},
      {"nodeSelector", "tests/unit/scheduler_place_test.cpp"},
      {"tolerations", "tests/unit/schema_fit_test.cpp"},
      {"updatePolicy", "tests/unit/agent_services_test.cpp"},
  };
  for (const Elsewhere& each : kElsewhere) {
    if (!path.starts_with(each.field)) continue;
    INFO(each.test);
    CHECK(std::filesystem::exists(std::filesystem::path(CARA_SOURCE_DIR) / each.test));
    return true;
  }
  return false;
}

}  // namespace

TEST_CASE("each field of a spec is seen in a real container, and no test names another") {
  Paths named;
  for (const auto& entry :
       std::filesystem::directory_iterator(std::string(CARA_SOURCE_DIR) + "/tests/e2e")) {
    if (entry.path().filename().string().starts_with("fields_")) named.merge(named_in(entry));
  }
  const Paths fields = fields_of_spec();
  CHECK(fields.size() > 80);
  for (const std::string& field : fields) {
    INFO("spec." << field);
    CHECK((named.contains(field) || is_seen_elsewhere(field)));
  }
  for (const std::string& path : named) {
    INFO("spec." << path);
    CHECK(fields.contains(path));
  }
}

TEST_CASE("each field of a spec is explained in schema/README.md") {
  std::ifstream file(std::string(CARA_SOURCE_DIR) + "/schema/README.md");
  std::stringstream text;
  text << file.rdbuf();
  const std::string readme = text.str();
  for (const std::string& field : fields_of_spec()) {
    const std::string key = field.substr(field.rfind('.') + 1);
    INFO(field);
    const bool explained =
        readme.find("`" + key) != std::string::npos || readme.find("." + key) != std::string::npos;
    CHECK(explained);
  }
}
