#include "schema/json_schema.h"

#include "schema/describe_types.h"
#include "schema/schema_visitor.h"

namespace cara::schema {
namespace {

Value* member(Value& object, std::string_view key) {
  for (Member& entry : *object.as_map()) {
    if (entry.key == key) return &entry.value;
  }
  return nullptr;
}

Value titled(Map object, std::string_view kind) {
  Map schema{{"$schema", Value("http://json-schema.org/draft-07/schema#")},
             {"title", Value("Caravanserai " + std::string(kind))}};
  for (Member& entry : object) schema.push_back(std::move(entry));
  Value out(std::move(schema));
  Value& properties = *member(out, "properties");
  *member(properties, "apiVersion") = Map{{"const", Value(kApiVersion)}};
  *member(properties, "kind") = Map{{"const", Value(kind)}};
  // What the system writes is ignored in a manifest, whatever it is: `get -o yaml` can be applied.
  *member(properties, "status") = Map{{"description", Value("What is; ignored in manifests.")}};
  return out;
}

}  // namespace

Value project_json_schema() { return titled(schema_of<Project>(), "Project"); }
Value node_json_schema() { return titled(schema_of<Node>(), "Node"); }
Value project_fields() { return schema_of<Project>(); }
Value node_fields() { return schema_of<Node>(); }

}  // namespace cara::schema
