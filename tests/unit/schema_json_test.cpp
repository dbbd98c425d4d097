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

struct Change {
  std::string pointer;
  json value;
};

// Every key of a service with what is good and what is not.
std::vector<Change> service_fields() {
  const json values = json::parse(R"({
    "imagePullPolicy": ["Always", "always"], "platform": ["linux/arm64", "arm64"],
    "entrypoint": [["a", ""], "a"], "command": [["a"], [1]], "workingDir": ["/a", "a"],
    "user": ["1000:100", "a b"], "groupAdd": [["27"], ["a b"]], "init": [true, "true"],
    "tty": [true, 1], "stdin": [false, "no"], "stopSignal": ["SIGINT", "int"],
    "stopGracePeriod": ["1m30s", "90", 90], "restartPolicy": ["OnFailure", "on-failure"],
    "dependsOn": [[], [{"service": "web", "condition": "Up"}], [{"condition": "Healthy"}]],
    "healthcheck": [{"retries": 3}, {"retries": 0}, {"interval": "5"}, {"action": "Kill"}],
    "resources": [{"limits": {"cpu": "500m"}}, {"limits": {"cpu": 0.5}}, {"limits": {"cpu": "x"}},
                  {"limits": {"memory": "64Mi"}}, {"limits": {"memory": "64m"}},
                  {"limits": {"pids": 0}}, {"requests": {"gpus": 1}}, {"limit": {}}],
    "volumeMounts": [[{"name": "data", "mountPath": "/a", "readOnly": true, "subPath": "b/c"}],
                     [{"name": "data", "mountPath": "a"}],
                     [{"name": "data", "mountPath": "/a", "subPath": "../c"}]],
    "tmpfs": [[{"mountPath": "/a", "size": "1Mi"}], [{"mountPath": "/a", "size": "1m"}], ["/a"]],
    "shmSize": ["64Mi", 1048576, "64mb"], "devices": [["/dev/a:/dev/b:rw"], ["a"]],
    "readOnlyRootFilesystem": [true, "true"],
    "networkMode": ["Host", "host", "Service:", "None"],
    "networks": [[{"name": "default", "aliases": ["a.b"]}], [{"name": "default", "aliases": ["A"]}],
                 [{"name": "default", "ipv4": "10.0.0.256"}]],
    "aliases": [["a.b"], ["a_b"]],
    "ports": [[{"port": 80}], [{"port": "80-81", "hostPort": "90-91", "hostIP": "::1"}],
              [{"port": "a"}], [{"port": 80, "hostPort": 80, "hostIP": "x"}],
              [{"port": 80, "protocol": "udp"}], [{"hostPort": 80}]],
    "hostname": ["a.b", "a_b"], "extraHosts": [["a:10.0.0.1"], ["a=10.0.0.1"]],
    "dns": [["10.0.0.1", "fd00::1"], ["a"]], "privileged": [true, "no"],
    "capabilities": [{"add": ["ALL"]}, {"add": ["net_admin"]}, {"keep": []}],
    "securityOpt": [["seccomp=unconfined"], ["a b"]],
    "ulimits": [[{"name": "nofile", "soft": 9}], [{"name": "files", "soft": 9}],
                [{"name": "nofile"}], [{"name": "nofile", "soft": -2}]],
    "sysctls": [{"net.core.somaxconn": "9"}, {"a": 1}], "pidMode": ["Host", "Private"],
    "ipcMode": ["Shareable", "shareable"], "runtime": ["runc", "a b"],
    "logging": [{"driver": "none"}, {"options": {}}, {"driver": "a b"}],
    "labels": [{"a": "b"}, {"a": 1}]})");
  std::vector<Change> changes;
  for (const auto& [key, all] : values.items()) {
    for (const json& value : all) changes.push_back({"/spec/services/0/" + key, value});
  }
  return changes;
}

}  // namespace

TEST_CASE("schema/json holds what the definitions make (run cara_json_schema schema/json)") {
  CHECK(from_json(read_file("project.schema.json")) == schema::project_json_schema());
  CHECK(from_json(read_file("node.schema.json")) == schema::node_json_schema());
}

TEST_CASE("JSON Schema and manifest reader agree about single fields") {
  std::vector<Change> changes{
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
      {"/spec/paused", true},
      {"/spec/paused", "yes"},
      {"/spec/onNodeLoss", "Stay"},
      {"/spec/onNodeLoss", "Leave"},
      {"/spec/updatePolicy", json{{"order", "Auto"}, {"healthyDeadline", "90s"}}},
      {"/spec/updatePolicy", json{{"healthyDeadline", "90"}}},
      {"/spec/networks", json::array({json{{"name", "a"}, {"subnet", "10.9.1.0/24"}}})},
      {"/spec/networks", json::array({json{{"name", "a"}, {"subnet", "10.9.1.0"}}})},
      {"/spec/volumes/0", json{{"name", "data"}, {"type", "HostPath"}, {"path", "/a"}}},
      {"/spec/volumes/0", json{{"name", "data"}, {"type", "HostPath"}, {"path", "/a/../b"}}},
      {"/spec/volumes/0", json::parse(R"({"name": "data", "type": "Config",
                                          "files": {"a": {"content": "x", "mode": "0644"}}})")},
      {"/spec/volumes/0",
       json::parse(R"({"name": "data", "type": "Config", "files": {"a/b": {}}})")},
      {"/spec/volumes/0",
       json::parse(R"({"name": "data", "type": "Config", "files": {"a": {"mode": "9"}}})")},
  };
  for (const Change& field : service_fields()) changes.push_back(field);
  CHECK(accepted_by_schema(manifest()));
  for (const Change& change : changes) {
    json changed = manifest();
    changed[json::json_pointer(change.pointer)] = change.value;
    INFO(change.pointer << " = " << change.value.dump());
    CHECK(accepted_by_schema(changed) == schema::read_manifest(from_json(changed)).ok());
  }
}
