// The JSON Schemas in schema/json are what the definitions make, and judge manifests as we do.
#include <cstdlib>
#include <fstream>
#include <nlohmann/json.hpp>
#include <valijson/adapters/nlohmann_json_adapter.hpp>
#include <valijson/schema.hpp>
#include <valijson/schema_parser.hpp>
#include <valijson/validator.hpp>

#include "schema/json_schema.h"
#include "schema/wire.h"
#include "tests/catch_compat.h"
#include "tests/unit/json_value.h"

using namespace cara;
using nlohmann::json;

namespace {

nlohmann::ordered_json read_file(const std::string& name) {
  std::ifstream file(std::string(CARA_SOURCE_DIR) + "/schema/json/" + name);
  REQUIRE(file);
  return nlohmann::ordered_json::parse(file);
}

bool accepted_by_schema(const json& manifest) {
  const json document = read_file("project.schema.json");
  valijson::Schema schema;
  valijson::SchemaParser parser;
  const valijson::adapters::NlohmannJsonAdapter adapter(document);
  parser.populateSchema(adapter, schema);
  valijson::Validator validator;
  const valijson::adapters::NlohmannJsonAdapter target(manifest);
  return validator.validate(schema, target, nullptr);
}

json manifest() {
  return json::parse(R"({
    "apiVersion": "caravanserai/v1", "kind": "Project", "metadata": {"name": "shop"},
    "spec": {"services": [{"name": "web", "image": "nginx", "env": [{"name": "A", "value": "1"}]}],
             "volumes": [{"name": "data", "type": "Ephemeral"}],
             "ingress": [{"name": "m", "host": "h", "target": {"service": "web", "port": 80}}]}})");
}

}  // namespace

TEST_CASE("schema/json holds what the definitions make (run cara_json_schema schema/json)") {
  CHECK(from_json(read_file("project.schema.json")) == schema::project_json_schema());
  CHECK(from_json(read_file("node.schema.json")) == schema::node_json_schema());
}

TEST_CASE("JSON Schema and manifest reader agree about single fields") {
  struct Change {
    const char* pointer;
    json value;
  };
  const std::vector<Change> changes{
      {"/apiVersion", "caravanserai/v1"},
      {"/apiVersion", "v1"},
      {"/kind", "Node"},
      {"/metadata/name", "Shop"},
      {"/metadata/name", "a-1"},
      {"/metadata/name", std::string(64, 'a')},
      {"/metadata/name", 5},
      {"/metadata/labels", json{{"a", "b"}}},
      {"/metadata/labels", json{{"a", 1}}},
      {"/spec/services", json::array()},
      {"/spec/services/0/name", "web_1"},
      {"/spec/services/0/image", ""},
      {"/spec/services/0/image", "a b"},
      {"/spec/services/0/nope", 1},
      {"/spec/services/0/env", "x"},
      {"/spec/services/0/env/0/name", "A=B"},
      {"/spec/volumes/0/type", "Magic"},
      {"/spec/ingress/0/target/port", 0},
      {"/spec/ingress/0/target/port", 65535},
      {"/spec/ingress/0/target/port", "80"},
      {"/spec/ingress/0/access", json{{"scope", "Public"}}},
      {"/spec/ingress/0/host", "A.Example.Test"},
      {"/spec/ingress/0/host", "a..b"},
      {"/status", json{{"phase", "Running"}}},
      {"/status", 5},
      {"/spec/more", true},
  };
  CHECK(accepted_by_schema(manifest()));
  for (const Change& change : changes) {
    json changed = manifest();
    changed[json::json_pointer(change.pointer)] = change.value;
    INFO(change.pointer << " = " << change.value.dump());
    CHECK(accepted_by_schema(changed) == schema::read_manifest(from_json(changed)).ok());
  }
}
