#include "services/agent/docker/docker_errors.h"

#include "tests/catch_compat.h"

using namespace cara;
using namespace cara::docker;

TEST_CASE("an error answer keeps the engine's words, as one sentence") {
  const Error error = error_of(409, R"({"message":"in use\nby x.\u001b[31m "})", "remove volume v");
  CHECK(error.code == Code::kConflict);
  CHECK(error.message.find("remove volume v: in use by x") == 0);
  CHECK(error.message.find('\n') == std::string::npos);
  CHECK(error.message.find('\x1b') == std::string::npos);
}

TEST_CASE("an error answer without words names its status [S53]") {
  for (const char* body : {"", "{}", "[1]", "<html>", R"({"message":17})", "\xff\xfe"}) {
    INFO(body);
    const Error error = error_of(500, body, "list");
    CHECK(error.code == Code::kInternal);
    CHECK(error.message.find("500") != std::string::npos);
  }
  CHECK(error_of(503, "", "list").code == Code::kUnavailable);
  CHECK(error_of(302, "", "list").code == Code::kInternal);
}

TEST_CASE("a message of a megabyte is cut") {
  const std::string body = R"({"message":")" + std::string(1024 * 1024, 'x') + "\"}";
  CHECK(error_of(500, body, "create").message.size() < 2 * kMaxMessage);
}

TEST_CASE("a failed pull is told apart: no such image, no right, anything else [S24] [E17]") {
  CHECK(pull_error(404, "manifest for x:1 not found: manifest unknown", "x:1").code ==
        Code::kNotFound);
  CHECK(pull_error(404,
                   "pull access denied for x, repository does not exist or may require 'docker "
                   "login': denied: requested access to the resource is denied",
                   "x")
            .code == Code::kNotFound);
  CHECK(pull_error(500, "unauthorized: authentication required", "x").code == Code::kForbidden);
  CHECK(pull_error(500, "Head \"http://r/v2/\": no basic auth credentials", "x").code ==
        Code::kForbidden);
  CHECK(pull_error(0, "toomanyrequests: slow down", "x").code == Code::kInternal);
  CHECK(pull_error(0, "no matching manifest for linux/arm64", "x").code == Code::kNotFound);
  CHECK(pull_error(500, "dial tcp: connection refused", "x").code == Code::kInternal);
  CHECK(pull_error(500, "", "x").message.find("x") != std::string::npos);
}
