// Pulls from the registries of registry.py by a real engine.
#include <algorithm>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <future>
#include <sstream>
#include <string>

#include "tests/contract/docker_harness.h"

using namespace cara;
using namespace cara::agent;
using namespace cara::contract;

namespace {

constexpr const char* kLogin = "127.0.0.1:5001/app:1";  // behind a login

bool has(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

std::string client(const std::string& arguments) {
  std::string text = docker_harness().dockerd().docker(arguments);
  while (text.ends_with('\n')) text.pop_back();
  return text;
}

// An engine of the case's own; what it has pulled is removed at the end.
class Puller {
 public:
  explicit Puller(docker::DockerOptions options = {}) : engine_(complete(std::move(options))) {
    engine_.on_progress(
        [this](const std::string& ticket, const std::string& image, const std::string& text) {
          const std::lock_guard lock(mutex_);
          told_.push_back(ticket + " " + image + " " + text);
        });
  }
  ~Puller() { (void)engine_.execute(CollectImages{}); }
  Puller(const Puller&) = delete;
  Puller& operator=(const Puller&) = delete;

  Result<EngineReply> run(const EngineOp& op) { return engine_.execute(op); }
  std::vector<std::string> told() {
    const std::lock_guard lock(mutex_);
    return told_;
  }

 private:
  static docker::DockerOptions complete(docker::DockerOptions options) {
    options.endpoint = docker_harness().endpoint();
    return options;
  }

  std::mutex mutex_;
  std::vector<std::string> told_;  // under mutex_
  docker::DockerEngine engine_;
};

// A directory with a config.json.
class ConfigDir {
 public:
  ConfigDir() {
    std::string pattern = "/tmp/cara-config-XXXXXX";
    REQUIRE(mkdtemp(pattern.data()) != nullptr);
    path_ = pattern;
  }
  ~ConfigDir() { std::filesystem::remove_all(path_); }
  ConfigDir(const ConfigDir&) = delete;
  ConfigDir& operator=(const ConfigDir&) = delete;

  const std::string& path() const { return path_; }
  void write(const std::string& text) { std::ofstream(path_ + "/config.json") << text; }

 private:
  std::string path_;
};

constexpr const char* kRight =
    R"({"auths":{"127.0.0.1:5001":{"auth":"Y2FyYTpwYXNzOndvcmQ="}}})";  // cara:pass:word
constexpr const char* kWrong =
    R"({"auths":{"127.0.0.1:5001":{"username":"cara","password":"opensesame"}}})";

}  // namespace

TEST_CASE("images come from a registry with a port, without a tag and by digest [E17]") {
  Puller puller;
  const auto by_tag = puller.run(EnsureImage{kPulled});
  REQUIRE(by_tag.ok());
  CHECK(client("inspect -f {{.Id}} " + std::string(kPulled)) == by_tag->id);

  const std::string digest =
      client("inspect -f \"{{index .RepoDigests 0}}\" " + std::string(kPulled));
  client("rmi " + std::string(kPulled));
  CHECK_FALSE(puller.run(EnsureImage{digest, PullPolicy::kNever}).ok());
  const auto by_digest = puller.run(EnsureImage{digest});
  REQUIRE(by_digest.ok());
  CHECK(by_digest->id == by_tag->id);
  CHECK(puller.run(EnsureImage{digest, PullPolicy::kNever}).ok());

  const auto without_tag = puller.run(EnsureImage{"127.0.0.1:5000/app"});
  REQUIRE_FALSE(without_tag.ok());
  CHECK(without_tag.error().code == Code::kNotFound);  // the registry has no `latest`
}

TEST_CASE("Always takes the registry's image, whatever has its name here, and leaves that [E17]") {
  Puller puller;
  client("tag " + std::string(kRuns) + " " + kPulled);
  const std::string local = client("inspect -f {{.Id}} " + std::string(kRuns));
  CHECK(puller.run(EnsureImage{kPulled})->id == local);
  const auto pulled = puller.run(EnsureImage{kPulled, PullPolicy::kAlways});
  REQUIRE(pulled.ok());
  CHECK(pulled->id != local);
  // The name was there before us: it is not ours to remove.
  CHECK(puller.run(CollectImages{})->text.empty());
  CHECK(client("inspect -f {{.Id}} " + std::string(kPulled)) == pulled->id);
  client("rmi " + std::string(kPulled));
}

TEST_CASE("a registry that does not answer is an error of Always, not of IfNotPresent [S24]") {
  Puller puller;
  const std::string image = "127.0.0.1:5009/app:1";
  client("tag " + std::string(kRuns) + " " + image);
  CHECK(puller.run(EnsureImage{image}).ok());
  const auto always = puller.run(EnsureImage{image, PullPolicy::kAlways});
  client("rmi " + image);
  REQUIRE_FALSE(always.ok());
  CHECK(has(always.error().message, image));
  CHECK(has(always.error().message, "connection refused"));
}

TEST_CASE("credentials are read at each pull, and the error says what they were [E17]") {
  ConfigDir config;
  Puller puller({.docker_config = config.path()});
  const auto refused = [&](const std::string& words) {
    const auto reply = puller.run(EnsureImage{kLogin});
    REQUIRE_FALSE(reply.ok());
    INFO(reply.error().message);
    CHECK(reply.error().code == Code::kForbidden);
    CHECK(has(reply.error().message, kLogin));
    CHECK(has(reply.error().message, config.path() + "/config.json"));
    CHECK(has(reply.error().message, words));
    CHECK_FALSE(has(reply.error().message, "opensesame"));
  };
  refused("there is no readable");
  config.write("{\"auths\": ");
  refused("no valid JSON");
  CHECK(puller.run(EnsureImage{kPulled}).ok());  // needs none
  config.write("{}");
  refused("has no credentials for 127.0.0.1:5001");
  config.write(R"({"credsStore":"desktop"})");
  refused("the helper `desktop`");
  config.write(kWrong);
  refused("are from");
  config.write(kRight);
  const auto reply = puller.run(EnsureImage{kLogin});
  INFO((reply.ok() ? "" : reply.error().message));
  CHECK(reply.ok());
}

TEST_CASE("a layer that is refused in the middle of a pull is that pull's error [S24]") {
  Puller puller({.progress_every = std::chrono::milliseconds(0)});
  const auto reply = puller.run(EnsureImage{"127.0.0.1:5000/broken:1"});
  REQUIRE_FALSE(reply.ok());
  INFO(reply.error().message);
  CHECK_FALSE(puller.told().empty());
  CHECK(has(reply.error().message, "pull image 127.0.0.1:5000/broken:1: "));
  CHECK(has(reply.error().message, "this layer is broken"));
}

TEST_CASE("the platform is asked for, and an image of another one is refused [E17]") {
  Puller puller;
  const std::string own = puller.run(GetInfo{})->info.architecture;
  const std::string other = own == "amd64" ? "arm64" : "amd64";
  const std::string list = "127.0.0.1:5000/list:1";
  const auto architecture = [&] { return client("inspect -f {{.Architecture}} " + list); };
  CHECK(puller.run(EnsureImage{list}).ok());
  CHECK(architecture() == own);
  const auto here = puller.run(
      EnsureImage{.image = list, .policy = PullPolicy::kNever, .platform = "linux/" + other});
  REQUIRE_FALSE(here.ok());
  CHECK(has(here.error().message, "is for linux/" + own + ", and not for linux/" + other));
  CHECK(puller.run(EnsureImage{.image = list, .platform = "linux/" + other}).ok());
  CHECK(architecture() == other);
  CHECK(puller.run(EnsureImage{list}).ok());
  CHECK(architecture() == own);
  CHECK_FALSE(puller.run(EnsureImage{.image = list, .platform = "linux/s390x"}).ok());

  const auto foreign = puller.run(EnsureImage{"127.0.0.1:5000/foreign:1"});
  REQUIRE_FALSE(foreign.ok());
  CHECK(foreign.error().code == Code::kInvalid);
  CHECK(has(foreign.error().message, "is for linux/" + other + ", and this node is " + own));
}

TEST_CASE("a pull tells how far it is") {
  Puller puller({.progress_every = std::chrono::milliseconds(0)});
  REQUIRE(puller.run(EnsureImage{.image = kPulled, .ticket = "shop"}).ok());
  const auto told = puller.told();
  REQUIRE(told.size() > 1);
  const std::string start = std::string("shop ") + kPulled + " ";
  CHECK(told.front().starts_with(start + "0 of "));
  CHECK(told.back() == start + "2 of 2 layers, 3.0 MB of 3.0 MB");

  CHECK_FALSE(puller.run(CollectImages{})->text.empty());
  Puller slow({.progress_every = std::chrono::hours(1)});
  REQUIRE(slow.run(EnsureImage{.image = kPulled, .ticket = "shop"}).ok());
  CHECK(slow.told().size() == 1);  // at its end
}

TEST_CASE("a pull that hangs ends when it is cancelled, and the others go on [E26]") {
  Puller puller({.progress_every = std::chrono::milliseconds(0)});
  auto pull = std::async(std::launch::async, [&] {
    return puller.run(EnsureImage{.image = "127.0.0.1:5000/hangs:1", .ticket = "shop"});
  });
  CHECK(harness().wait_until([&] {
    const auto told = puller.told();
    return std::any_of(told.begin(), told.end(),
                       [](const std::string& line) { return has(line, " of 6.0 MB"); });
  }));
  CHECK(puller.run(CancelPull{"another"}).ok());
  CHECK(pull.wait_for(std::chrono::milliseconds(0)) == std::future_status::timeout);
  const auto start = std::chrono::steady_clock::now();
  CHECK(puller.run(CancelPull{"shop"}).ok());
  const auto reply = pull.get();
  CHECK(std::chrono::steady_clock::now() - start < std::chrono::seconds(1));
  REQUIRE_FALSE(reply.ok());
  CHECK(reply.error() == conflict("the pull of 127.0.0.1:5000/hangs:1 was cancelled"));
  CHECK(puller.run(EnsureImage{.image = kPulled, .ticket = "shop"}).ok());
}

TEST_CASE("after a restart the agent still knows which images it has pulled") {
  std::string saved;
  const auto save = [&](const std::string& text) { saved = text; };
  {
    docker::DockerEngine engine({.endpoint = docker_harness().endpoint(), .save_images = save});
    REQUIRE(engine.execute(EnsureImage{kPulled}).ok());
  }
  Puller forgetful;
  CHECK(forgetful.run(CollectImages{})->text.empty());
  Puller puller({.pulled_images = saved, .save_images = save});
  CHECK(puller.run(CollectImages{})->text == std::string(kPulled) + "\n");
  CHECK(saved.empty());
}

TEST_CASE("an image that somebody has given another name keeps that name") {
  Puller puller;
  REQUIRE(puller.run(EnsureImage{kPulled}).ok());
  client("tag " + std::string(kPulled) + " theirs:1");
  CHECK(puller.run(CollectImages{})->text == std::string(kPulled) + "\n");
  CHECK_FALSE(client("inspect -f {{.Id}} theirs:1").empty());
  client("rmi theirs:1");
}
