// A container's JSON for Docker's create call, field by field. What can be seen in a real container
// is seen in tests/e2e/fields_*.sh; here is what no machine of the tests has, and the exact words.
#include <nlohmann/json.hpp>

#include "services/agent/docker/docker_json.h"
#include "tests/catch_compat.h"

using namespace cara;
using namespace cara::docker;
using nlohmann::json;

namespace {

json written(const agent::ContainerSpec& spec) { return json::parse(write_container(spec)); }

json host_of(schema::ServiceDef service) {
  return written({.name = "shop-web", .service = std::move(service)})["HostConfig"];
}

}  // namespace

TEST_CASE("graphics processors are asked for by their number: the limit, else the request") {
  const json one = json::parse(R"([{"Count": 1, "Capabilities": [["gpu"]]}])");
  const json two = json::parse(R"([{"Count": 2, "Capabilities": [["gpu"]]}])");
  CHECK(host_of({.resources = schema::Resources{.limits = {.gpus = 2}}})["DeviceRequests"] == two);
  CHECK(host_of({.resources = schema::Resources{.requests = {.gpus = 1}}})["DeviceRequests"] ==
        one);
  CHECK(host_of({.resources = schema::Resources{.requests = {.gpus = 1},
                                                .limits = {.gpus = 2}}})["DeviceRequests"] == two);
  CHECK_FALSE(host_of({}).contains("DeviceRequests"));
}

TEST_CASE("ports: ranges one by one, several addresses of one port, protocols") {
  const json body =
      written({.service = {.ports = {{.port = "80", .host_port = "8080", .host_ip = "127.0.0.1"},
                                     {.port = "80", .host_port = "8081"},
                                     {.port = "90-91", .host_port = "190-191"},
                                     {.port = "53", .protocol = schema::Protocol::kUdp},
                                     {.port = "7", .protocol = schema::Protocol::kSctp}}}});
  CHECK(body["ExposedPorts"] == json::parse(R"({"80/tcp": {}, "90/tcp": {}, "91/tcp": {},
                                                "53/udp": {}, "7/sctp": {}})"));
  CHECK(body["HostConfig"]["PortBindings"] == json::parse(R"({
    "80/tcp": [{"HostIp": "127.0.0.1", "HostPort": "8080"}, {"HostIp": "", "HostPort": "8081"}],
    "90/tcp": [{"HostIp": "", "HostPort": "190"}],
    "91/tcp": [{"HostIp": "", "HostPort": "191"}]})"));
}

TEST_CASE("who joins another's network exposes nothing: the engine refuses it") {
  const json body = written(
      {.service = {.network_mode = "Service:db", .ports = {{.port = "80"}}}, .network_of = "c1"});
  CHECK(body["HostConfig"]["NetworkMode"] == "container:c1");
  CHECK_FALSE(body.contains("ExposedPorts"));
  CHECK_FALSE(body.contains("NetworkingConfig"));
}

TEST_CASE("modes in the engine's words") {
  CHECK(host_of({.network_mode = "Host"})["NetworkMode"] == "host");
  CHECK(host_of({.network_mode = "None"})["NetworkMode"] == "none");
  CHECK(host_of({.pid_mode = "Host"})["PidMode"] == "host");
  CHECK(host_of({.ipc_mode = "Shareable"})["IpcMode"] == "shareable");
  CHECK(host_of({.ipc_mode = "Private"})["IpcMode"] == "private");
  const json joined = written({.service = {.pid_mode = "Service:a", .ipc_mode = "Service:a"},
                               .pid_of = "c1",
                               .ipc_of = "c2"})["HostConfig"];
  CHECK(joined["PidMode"] == "container:c1");
  CHECK(joined["IpcMode"] == "container:c2");
}

TEST_CASE("limits of processes: what is not said to be hard is as soft") {
  CHECK(host_of({.ulimits = {{.name = "nofile", .soft = 10, .hard = 20},
                             {.name = "core", .soft = -1}}})["Ulimits"] ==
        json::parse(R"([{"Name": "nofile", "Soft": 10, "Hard": 20},
                        {"Name": "core", "Soft": -1, "Hard": -1}])"));
}

TEST_CASE("devices in all four spellings") {
  const json devices =
      host_of({.devices = {"/dev/a", "/dev/a:/dev/b", "/dev/a:r", "/dev/a:/dev/b:rw"}})["Devices"];
  const auto device = [](const char* inside, const char* permissions) {
    return json{
        {"PathOnHost", "/dev/a"}, {"PathInContainer", inside}, {"CgroupPermissions", permissions}};
  };
  CHECK(devices == json::array({device("/dev/a", "rwm"), device("/dev/b", "rwm"),
                                device("/dev/a", "r"), device("/dev/b", "rw")}));
}

TEST_CASE("mounts: volumes as such, paths of the node as binds, which make what is missing") {
  const json host = written({.mounts = {{.volume = "v", .path = "/v"},
                                        {.volume = "r", .path = "/r", .read_only = true},
                                        {.path = "/h", .host_path = "/srv"},
                                        {.path = "/s",
                                         .read_only = true,
                                         .sub_path = "a/b",
                                         .host_path = "/srv"}}})["HostConfig"];
  CHECK(host["Mounts"] == json::parse(R"([
    {"Type": "volume", "Source": "v", "Target": "/v"},
    {"Type": "volume", "Source": "r", "Target": "/r", "ReadOnly": true}])"));
  CHECK(host["Binds"] == json::parse(R"(["/srv:/h", "/srv/a/b:/s:ro"])"));
}

TEST_CASE("folders in memory, with a size and without") {
  CHECK(host_of({.tmpfs = {{.mount_path = "/a", .size = "1Mi"}, {.mount_path = "/b"}}})["Tmpfs"] ==
        json::parse(R"({"/a": "size=1048576", "/b": ""})"));
}

TEST_CASE("resources: what is promised weighs, what is the limit bounds") {
  const json host = host_of(
      {.resources = schema::Resources{.requests = {.cpu = "500m", .memory = "8Mi"},
                                      .limits = {.cpu = "1.5", .memory = "16Mi", .pids = 7}}});
  CHECK(host["CpuShares"] == 512);
  CHECK(host["MemoryReservation"] == 8 * 1024 * 1024);
  CHECK(host["NanoCpus"] == 1'500'000'000);
  CHECK(host["Memory"] == 16 * 1024 * 1024);
  CHECK(host["PidsLimit"] == 7);
  // Less than the engine takes.
  const json least =
      host_of({.resources = schema::Resources{.requests = {.cpu = "1m", .memory = "1Ki"}}});
  CHECK(least["CpuShares"] == 2);
  CHECK(least["MemoryReservation"] == 6 * 1024 * 1024);
  CHECK(least["PidsLimit"] == 4096);
}

TEST_CASE("security options: no new privileges, unless something else was said") {
  CHECK(host_of({})["SecurityOpt"] == json{"no-new-privileges"});
  CHECK(host_of({.security_opt = {"seccomp=unconfined"}})["SecurityOpt"] ==
        json({"seccomp=unconfined", "no-new-privileges"}));
  CHECK(host_of({.security_opt = {"no-new-privileges:false"}})["SecurityOpt"] ==
        json{"no-new-privileges:false"});
  CHECK(host_of({.privileged = true})["SecurityOpt"] == json::array());
}

TEST_CASE("the time to stop is in whole seconds, upwards") {
  CHECK(written({.service = {.stop_grace_period = "2500ms"}})["StopTimeout"] == 3);
  CHECK(written({.service = {.stop_grace_period = "0"}})["StopTimeout"] == 0);
  CHECK(written({})["StopTimeout"] == 10);
}

TEST_CASE("what is not said is not sent: the image's own stays") {
  const json body = written({.name = "shop-web", .service = {.image = "x:1"}});
  for (const char* key : {"Entrypoint", "Cmd", "WorkingDir", "User", "StopSignal", "Healthcheck",
                          "Hostname", "Tty", "OpenStdin", "ExposedPorts"}) {
    INFO(key);
    CHECK_FALSE(body.contains(key));
  }
  const json disabled = written({.service = {.healthcheck = schema::Healthcheck{.disable = true}}});
  CHECK(disabled["Healthcheck"]["Test"] == json{"NONE"});
  const json period = written(
      {.service = {.healthcheck = schema::Healthcheck{.retries = 2, .start_period = "2s"}}});
  CHECK(period["Healthcheck"] == json::parse(R"({"Retries": 2, "StartPeriod": 2000000000})"));
}

TEST_CASE("several networks: the first is given here, the rest are connected; a fixed address") {
  const json body =
      written({.endpoints = {{.network = "n1", .aliases = {"web", "www"}, .ipv4 = "10.9.1.7"},
                             {.network = "n2", .aliases = {"web"}}}});
  CHECK(body["NetworkingConfig"]["EndpointsConfig"] == json::parse(R"({"n1": {
    "Aliases": ["web", "www"], "IPAMConfig": {"IPv4Address": "10.9.1.7"}}})"));
  CHECK(json::parse(write_connect("c1", {.network = "n2", .aliases = {"web"}})) ==
        json::parse(R"({"Container": "c1", "EndpointConfig": {"Aliases": ["web"]}})"));
}

TEST_CASE("labels of the service and ours: ours win") {
  const json labels = written({.service = {.labels = {{"tier", "front"}, {"cara.project", "evil"}}},
                               .labels = {{"cara.project", "shop"}}})["Labels"];
  CHECK(labels == json::parse(R"({"tier": "front", "cara.project": "shop"})"));
}
