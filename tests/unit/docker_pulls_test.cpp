// Pulls and subnets against an engine whose answers no real one gives when asked to.
#include <future>

#include "tests/catch_compat.h"
#include "tests/unit/scripted_docker.h"

using namespace cara;
using namespace cara::agent;
using namespace cara::docker;

namespace {

constexpr const char* kHere = R"({"Id":"sha256:1","Os":"linux","Architecture":"amd64"})";
constexpr const char* kForeign =
    R"({"Id":"sha256:2","Os":"linux","Architecture":"arm","Variant":"v7"})";

// What every pull brings is `image`.
FakeDocker::Script brings(std::string image) {
  return [image = std::move(image), pulled = false](const std::string& request) mutable {
    if (has(request, "POST")) {
      pulled = true;
      return FakeAnswer{.body = "{\"status\":\"done\"}\n"};
    }
    return pulled ? FakeAnswer{.body = image} : FakeAnswer{.status = 404};
  };
}

}  // namespace

TEST_CASE("the policy decides whether an image that is here is pulled [E17]") {
  Scripted fake([](const std::string&) -> FakeAnswer { return {.body = kHere}; });
  CHECK(fake.run(EnsureImage{"a:1"})->id == "sha256:1");
  CHECK(fake.run(EnsureImage{"a:1", PullPolicy::kNever})->id == "sha256:1");
  CHECK(fake.count("POST") == 0);
  CHECK(fake.run(EnsureImage{"a:1", PullPolicy::kAlways})->id == "sha256:1");
  CHECK(fake.count("POST") == 1);
}

TEST_CASE("Always reports a registry that does not answer, though the image is here [S24]") {
  Scripted fake([](const std::string& request) -> FakeAnswer {
    if (!has(request, "POST")) return {.body = kHere};
    return {.status = 500, .body = R"({"message":"dial tcp: connection refused"})"};
  });
  const auto reply = fake.run(EnsureImage{"a:1", PullPolicy::kAlways});
  REQUIRE_FALSE(reply.ok());
  CHECK(has(reply.error().message, "connection refused"));
}

TEST_CASE("an image that is here for another platform is pulled for the right one [E17]") {
  Scripted fake([](const std::string& request) -> FakeAnswer {
    return {.body = has(request, "POST") ? "" : kForeign};
  });
  CHECK(fake.run(EnsureImage{.image = "a:1", .platform = "linux/arm/v7"}).ok());
  CHECK(fake.run(EnsureImage{.image = "a:1", .platform = "linux/arm"}).ok());
  CHECK(fake.count("POST") == 0);
  const auto wrong = fake.run(EnsureImage{.image = "a:1", .platform = "linux/arm/v6"});
  CHECK(fake.count("&platform=linux%2Farm%2Fv6") == 1);
  REQUIRE_FALSE(wrong.ok());
  CHECK(wrong.error() == invalid("image a:1 is for linux/arm/v7, and not for linux/arm/v6"));
}

TEST_CASE("without a platform the node's own is meant, and its 32-bit ancestor will do [E17]") {
  const auto pull = [](const std::string& architecture) {
    Scripted fake(
        brings(R"({"Id":"sha256:3","Os":"linux","Architecture":")" + architecture + "\"}"));
    return fake.run(EnsureImage{"a:1"});
  };
  CHECK(pull("amd64").ok());
  CHECK(pull("386").ok());
  CHECK(pull("").ok());
  const auto wrong = pull("s390x");
  REQUIRE_FALSE(wrong.ok());
  CHECK(wrong.error().code == Code::kInvalid);
  CHECK(has(wrong.error().message, "is for linux/s390x, and this node is amd64"));
}

TEST_CASE("a cancelled pull ends at once, wherever it hangs [E26]") {
  for (const std::string where : {"/json", "POST"}) {
    std::promise<void> hangs;
    Scripted fake([&](const std::string& request) -> FakeAnswer {
      if (!has(request, where)) return {.status = 404};
      hangs.set_value();
      return {.hangs = true};
    });
    auto pull = std::async(std::launch::async,
                           [&] { return fake.run(EnsureImage{.image = "a:1", .ticket = "shop"}); });
    hangs.get_future().wait();
    const auto start = std::chrono::steady_clock::now();
    CHECK(fake.run(CancelPull{"shop"}).ok());
    const auto reply = pull.get();
    CHECK(std::chrono::steady_clock::now() - start < std::chrono::seconds(1));
    REQUIRE_FALSE(reply.ok());
    CHECK(reply.error() == conflict("the pull of a:1 was cancelled"));
  }
}

TEST_CASE("an engine that refuses a subnet is asked for the next, but not for ever [E15]") {
  int refusals = 3;
  Scripted fake([&](const std::string& request) -> FakeAnswer {
    if (!has(request, "POST")) return {.body = "[]"};
    if (refusals-- > 0) {
      return {403, R"({"message":"Pool overlaps with other one on this address space"})"};
    }
    return {201, R"({"Id":"n1"})"};
  });
  CHECK(fake.run(CreateNetwork{"cara-a", {{"k", "v"}}})->id == "n1");
  CHECK(fake.count("/networks/create") == 4);

  refusals = 1'000;
  const auto never = fake.run(CreateNetwork{"cara-a", {{"k", "v"}}});
  REQUIRE_FALSE(never.ok());
  CHECK(never.error().code == Code::kInvalid);
  CHECK(fake.count("/networks/create") == 4 + 16);
  const auto asked_for = fake.run(CreateNetwork{"cara-a", {}, false, "10.1.0.0/24"});
  REQUIRE_FALSE(asked_for.ok());
  CHECK(has(asked_for.error().message, "10.1.0.0/24"));
  CHECK(fake.count("/networks/create") == 4 + 16 + 1);
}

TEST_CASE("an old image that the engine does not let go is kept in mind") {
  std::string saved = "5 sha256:1 docker.io/library/a:1\n";
  int status = 409;
  Scripted fake(
      [&](const std::string& request) -> FakeAnswer {
        if (has(request, "/containers/json")) return {.body = "[]"};
        if (has(request, "DELETE")) return {status, R"({"message":"conflict"})"};
        return {.body = kHere};
      },
      {.pulled_images = saved, .save_images = [&](const std::string& text) { saved = text; }});
  CHECK(fake.run(CollectImages{})->text.empty());
  CHECK_FALSE(saved.empty());
  status = 500;
  CHECK_FALSE(fake.run(CollectImages{}).ok());
  CHECK_FALSE(saved.empty());
  status = 200;
  CHECK(fake.run(CollectImages{})->text == "docker.io/library/a:1\n");
  CHECK(fake.count("DELETE /v1.41/images/docker.io/library/a:1") == 3);
  CHECK(saved.empty());
}
