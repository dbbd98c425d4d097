#include <filesystem>
#include <sstream>

#include "tests/catch_compat.h"
#include "tests/unit/cli_bench.h"

using namespace cara;
using namespace cara::cli;
using namespace cara::cli::test;

namespace {

struct CompletionBench : CliBench {
  CompletionBench() {
    api.add("shop", schema::Phase::kRunning);
    api.add("shed");
    api.projects["shop"].spec.services.push_back({.name = "db", .image = "postgres:16"});
    api.add_node("w1");
    api.add_node("w2.lab.example");
    environment["XDG_CONFIG_HOME"] = folder();
  }

  // The words that are offered, or `files`, behind one another.
  std::string offered(const std::vector<std::string>& words) {
    std::vector<std::string> line{"__complete", "--"};
    line.insert(line.end(), words.begin(), words.end());
    const Seen seen = run(line);
    CHECK(seen.exit == kDone);
    CHECK(seen.err.empty());
    std::istringstream lines(seen.out);
    std::string mode;
    std::getline(lines, mode);
    std::string all = mode == "files" ? "files" : "";
    for (std::string one; std::getline(lines, one);) {
      all += (all.empty() ? "" : " ") + one.substr(0, one.find('\t'));
    }
    return all;
  }
};

}  // namespace

TEST_CASE("commands are completed, and help of them") {
  CompletionBench bench;
  CHECK(bench.offered({"de"}) == "delete describe");
  CHECK(bench.offered({"help", "unc"}) == "uncordon");
  CHECK(bench.offered({"--nats", "nats://x", "cord"}) == "cordon");
  CHECK(contains_text(bench.offered({""}), "version"));
  CHECK_FALSE(contains_text(bench.offered({""}), "__complete"));
  CHECK(bench.offered({"nonsense", ""}).empty());
}

TEST_CASE("flags and their values are completed, each once") {
  CompletionBench bench;
  CHECK(bench.offered({"delete", "--wa"}) == "--wait");
  CHECK(bench.offered({"delete", "--wait", "--wa"}).empty());
  CHECK(bench.offered({"get", "--role", "v"}) == "viewer");
  CHECK(bench.offered({"get", "--role=v"}) == "--role=viewer");
  CHECK(bench.offered({"--role", ""}) == "admin viewer");
  CHECK(bench.offered({"apply", "-f", ""}) == "files");
  CHECK(bench.offered({"get", "--nats-ca", "x"}) == "files");
  CHECK(bench.offered({"get", "--bogus="}).empty());
  bench.run({"context", "add", "prod", "--nats", "x"});
  CHECK(bench.offered({"--context", "p"}) == "prod");
  CHECK(bench.offered({"context", "use", ""}) == "prod");
  CHECK(bench.offered({"context", "add", ""}).empty());
}

TEST_CASE("names are those of the cluster, and none twice") {
  CompletionBench bench;
  CHECK(bench.offered({"get", ""}) == "ingress nodes projects");
  CHECK(bench.offered({"get", "projects", "sh"}) == "shed shop");
  CHECK(bench.offered({"get", "projects", "shop", "sh"}) == "shed");
  CHECK(bench.offered({"describe", "node", ""}) == "w1 w2.lab.example");
  CHECK(bench.offered({"drain", "w"}) == "w1 w2.lab.example");
  CHECK(bench.offered({"rollout", ""}) == "history undo");
  CHECK(bench.offered({"rollout", "undo", ""}) == "project");
  CHECK(bench.offered({"rollout", "undo", "project", "sho"}) == "shop");
  CHECK(bench.offered({"logs", "shop/"}) == "shop/app shop/db");
  CHECK(bench.offered({"logs", "she"}) == "shed shed/app");
  CHECK(bench.offered({"exec", "shop/db", "--", "l"}) == "files");
}

TEST_CASE("the cluster that the line names is asked, with little patience") {
  CompletionBench bench;
  bench.offered({"--nats", "nats://there", "--user", "bob", "get", "projects", ""});
  REQUIRE(bench.connection.has_value());
  CHECK(bench.connection->url == "nats://there");
  CHECK(bench.connection->identity.id == "bob");
  CHECK(bench.connection->connect_timeout < std::chrono::seconds(1));
}

TEST_CASE("what cannot be known is not offered, and no word is said about it") {
  CompletionBench bench;
  bench.no_connection = unavailable("no server");
  CHECK(bench.offered({"get", "projects", ""}).empty());
  bench.no_connection.reset();
  bench.api.fail = forbidden("viewers only look");
  CHECK(bench.offered({"get", "projects", ""}).empty());
  CHECK(bench.offered({"get", "--output"}) == "--output --output-watch-events");
  std::filesystem::create_directories(bench.folder() + "/caravanserai");
  bench.file("caravanserai/config.yaml", "garbage");
  CHECK(bench.offered({"--context", ""}).empty());
  CHECK(bench.offered({}) == bench.offered({""}));
}

TEST_CASE("names that are none of ours do not reach the terminal [E51]") {
  CompletionBench bench;
  bench.api.add("\x1b[2Jx");
  bench.api.add("sh\nell");
  CHECK(bench.offered({"get", "projects", ""}) == "shed shop");
}

TEST_CASE("every command has its place in the completion") {
  CompletionBench bench;
  for (const Verb* verb : verbs()) {
    INFO(verb->name);
    CHECK(contains_text(bench.offered({std::string(verb->name), "--he"}), "--help"));
  }
  for (const char* shell : {"bash", "zsh", "fish"}) {
    CHECK(contains_text(bench.run({"completion", shell}).out, "__complete --"));
  }
  CHECK(bench.run({"completion", "tcsh"}).exit == kBadInput);
}
