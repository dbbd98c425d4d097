// DockerEngine against an engine that hangs, lies and breaks off.
#include <chrono>
#include <vector>

#include "tests/catch_compat.h"
#include "tests/unit/scripted_docker.h"

using namespace cara;
using namespace cara::agent;
using namespace cara::docker;

TEST_CASE("a container whose inspect hangs is still seen, and hides no other [E35]") {
  Scripted fake([](const std::string& request) -> FakeAnswer {
    if (has(request, "/containers/json")) {
      return {.body = R"([{"Id":"stuck","Names":["/a"],"State":"running"},
                          {"Id":"gone","Names":["/b"],"State":"running"},
                          {"Id":"fine","Names":["/c"],"State":"running"}])"};
    }
    if (has(request, "/stuck/")) return {.hangs = true};
    if (has(request, "/gone/")) return {.status = 404, .body = R"({"message":"no"})"};
    if (has(request, "/fine/")) {
      return {.body = R"({"Id":"fine","Name":"/c","State":{"Status":"exited","ExitCode":4}})"};
    }
    return {.body = has(request, "/volumes") ? R"({"Volumes":null})" : "[]"};
  });
  const auto start = std::chrono::steady_clock::now();
  const auto seen = fake.run(Observe{});
  CHECK(std::chrono::steady_clock::now() - start < std::chrono::seconds(2));
  REQUIRE(seen.ok());
  REQUIRE(seen->observation.containers.size() == 2);
  CHECK(seen->observation.containers[0].name == "a");
  CHECK(seen->observation.containers[0].state == ContainerState::kRunning);
  CHECK_FALSE(seen->observation.containers[0].error.empty());
  CHECK(seen->observation.containers[1].exit_code == 4);
}

TEST_CASE("an observation is never made of an error, garbage or half an answer [S53]") {
  const std::vector<FakeAnswer> bad{{.status = 500, .body = R"({"message":"no"})"},
                                    {.body = "{}"},
                                    {.body = "<html>"},
                                    {.body = "[{\"Id\":\"c\"}]", .cut_after = 5},
                                    {.status = 200, .body = "[", .cut_after = 0}};
  for (const std::string where : {"/containers/json", "/networks", "/volumes"}) {
    for (const FakeAnswer& answer : bad) {
      if (where == "/volumes" && answer.body == "{}") continue;  // a map without volumes: none
      Scripted fake([&](const std::string& request) -> FakeAnswer {
        if (has(request, where)) return answer;
        return {.body = has(request, "/volumes") ? "{}" : "[]"};
      });
      INFO(where << " " << answer.status << " " << answer.body);
      CHECK_FALSE(fake.run(Observe{}).ok());
    }
  }
}

TEST_CASE("a pull that fails inside its stream has failed, though its status is 200 [S24]") {
  Scripted fake([](const std::string& request) -> FakeAnswer {
    if (has(request, "POST")) {
      return {.body =
                  "{\"status\":\"Pulling\"}\n"
                  "{\"errorDetail\":{\"message\":\"unauthorized: log in\"},\"error\":\"x\"}\n"};
    }
    return {.status = 404};
  });
  const auto reply = fake.run(EnsureImage{"r:5000/a/b:1"});
  REQUIRE_FALSE(reply.ok());
  CHECK(reply.error().code == Code::kForbidden);
  CHECK(has(reply.error().message, "log in"));
  CHECK(fake.count("/images/create?fromImage=r%3A5000%2Fa%2Fb&tag=1") == 1);
}

TEST_CASE("a pull that says nothing and brings nothing has failed [S24]") {
  Scripted fake([](const std::string& request) -> FakeAnswer {
    return has(request, "POST") ? FakeAnswer{.body = "{\"status\":\"done\"}\n"}
                                : FakeAnswer{.status = 404};
  });
  const auto reply = fake.run(EnsureImage{"a:1"});
  REQUIRE_FALSE(reply.ok());
  CHECK(reply.error().code == Code::kNotFound);
}

TEST_CASE("an end that the engine forgot is taken off a network by name [S26]") {
  int removals = 0;
  Scripted fake([&](const std::string& request) -> FakeAnswer {
    if (has(request, "DELETE")) {
      return ++removals == 1 ? FakeAnswer{403, R"({"message":"has active endpoints"})"}
                             : FakeAnswer{204, ""};
    }
    if (has(request, "GET /v1.41/networks")) {
      return {.body = R"({"Containers":{"ep-1":{"Name":"shop-web"}}})"};
    }
    return has(request, "/disconnect") ? FakeAnswer{} : FakeAnswer{.status = 404};
  });
  CHECK(fake.run(RemoveNetwork{"n1"}).ok());
  CHECK(fake.count("POST /v1.41/networks/n1/disconnect") == 1);
  CHECK(removals == 2);
}

TEST_CASE("of several networks of one name the oldest of ours is kept [E15]") {
  Scripted fake([](const std::string& request) -> FakeAnswer {
    if (has(request, "DELETE")) return {.status = 204};
    return {.body = R"([
      {"Id":"new","Name":"cara-a","Created":"2026-02-01T00:00:00Z","Labels":{"k":"v"}},
      {"Id":"old","Name":"cara-a","Created":"2026-01-01T00:00:00Z","Labels":{"k":"v"}},
      {"Id":"foreign","Name":"cara-a","Created":"2025-01-01T00:00:00Z","Labels":{}},
      {"Id":"longer","Name":"cara-a-b","Created":"2025-01-01T00:00:00Z","Labels":{"k":"v"}}])"};
  });
  const auto reply = fake.run(CreateNetwork{"cara-a", {{"k", "v"}}});
  REQUIRE(reply.ok());
  CHECK(reply->id == "old");
  CHECK(fake.count("DELETE") == 1);
  CHECK(fake.count("DELETE /v1.41/networks/new") == 1);
}

TEST_CASE("an engine that was replaced by another version is asked again [E37]") {
  std::string version = "1.41";
  FakeDocker server([&](const std::string& request) -> FakeAnswer {
    if (has(request, "/v" + version + "/") || has(request, "GET /version")) {
      return {.body = R"({"ApiVersion":")" + version + R"(","NCPU":2})"};
    }
    return {.status = 400, .body = R"({"message":"client version 1.41 is too new"})"};
  });
  DockerEngine engine({.endpoint = *parse_endpoint(server.host())});
  CHECK(engine.execute(GetInfo{})->info.api_version == "1.41");
  version = "1.30";
  CHECK(engine.execute(GetInfo{}).error().code == Code::kUnavailable);
  CHECK(engine.execute(GetInfo{})->info.api_version == "1.30");
}

TEST_CASE("an answer without end is cut off [E48]") {
  Scripted fake([](const std::string&) -> FakeAnswer {
    return {.body = std::string(20 * 1024 * 1024, ' ')};
  });
  const auto reply = fake.run(Observe{});
  REQUIRE_FALSE(reply.ok());
  CHECK(reply.error().code == Code::kInternal);
}
