// Rules across the fields of services, volumes and networks: each has a case that sees its words
// and the path of the field.
#include <algorithm>

#include "schema/wire.h"
#include "tests/catch_compat.h"
#include "tests/unit/json_value.h"

using namespace cara;
using namespace cara::schema;

namespace {

using Json = nlohmann::ordered_json;
using Lines = std::vector<std::string>;

Json manifest() {
  return Json::parse(R"({
    "apiVersion": "caravanserai/v1", "kind": "Project", "metadata": {"name": "shop"},
    "spec": {
      "services": [{"name": "web", "image": "nginx"}, {"name": "db", "image": "mysql:8"}],
      "volumes": [{"name": "data", "type": "Ephemeral"},
                  {"name": "conf", "type": "Config", "files": {"a.conf": {"content": "x"}}}],
      "networks": [{"name": "back"}, {"name": "fixed", "subnet": "10.9.1.0/24"},
                   {"name": "guest", "external": true}]}})");
}

// Of the project with these fields of service `web` set: `path: message` without `spec.`, sorted.
Lines errors_of(const Json& json) {
  const auto project = read_manifest(from_json(json));
  Lines lines;
  if (project.ok()) return lines;
  for (const FieldError& error : project.error().fields) {
    lines.push_back(error.path.substr(error.path.find('.') + 1) + ": " + error.message);
  }
  std::sort(lines.begin(), lines.end());
  return lines;
}

Lines errors_with(const char* pointer, const char* value) {
  Json json = manifest();
  json[Json::json_pointer(pointer)] = Json::parse(value);
  return errors_of(json);
}

// Of service `web` with these further fields, written as JSON without the outer braces.
Lines web(const std::string& fields) {
  Json json = manifest();
  json["spec"]["services"][0].update(Json::parse("{" + fields + "}"));
  return errors_of(json);
}

std::string only(const Lines& lines) {
  if (lines.size() == 1) return lines[0];
  std::string all = std::to_string(lines.size()) + " errors";
  for (const std::string& line : lines) all += "\n" + line;
  return all;
}

}  // namespace

TEST_CASE("a part of a volume of files must be one of them") {
  const std::string mount = R"("volumeMounts": [{"name": "conf", "mountPath": "/c", "subPath": )";
  CHECK(web(mount + R"("a.conf"}])").empty());
  CHECK(only(web(mount + R"("b.conf"}])")) ==
        "services[0].volumeMounts[0].subPath: volume `conf` has no file `b.conf`");
}

TEST_CASE("a folder in memory takes no volume's place [E16]") {
  CHECK(only(web(R"("volumeMounts": [{"name": "data", "mountPath": "/d"}],
                    "tmpfs": [{"mountPath": "/t"}, {"mountPath": "/d"}])")) ==
        "services[0].tmpfs[1].mountPath: `/d` is in volumeMounts, too");
}

TEST_CASE("what needs networks of one's own needs networkMode Bridge") {
  for (const char* mode : {"Host", "None", "Service:db"}) {
    const std::string set = "\"networkMode\": \"" + std::string(mode) + "\", ";
    const std::string why = ": cannot be used with networkMode " + std::string(mode);
    CHECK(only(web(set + R"("networks": [{"name": "back"}])")) == "services[0].networks" + why);
    CHECK(only(web(set + R"("aliases": ["www"])")) == "services[0].aliases" + why);
    CHECK(only(web(set + R"("ports": [{"port": 80, "hostPort": 80}])")) ==
          "services[0].ports" + why + ": nothing can be published");
    CHECK(web(set + R"("ports": [{"port": 80}])").empty());
  }
  const std::string join = R"("networkMode": "Service:db", )";
  const std::string why = ": cannot be used with networkMode Service:db";
  CHECK(only(web(join + R"("hostname": "here")")) == "services[0].hostname" + why);
  CHECK(only(web(join + R"("dns": ["10.0.0.1"])")) == "services[0].dns" + why);
  CHECK(only(web(join + R"("extraHosts": ["a:10.0.0.1"])")) == "services[0].extraHosts" + why);
  CHECK(web(R"("networkMode": "Host", "hostname": "here", "dns": ["10.0.0.1"])").empty());
}

TEST_CASE("a service is on networks that are there; a fixed address needs a subnet [E15]") {
  CHECK(web(R"("networks": [{"name": "default"}, {"name": "back"}, {"name": "guest"}])").empty());
  CHECK(only(web(R"("networks": [{"name": "bck"}])")) ==
        "services[0].networks[0].name: no network `bck` in spec.networks; there are: back, "
        "default, fixed, guest");
  CHECK(web(R"("networks": [{"name": "fixed", "ipv4": "10.9.1.7"},
                            {"name": "guest", "ipv4": "10.8.1.7"}])")
            .empty());
  for (const std::string name : {"back", "default"}) {
    CHECK(only(web(R"("networks": [{"name": ")" + name + R"(", "ipv4": "10.9.1.7"}])")) ==
          "services[0].networks[0].ipv4: needs a subnet in spec.networks for `" + name + "`");
  }
}

TEST_CASE("services that are named are there, and others") {
  const std::string none = "no service `bd` in spec.services; there are: db, web";
  CHECK(only(web(R"("dependsOn": [{"service": "bd"}])")) ==
        "services[0].dependsOn[0].service: " + none);
  CHECK(web(R"("dependsOn": [{"service": "bd", "optional": true}])").empty());
  CHECK(only(web(R"("dependsOn": [{"service": "web"}])")) ==
        "services[0].dependsOn[0].service: is the service itself");
  CHECK(only(web(R"("networkMode": "Service:bd")")) == "services[0].networkMode: " + none);
  CHECK(only(web(R"("pidMode": "Service:bd")")) == "services[0].pidMode: " + none);
  CHECK(only(web(R"("ipcMode": "Service:bd")")) == "services[0].ipcMode: " + none);
  CHECK(only(web(R"("pidMode": "Service:web")")) == "services[0].pidMode: is the service itself");
  CHECK(only(web(R"("ipcMode": "Service:db")")) ==
        "services[0].ipcMode: needs ipcMode Shareable on service `db`");
}

TEST_CASE("dependencies do not go round, whatever they are made of") {
  Json json = manifest();
  json["spec"]["services"][0]["dependsOn"] = Json::parse(R"([{"service": "db"}])");
  json["spec"]["services"][1]["networkMode"] = "Service:web";
  CHECK(only(errors_of(json)) == "services[0].dependsOn: goes round: web -> db -> web");
}

TEST_CASE("ranges of ports are of one size; an address needs a port") {
  CHECK(only(web(R"("ports": [{"port": "80-82", "hostPort": "90-91"}])")) ==
        "services[0].ports[0].hostPort: has 2 ports for 3");
  CHECK(only(web(R"("ports": [{"port": 80, "hostIP": "127.0.0.1"}])")) ==
        "services[0].ports[0].hostIP: needs a hostPort");
}

TEST_CASE("a port of the node is published once [E18]") {
  CHECK(only(web(
            R"("ports": [{"port": "1-6", "hostPort": "90-95"}, {"port": 81, "hostPort": 92}])")) ==
        "services[0].ports[1].hostPort: 92 is used before, in spec.services[0].ports[0]");
  CHECK(web(R"("ports": [{"port": 53, "hostPort": 53}, {"port": 53, "hostPort": 53,
                                                        "protocol": "UDP"}])")
            .empty());
  const auto twice = [](const char* first, const char* second) {
    Json json = manifest();
    const auto port = [](const char* ip) {
      Json each = Json::parse(R"([{"port": 80, "hostPort": 80}])");
      if (*ip != '\0') each[0]["hostIP"] = ip;
      return each;
    };
    json["spec"]["services"][0]["ports"] = port(first);
    json["spec"]["services"][1]["ports"] = port(second);
    return errors_of(json);
  };
  CHECK(twice("127.0.0.1", "127.0.0.2").empty());
  for (const char* second : {"127.0.0.1", ""}) {
    CHECK(only(twice("127.0.0.1", second)) ==
          "services[1].ports[0].hostPort: 80 is used before, in spec.services[0].ports[0]");
  }
}

TEST_CASE("health checks are as Docker takes them [S23]") {
  const auto health = [](const std::string& fields) {
    return web(R"("healthcheck": {)" + fields + "}");
  };
  CHECK(health(R"("test": ["CMD", "true"], "interval": "1ms", "startPeriod": "0")").empty());
  CHECK(only(health(R"("test": ["curl", "x"])")) ==
        "services[0].healthcheck.test: must begin with CMD or CMD-SHELL, not `curl`");
  CHECK(only(health(R"("test": ["CMD"])")) ==
        "services[0].healthcheck.test: needs a program behind CMD");
  CHECK(only(health(R"("test": ["CMD-SHELL", "a", "b"])")) ==
        "services[0].healthcheck.test: needs one line behind CMD-SHELL");
  CHECK(only(health(R"("test": ["CMD", "true"], "disable": true)")) ==
        "services[0].healthcheck.test: cannot be used with disable");
  CHECK(only(health(R"("interval": "0")")) ==
        "services[0].healthcheck.interval: must be at least 1ms");
  CHECK(only(health(R"("timeout": "0s")")) ==
        "services[0].healthcheck.timeout: must be at least 1ms");
  CHECK(only(health(R"("retries": 0)")) ==
        "services[0].healthcheck.retries: is 0; must be 1 to 1000");
}

TEST_CASE("nothing is promised that is beyond its limit, and no limit is below the engine's") {
  const auto resources = [](const std::string& requests, const std::string& limits) {
    return web(R"("resources": {"requests": {)" + requests + R"(}, "limits": {)" + limits + "}}");
  };
  CHECK(resources(R"("cpu": "500m", "memory": "64Mi")", R"("cpu": 0.5, "memory": "64Mi")").empty());
  const std::string more = ": is more than the limit";
  CHECK(only(resources(R"("cpu": 2)", R"("cpu": "1500m")")) ==
        "services[0].resources.requests.cpu" + more);
  CHECK(only(resources(R"("memory": "1Gi")", R"("memory": "1G")")) ==
        "services[0].resources.requests.memory" + more);
  CHECK(only(resources(R"("pids": 2)", R"("pids": 1)")) ==
        "services[0].resources.requests.pids" + more);
  CHECK(only(resources(R"("gpus": 2)", R"("gpus": 1)")) ==
        "services[0].resources.requests.gpus" + more);
  CHECK(only(resources("", R"("memory": "5Mi")")) ==
        "services[0].resources.limits.memory: must be at least 6Mi");
  CHECK(only(resources("", R"("cpu": "9m")")) ==
        "services[0].resources.limits.cpu: must be at least 10m");
}

TEST_CASE("a limit of processes can be raised, not lowered") {
  const std::string rule = "services[0].ulimits[0].hard: is less than soft";
  CHECK(only(web(R"("ulimits": [{"name": "nofile", "soft": 9, "hard": 8}])")) == rule);
  CHECK(only(web(R"("ulimits": [{"name": "core", "soft": -1, "hard": 8}])")) == rule);
  CHECK(web(R"("ulimits": [{"name": "nofile", "soft": 9, "hard": -1},
                           {"name": "core", "soft": -1}])")
            .empty());
}

TEST_CASE("labels that begin with cara. are ours [S50]") {
  CHECK(only(web(R"("labels": {"cara.project": "x"})")) ==
        "services[0].labels.cara.project: begins with cara., which is ours");
  CHECK(web(R"("labels": {"caravan": "x"})").empty());
}

TEST_CASE("each kind of volume has its own fields [S7]") {
  const auto volume = [](const char* value) { return errors_with("/spec/volumes/0", value); };
  CHECK(only(volume(R"({"name": "data", "type": "HostPath"})")) == "volumes[0].path: is required");
  CHECK(only(volume(R"({"name": "data", "type": "Persistent", "path": "/a"})")) ==
        "volumes[0].path: belongs to type HostPath");
  CHECK(only(volume(R"({"name": "data", "type": "Config"})")) == "volumes[0].files: is required");
  CHECK(only(volume(R"({"name": "data", "type": "Ephemeral", "files": {"a": {}}})")) ==
        "volumes[0].files: belongs to type Config");
  CHECK(volume(R"({"name": "data", "type": "Config", "files": {"a/b": {}}})").size() == 1);
  CHECK(volume(R"({"name": "data", "type": "HostPath", "path": "/"})").empty());
}

TEST_CASE("a network of others is theirs to describe") {
  const auto network = [](const char* value) { return errors_with("/spec/networks/0", value); };
  CHECK(only(network(R"({"name": "default", "external": true})")) ==
        "networks[0].external: the default network is always the project's own");
  CHECK(only(network(R"({"name": "x", "external": true, "internal": true})")) ==
        "networks[0].internal: is not ours to say: external");
  CHECK(only(network(R"({"name": "x", "external": true, "subnet": "10.0.0.0/24"})")) ==
        "networks[0].subnet: is not ours to say: external");
  CHECK(network(R"({"name": "default", "internal": true, "subnet": "10.0.0.0/24"})").empty());
}

TEST_CASE("StartFirst needs services that can stand side by side [E30]") {
  const auto start_first = [](const char* fields) {
    Json json = manifest();
    json["spec"]["services"][0].update(Json::parse(fields));
    json["spec"]["updatePolicy"] = Json::parse(R"({"order": "StartFirst"})");
    return errors_of(json);
  };
  CHECK(start_first("{}").empty());
  const auto refused = [](const char* what) {
    return "updatePolicy.order: service `web` cannot run twice at once: it has " +
           std::string(what) + "; use Auto or StopFirst";
  };
  CHECK(only(start_first(R"({"ports": [{"port": 80, "hostPort": 80}]})")) ==
        refused("a host port"));
  CHECK(only(start_first(R"({"networkMode": "Host"})")) == refused("the node's network"));
  CHECK(only(start_first(R"({"pidMode": "Service:db"})")) ==
        refused("a namespace of another service"));
  CHECK(only(start_first(R"({"networks": [{"name": "fixed", "ipv4": "10.9.1.7"}]})")) ==
        refused("a fixed address"));
  CHECK(only(errors_with("/spec/updatePolicy", R"({"healthyDeadline": "500ms"})")) ==
        "updatePolicy.healthyDeadline: must be at least 1s");
}
