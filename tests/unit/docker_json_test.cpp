#include "services/agent/docker/docker_json.h"

#include <nlohmann/json.hpp>

#include "tests/catch_compat.h"

using namespace cara;
using namespace cara::docker;
using nlohmann::json;

namespace {

// As 20.10 answers, shortened.
constexpr const char* kInspect = R"({
  "Id": "c1", "Name": "/shop-web",
  "State": {"Status": "exited", "ExitCode": 137, "OOMKilled": true, "Error": "no port",
            "StartedAt": "2026-01-02T03:04:05.123456789Z", "FinishedAt": "2026-01-02T03:04:06Z",
            "Health": {"Status": "unhealthy", "Log": null}},
  "Config": {"Labels": {"cara.project": "shop", "bad": 7}},
  "HostConfig": {"NetworkMode": "n2"},
  "NetworkSettings": {"Networks": {
    "a-other": {"NetworkID": "n1", "IPAddress": "10.0.0.1"},
    "cara-shop": {"NetworkID": "n2", "IPAddress": "10.0.0.2"}}}})";

}  // namespace

TEST_CASE("an inspect tells all about a container") {
  const auto info = read_container(kInspect);
  REQUIRE(info);
  CHECK(info->id == "c1");
  CHECK(info->name == "shop-web");
  CHECK(info->state == agent::ContainerState::kExited);
  CHECK(info->health == agent::Health::kUnhealthy);
  CHECK(info->exit_code == 137);
  CHECK(info->oom_killed);
  CHECK(info->error == "no port");
  CHECK(to_string(info->started_at) == "2026-01-02T03:04:05.123Z");
  CHECK(info->labels == agent::Labels{{"cara.project", "shop"}});
  CHECK(info->address == "10.0.0.2");
}

TEST_CASE("a container that never ran has no times and no address") {
  const auto info = read_container(
      R"({"Id":"c","State":{"Status":"created","StartedAt":"0001-01-01T00:00:00Z"},
          "NetworkSettings":{"Networks":{"n":{"IPAddress":""}}}})");
  REQUIRE(info);
  CHECK(info->state == agent::ContainerState::kCreated);
  CHECK_FALSE(info->started_at.is_set());
  CHECK(info->address.empty());
}

TEST_CASE("a container that waits for its start is on the network that it was made for [S51]") {
  // It was made anew again and again: the engine leaves NetworkID empty until the start.
  const auto info = read_container(
      R"({"Id":"c","State":{"Status":"created"},"HostConfig":{"NetworkMode":"n1"},
          "NetworkSettings":{"Networks":{"cara-shop":{"NetworkID":""},"more":{"NetworkID":""}}}})");
  REQUIRE(info);
  CHECK(info->networks == std::vector<std::string>{"cara-shop", "more", "n1"});
}

TEST_CASE("every field of an answer may be missing or of a wrong type") {
  const json whole = json::parse(kInspect);
  for (const auto& [key, value] : whole.items()) {
    INFO(key);
    for (const json& wrong : {json(), json(1), json("x"), json::array({1}), json::object()}) {
      json broken = whole;
      broken[key] = wrong;
      const auto info = read_container(broken.dump());
      CHECK(info.has_value() == (key != "Id" || wrong.is_string()));
    }
  }
  const auto strange =
      read_container(R"({"Id":"c","State":{"Status":"melting","ExitCode":1e300}})");
  REQUIRE(strange);
  CHECK(strange->state == agent::ContainerState::kDead);
  CHECK(strange->exit_code == 0);
}

TEST_CASE("garbage is no answer, and nothing throws [S53]") {
  const std::string deep = std::string(100'000, '[') + std::string(100'000, ']');
  for (const std::string& body :
       {std::string(), std::string("{"), std::string("nul"), deep, std::string("\xff\xfe{}"),
        std::string("\"text\""), std::string("{\"Id\":\"\xff\"}"), std::string("17")}) {
    CHECK_FALSE(read_container(body));
    CHECK_FALSE(read_versions(body));
    CHECK_FALSE(read_volume(body));
    CHECK_FALSE(read_volume_list(body));
    CHECK_FALSE(read_info(body));
    CHECK(read_message(body).empty());
    CHECK(read_id(body).empty());
    if (body != deep) {
      CHECK_FALSE(read_container_list(body));
      CHECK_FALSE(read_network_list(body));
    }
  }
}

TEST_CASE("an empty list may be written as null; entries without an identity are left out") {
  CHECK(read_container_list("null")->empty());
  CHECK(read_volume_list(R"({"Volumes":null})")->empty());
  CHECK(read_network_list(R"([{"Name":"x"},{"Id":"n1","Name":"y"},7,null])")->size() == 1);
  CHECK(read_container_list(R"([{"Id":"c","Names":[]},{"Id":"d","Names":["/x"]},[]])")->size() ==
        2);
}

TEST_CASE("a pull's error is found in its line, whatever its shape [S24]") {
  CHECK(read_pull_line(R"({"errorDetail":{"message":"gone"},"error":"gone"})").error == "gone");
  CHECK(read_pull_line(R"({"error":"only this"})").error == "only this");
  CHECK_FALSE(read_pull_line(R"({"errorDetail":{}})").error.empty());
  CHECK_FALSE(read_pull_line(R"({"error":7})").error.empty());
  CHECK(read_pull_line(R"({"status":"Downloading","progressDetail":{"current":1}})").error.empty());
  CHECK(read_pull_line("not json").error.empty());
}

TEST_CASE("a container is asked for with its variables in order and nothing privileged [E13]") {
  const json body = json::parse(
      write_container({.name = "shop-web",
                       .service = {.image = "x:1", .env = {{"B", "a=\n\"$"}, {"A", ""}}},
                       .mounts = {{.volume = "cara-shop-data", .path = "/data"}},
                       .endpoints = {{.network = "n1", .aliases = {"web"}, .ipv4 = {}}},
                       .labels = {{"k", "v"}}}));
  CHECK(body["Env"] == json::array({"B=a=\n\"$", "A="}));
  CHECK(body["NetworkingConfig"]["EndpointsConfig"]["n1"]["Aliases"] == json::array({"web"}));
  CHECK(body["HostConfig"]["NetworkMode"] == "n1");
  CHECK(body["HostConfig"]["RestartPolicy"]["Name"] == "no");
  CHECK(body["HostConfig"]["Mounts"][0]["Type"] == "volume");
  CHECK(body["HostConfig"]["SecurityOpt"] == json::array({"no-new-privileges"}));
  CHECK(body["Labels"] == json{{"k", "v"}});
}

TEST_CASE("text that is not UTF-8 is written with replacements, not thrown at") {
  CHECK_FALSE(
      write_container({.name = "a", .service = {.image = "\xff", .env = {{"A", "\xc3"}}}}).empty());
  CHECK(json::accept(write_volume({.name = "\xff", .labels = {{"k", "\xfe"}}}, "")));
}
