#include "services/agent/docker/docker_config.h"

#include <nlohmann/json.hpp>

#include "services/agent/docker/reference.h"
#include "tests/catch_compat.h"

using namespace cara::docker;

namespace {

RegistryLogin find(const std::string& config, const std::string& registry) {
  return find_login(config, "/c/config.json", registry);
}

bool has(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

}  // namespace

TEST_CASE("credentials travel as base64url of JSON [E17]") {
  // {"password":"wörd:~?","serveraddress":"r:5000","username":"u"}
  const auto login = find(R"({"auths":{"r:5000":{"auth":"dTp3w7ZyZDp+Pw=="}}})", "r:5000");
  CHECK(login.header ==
        "eyJwYXNzd29yZCI6InfDtnJkOn4_Iiwic2VydmVyYWRkcmVzcyI6InI6NTAwMCIsInVzZXJuYW1lIjoidSJ9");
  CHECK(login.remark == "the credentials for r:5000 are from /c/config.json");
}

TEST_CASE("a registry is found under each spelling of its name [E17]") {
  const std::string entry = R"(":{"auth":"dTpw"}}})";
  for (const std::string key :
       {"docker.io", "index.docker.io", "https://index.docker.io/v1/", "registry-1.docker.io"}) {
    INFO(key);
    CHECK_FALSE(find(R"({"auths":{")" + key + entry, "docker.io").header.empty());
  }
  CHECK_FALSE(find(R"({"auths":{"https://r:5000/v2/)" + entry, "r:5000").header.empty());
  CHECK(find(R"({"auths":{"r:5001)" + entry, "r:5000").header.empty());
  CHECK(find(R"({"auths":{"docker.io)" + entry, "r:5000").header.empty());
}

TEST_CASE("a token or a plain pair will do too [E17]") {
  CHECK_FALSE(find(R"({"auths":{"r.x":{"identitytoken":"t"}}})", "r.x").header.empty());
  CHECK_FALSE(find(R"({"auths":{"r.x":{"username":"u","password":"p"}}})", "r.x").header.empty());
}

TEST_CASE("why there are no credentials is said in a sentence without them [E17]") {
  const auto remark = [](const std::string& config) {
    const auto login = find(config, "r.x");
    CHECK(login.header.empty());
    CHECK(has(login.remark, "/c/config.json"));
    CHECK(has(login.remark, "r.x"));
    return login.remark;
  };
  CHECK(has(remark("{"), "no valid JSON"));
  CHECK(has(remark("[]"), "no valid JSON"));
  CHECK(has(remark("{}"), "has no credentials"));
  CHECK(has(remark(R"({"auths":7})"), "has no credentials"));
  CHECK(has(remark(R"({"credsStore":"pass","auths":{"r.x":{}}})"), "helper `pass`"));
  CHECK(has(remark(R"({"credHelpers":{"r.x":"ecr"},"credsStore":"pass"})"), "helper `ecr`"));
  for (const std::string auth : {"!!!", "bm9jb2xvbg==", ""}) {
    const auto words = remark(R"({"auths":{"r.x":{"auth":")" + auth + "\"}}}");
    CHECK(has(words, "no readable credentials"));
  }
}
