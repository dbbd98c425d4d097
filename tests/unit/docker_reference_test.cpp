#include "services/agent/docker/docker_engine.h"
#include "services/agent/docker/http.h"
#include "services/agent/docker/reference.h"
#include "tests/catch_compat.h"

using namespace cara;
using namespace cara::docker;

TEST_CASE("image references come apart as docker pull takes them [E17]") {
  const std::string digest = "sha256:" + std::string(64, 'a');
  CHECK(split_reference("nginx") == Reference{"nginx", "latest"});
  CHECK(split_reference("nginx:1.25") == Reference{"nginx", "1.25"});
  CHECK(split_reference("mysql:8") == Reference{"mysql", "8"});
  CHECK(split_reference("localhost:5000/app") == Reference{"localhost:5000/app", "latest"});
  CHECK(split_reference("localhost:5000/a/b:v1") == Reference{"localhost:5000/a/b", "v1"});
  CHECK(split_reference("nginx@" + digest) == Reference{"nginx", digest});
  CHECK(split_reference("r:5000/nginx:1@" + digest) == Reference{"r:5000/nginx", digest});
  CHECK(split_reference("") == Reference{"", "latest"});
  CHECK(split_reference("a:") == Reference{"a", "latest"});
}

TEST_CASE("each image has one full reference and a registry [E17]") {
  const std::string digest = "sha256:" + std::string(64, 'a');
  CHECK(full_reference("nginx") == "docker.io/library/nginx:latest");
  CHECK(full_reference("docker.io/nginx:1") == "docker.io/library/nginx:1");
  CHECK(full_reference("docker.io/library/nginx:1") == "docker.io/library/nginx:1");
  CHECK(full_reference("index.docker.io/team/app") == "docker.io/team/app:latest");
  CHECK(full_reference("localhost/app") == "localhost/app:latest");
  CHECK(full_reference("r:5000/a/b:v1@" + digest) == "r:5000/a/b@" + digest);
  CHECK(registry_of("team/app") == "docker.io");
  CHECK(registry_of("r.example/app") == "r.example");
  CHECK(registry_of("localhost:5000/team/app") == "localhost:5000");
  CHECK(registry_of("docker.io/team/app") == "docker.io");
}

TEST_CASE("text in a path or query cannot break out of it") {
  CHECK(percent_encode("a-b_c.d~1") == "a-b_c.d~1");
  CHECK(percent_encode("../x?y=1&z#\r\n") == "..%2Fx%3Fy%3D1%26z%23%0D%0A");
  CHECK(percent_encode("r:5000/a@sha256:1", "/:@") == "r:5000/a@sha256:1");
  CHECK(percent_encode("\xff") == "%FF");
}

TEST_CASE("DOCKER_HOST names a socket or an address") {
  CHECK(parse_endpoint("")->socket == "/var/run/docker.sock");
  CHECK(parse_endpoint("unix:///run/d.sock")->socket == "/run/d.sock");
  CHECK(parse_endpoint("tcp://10.0.0.1:2375")->base_url == "http://10.0.0.1:2375");
  CHECK(parse_endpoint("tcp://10.0.0.1:2375/")->socket.empty());
  for (const std::string host : {"unix://", "tcp://", "ssh://h", "/run/d.sock"}) {
    INFO(host);
    CHECK_FALSE(parse_endpoint(host).ok());
  }
  CHECK_FALSE(parse_endpoint("unix:///" + std::string(200, 'x')).ok());
}

TEST_CASE("the API version is the newest that both speak") {
  CHECK(*choose_api("1.41", "1.12") == "1.41");
  CHECK(*choose_api("1.52", "1.44") == "1.44");
  CHECK(*choose_api("1.9", "") == "1.9");
  CHECK(*choose_api("1.41", "garbage") == "1.41");
  const auto newer = choose_api("1.60", "1.50");
  REQUIRE_FALSE(newer.ok());
  CHECK(newer.error().message.find("1.50") != std::string::npos);
  for (const std::string version : {"", "1", "1.", ".41", "1.41x", "99999999999.1"}) {
    INFO(version);
    CHECK_FALSE(choose_api(version, "1.12").ok());
  }
}
