#include <algorithm>

#include "schema/validate.h"
#include "schema/wire.h"
#include "tests/catch_compat.h"
#include "tests/unit/json_value.h"

using namespace cara;
using namespace cara::schema;

namespace {

using Json = nlohmann::ordered_json;

Json manifest() {
  return Json::parse(R"({
    "apiVersion": "caravanserai/v1", "kind": "Project",
    "metadata": {"name": "shop"},
    "spec": {
      "services": [
        {"name": "db", "image": "mysql:8",
         "volumeMounts": [{"name": "data", "mountPath": "/var/lib/mysql"}]},
        {"name": "web", "image": "nginx", "env": [{"name": "A", "value": "1"}]}],
      "volumes": [{"name": "data", "type": "Ephemeral"}],
      "ingress": [{"name": "main", "host": "shop", "target": {"service": "web", "port": 80},
                   "access": {"scope": "Internal"}}],
      "expireAt": "2099-12-31T23:59:59Z"}})");
}

// All errors as `path: message`, sorted.
std::vector<std::string> errors_of(const Json& json) {
  const auto project = read_manifest(from_json(json));
  std::vector<std::string> lines;
  if (project.ok()) return lines;
  for (const FieldError& error : project.error().fields) {
    lines.push_back(error.path + ": " + error.message);
  }
  std::sort(lines.begin(), lines.end());
  return lines;
}

std::string only_error(const Json& json) {
  const auto lines = errors_of(json);
  return lines.size() == 1 ? lines[0] : std::to_string(lines.size()) + " errors";
}

Json with(const char* pointer, const Json& value) {
  Json json = manifest();
  json[Json::json_pointer(pointer)] = value;
  return json;
}

Json without(const char* parent, const char* key) {
  Json json = manifest();
  json[Json::json_pointer(parent)].erase(key);
  return json;
}

}  // namespace

TEST_CASE("a manifest with every field is read [S1][S3][S7]") {
  const auto project = read_manifest(from_json(manifest()));
  REQUIRE(project.ok());
  CHECK(project->metadata.name == "shop");
  REQUIRE(project->spec.services.size() == 2);
  CHECK(project->spec.services[0].image == "mysql:8");
  CHECK(project->spec.services[0].volume_mounts[0].mount_path == "/var/lib/mysql");
  CHECK(project->spec.ingress[0].target.port == 80);
  CHECK(project->spec.expire_at.has_value());
  CHECK(*read_manifest(to_manifest(*project)) == *project);
}

TEST_CASE("another apiVersion or kind is refused by name [S1]") {
  CHECK(only_error(with("/apiVersion", "v1")) ==
        "apiVersion: `v1` is not supported; use caravanserai/v1");
  CHECK(only_error(with("/kind", "Deployment")) ==
        "kind: `Deployment` is not supported; use Project");
  CHECK(only_error(without("", "kind")) == "kind: is required: Project");
  CHECK(!read_manifest(Value("text")).ok());
}

TEST_CASE("a project needs at least one service [S2]") {
  Json none = manifest();
  none["spec"] = Json::parse(R"({"services": []})");
  CHECK(only_error(none) == "spec.services: needs at least 1 entry");
  none["spec"] = Json::object();
  CHECK(only_error(none) == "spec.services: is required");
}

TEST_CASE("names that repeat are refused [S4][S8][S12]") {
  Json twice = manifest();
  twice["spec"].erase("ingress");
  twice["spec"]["services"][1]["name"] = "db";
  CHECK(only_error(twice) == "spec.services[1].name: `db` is used before, in spec.services[0]");
  CHECK(only_error(with("/spec/volumes/1", Json::parse(R"({"name":"data","type":"Ephemeral"})"))) ==
        "spec.volumes[1].name: `data` is used before, in spec.volumes[0]");
  CHECK(only_error(with("/spec/ingress/1", manifest()["spec"]["ingress"][0])) ==
        "spec.ingress[1].name: `main` is used before, in spec.ingress[0]");
}

TEST_CASE("an environment variable may be given once [E13]") {
  CHECK(only_error(with("/spec/services/1/env/1", Json::parse(R"({"name":"A","value":"2"})"))) ==
        "spec.services[1].env[1].name: `A` is used before, in spec.services[1].env[0]");
}

TEST_CASE("env values are taken as they are, up to the kernel's limit [E13]") {
  for (const std::string& value :
       {std::string("a\nb=c \"'$X\xc3\xa9"), std::string(), std::string(100 * 1024, 'x')}) {
    const auto project = read_manifest(from_json(with("/spec/services/1/env/0/value", value)));
    REQUIRE(project.ok());
    CHECK(project->spec.services[1].env[0].value == value);
  }
  CHECK(only_error(with("/spec/services/1/env/0/value", std::string("a\0b", 3))) ==
        "spec.services[1].env[0].value: must not contain NUL");
  CHECK(only_error(with("/spec/services/1/env/0/name", "A=B")) ==
        "spec.services[1].env[0].name: `A=B` must not contain `=`");
}

TEST_CASE("unquoted scalars are taken as written where text is expected [E14]") {
  for (const char* text : {"0777", "123", "true", "1e3", "no", "2001-01-01"}) {
    const Value env(Array{Map{{"name", Value("MODE")}, {"value", Value(Plain{text})}}});
    const Value service(
        Map{{"name", Value(Plain{"web"})}, {"image", Value("nginx")}, {"env", env}});
    const Value tree(Map{{"apiVersion", Value(kApiVersion)},
                         {"kind", Value(Plain{"Project"})},
                         {"metadata", Map{{"name", Value(Plain{"123"})}}},
                         {"spec", Map{{"services", Array{service}}}}});
    const auto project = read_manifest(tree);
    REQUIRE(project.ok());
    CHECK(project->metadata.name == "123");
    CHECK(project->spec.services[0].env[0].value == text);
  }
  CHECK(only_error(with("/spec/services/1/env/0/value", Json::array())) ==
        "spec.services[1].env[0].value: expected text, found a list");
}

TEST_CASE("an unknown volume type is refused, listing the known ones [S7]") {
  CHECK(only_error(with("/spec/volumes/0/type", "Magic")) ==
        "spec.volumes[0].type: `Magic` is not known; use one of: Ephemeral, HostPath, "
        "Persistent, Config");
}

TEST_CASE("a mount of a volume that is not there is refused [S9]") {
  CHECK(only_error(with("/spec/services/0/volumeMounts/0/name", "dta")) ==
        "spec.services[0].volumeMounts[0].name: no volume `dta` in spec.volumes; there are: data");
}

TEST_CASE("mount paths are absolute and used once [E16]") {
  CHECK(only_error(with("/spec/services/0/volumeMounts/0/mountPath", "data")) ==
        "spec.services[0].volumeMounts[0].mountPath: `data` must be absolute (start with /)");
  CHECK(only_error(with("/spec/services/0/volumeMounts/0/mountPath", "/a/../etc")) ==
        "spec.services[0].volumeMounts[0].mountPath: `/a/../etc` must not contain `..`");
  CHECK(only_error(with("/spec/services/0/volumeMounts/1",
                        Json::parse(R"({"name":"data","mountPath":"/var/lib/mysql"})")))
            .find("is used before") != std::string::npos);
}

TEST_CASE("an ingress needs a service that exists and a real port [S15][S17]") {
  CHECK(only_error(with("/spec/ingress/0/target/service", "wbe")) ==
        "spec.ingress[0].target.service: no service `wbe` in spec.services; there are: db, web");
  for (int port : {0, 65536, -1}) {
    CHECK(only_error(with("/spec/ingress/0/target/port", port)) ==
          "spec.ingress[0].target.port: is " + std::to_string(port) + "; must be 1 to 65535");
  }
  CHECK(only_error(with("/spec/ingress/0/access/scope", "Public")) ==
        "spec.ingress[0].access.scope: `Public` is not known; use one of: Internal");
}

TEST_CASE("names are DNS labels: the reason says what is wrong [E10][E12]") {
  const auto says = [](const std::string& name) {
    return only_error(with("/metadata/name", name));
  };
  CHECK(says("Shop") == "metadata.name: `Shop` has upper case; use lower case");
  CHECK(says("") == "metadata.name: must not be empty");
  CHECK(says("a_b") == "metadata.name: `a_b` is no DNS label: use a-z, 0-9 and `-` only");
  CHECK(says("-a") == "metadata.name: `-a` must start and end with a letter or digit");
  CHECK(says("caf\xc3\xa9").find("is no DNS label") != std::string::npos);
  CHECK(says(std::string(64, 'a')).find("64 characters") != std::string::npos);
  CHECK(errors_of(with("/metadata/name", std::string(63, 'a'))).empty());
  for (const char* hostile : {"*", ">", "a b", "a\r\nb", "a.b", "$SYS", "..", "a\x1b[2J"}) {
    INFO(hostile);
    CHECK(errors_of(with("/metadata/name", hostile)).size() == 1);
    CHECK(errors_of(with("/spec/volumes/0/name", hostile)).size() >= 1);
  }
}

TEST_CASE("image references: what Docker takes is taken [E17]") {
  for (const char* image :
       {"nginx", "postgres:15", "library/nginx:latest", "registry.example:5000/team/app:1.2",
        "nginx@sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef",
        "localhost:5000/a"}) {
    INFO(image);
    CHECK(errors_of(with("/spec/services/0/image", image)).empty());
  }
  for (const char* image : {"", "my image", "Nginx", "nginx:", "a$b", "-x", "team/App:1"}) {
    INFO(image);
    CHECK(errors_of(with("/spec/services/0/image", image)).size() == 1);
  }
}

TEST_CASE("a typo is refused with the nearest known name [E22]") {
  CHECK(only_error(with("/spec/services/0/imagee", "x")) ==
        "spec.services[0].imagee: is not known; did you mean `image`?");
  CHECK(only_error(with("/spec/services/0/volume_mounts", Json::array())) ==
        "spec.services[0].volume_mounts: is not known; did you mean `volumeMounts`?");
  CHECK(only_error(with("/spec/volumes/0/zzzzzzzzz", 1)) ==
        "spec.volumes[0].zzzzzzzzz: is not known; known here: name, type, path, files");
}

TEST_CASE("what docker-compose.yml has otherwise is refused with what stands for it [E22]") {
  CHECK(only_error(with("/spec/services/0/environment", Json::object())) ==
        "spec.services[0].environment: is not known; docker-compose.yml's `environment` is here: "
        "`env: [{name: A, value: b}]`");
  CHECK(only_error(with("/spec/services/0/resources", Json::parse(R"({"limits": {"pid": 9}})"))) ==
        "spec.services[0].resources.limits.pid: is not known; did you mean `pids`?");
  CHECK(only_error(with("/spec/services/0/depends_on", Json::array())) ==
        "spec.services[0].depends_on: is not known; did you mean `dependsOn`?");
  CHECK(
      only_error(with("/spec/services/0/ports", Json::array({"8080:80"}))) ==
      "spec.services[0].ports[0]: expected a map such as `{port: 80, hostPort: 8080}`, found text");
  CHECK(only_error(with("/spec/services/0/env", Json::parse(R"({"A": "b"})"))) ==
        "spec.services[0].env: expected a list such as `[{name: A, value: b}]`, found a map");
  CHECK(only_error(with("/spec/services/0/dependsOn", Json::array({"db"}))) ==
        "spec.services[0].dependsOn[0]: expected a map such as `{service: db, condition: "
        "Healthy}`, found text");
}

TEST_CASE("status and server-written metadata in a manifest are ignored [E23]") {
  Json json = manifest();
  json["status"] = Json::parse(R"({"phase": "Running", "nodeRef": "evil", "nonsense": [1]})");
  json["metadata"]["uid"] = "mine";
  json["metadata"]["generation"] = 99;
  const auto project = read_manifest(from_json(json));
  REQUIRE(project.ok());
  CHECK(project->status == ProjectStatus{});
  CHECK(project->metadata.uid.empty());
  CHECK(project->metadata.generation == 0);
}

TEST_CASE("all errors of a manifest come at once") {
  Json json = manifest();
  json["metadata"]["name"] = "A";
  json["spec"]["services"][0]["image"] = 5;
  json["spec"]["volumes"][0]["type"] = "Magic";
  json["spec"]["expireAt"] = "soon";
  const auto lines = errors_of(json);
  CHECK(lines.size() == 4);
  const auto project = read_manifest(from_json(json));
  CHECK(project.error().message.find("(and 3 more)") != std::string::npos);
}

TEST_CASE("hosts with a dot are verbatim, others are assembled [S13][S14]") {
  Project project;
  const IngressDomain domain{.environment = "prod", .base_domain = "example.test"};
  CHECK(resolve_host({.host = "wp.dev.example.test"}, project, domain) == "wp.dev.example.test");
  CHECK(resolve_host({.host = "WP.Example.Test."}, project, domain) == "wp.example.test");
  CHECK(resolve_host({.host = "wp"}, project, domain) == "wp.prod.example.test");
  project.metadata.labels[kEnvironmentLabel] = "staging";
  CHECK(resolve_host({.host = "wp"}, project, domain) == "wp.staging.example.test");
  CHECK(resolve_host({.host = "B\u00dccher"}, project, domain) ==
        "xn--bcher-kva.staging.example.test");
  CHECK(resolve_host({.host = "b\u00fccher\u3002example"}, project, domain) ==
        "xn--bcher-kva.example");
}

TEST_CASE("two projects can want one Docker name: the claims show it [E1][E2]") {
  Project first, second;
  first.metadata.name = "a-b";
  first.spec.services = {{.name = "c", .image = "x"}};
  first.spec.volumes = {{.name = "d"}};
  second.metadata.name = "a";
  second.spec.services = {{.name = "b-c", .image = "x"}};
  second.spec.volumes = {{.name = "b-d"}};
  second.spec.networks = {{.name = "b"}};
  using Names = std::vector<std::string>;
  CHECK(claimed_names(first) == Names{"container/a-b-c", "network/cara-a-b", "volume/cara-a-b-d"});
  CHECK(claimed_names(second) ==
        Names{"container/a-b-c", "network/cara-a", "network/cara-a-b", "volume/cara-a-b-d"});
}
