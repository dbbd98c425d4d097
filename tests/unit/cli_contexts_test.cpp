#include <sys/stat.h>

#include <filesystem>
#include <fstream>

#include "tests/catch_compat.h"
#include "tests/unit/cli_bench.h"

using namespace cara;
using namespace cara::cli;
using namespace cara::cli::test;

namespace {

struct ContextBench : CliBench {
  ContextBench() { environment["XDG_CONFIG_HOME"] = folder(); }
  std::string path() const { return folder() + "/caravanserai/config.yaml"; }
  void write(const std::string& text) const {
    std::filesystem::create_directories(folder() + "/caravanserai");
    std::ofstream(path()) << text;
  }
  Connection wanted(std::vector<std::string> words) {
    const Seen seen = run(words);
    INFO(seen.err);
    REQUIRE(connection.has_value());
    return *connection;
  }
};

}  // namespace

TEST_CASE("a context holds what its flags say, until another one is used") {
  ContextBench bench;
  const Seen first = bench.run({"context", "add", "prod", "--nats", "nats://prod", "--user", "jane",
                                "--role", "viewer", "--nats-ca", "/etc/ca.crt"});
  CHECK(first.out == "context/prod added and used\n");
  CHECK(bench.run({"context", "add", "test", "--nats", "nats://test", "--nats-nkey", "here.nk"})
            .out == "context/test added\n");
  const Connection prod = bench.wanted({"get", "projects"});
  CHECK(prod.url == "nats://prod");
  CHECK(prod.identity == schema::Identity{schema::Role::kViewer, "jane"});
  CHECK(prod.access.ca_file == "/etc/ca.crt");
  CHECK(bench.run({"context", "use", "test"}).out == "context/test used\n");
  const Connection test = bench.wanted({"get", "projects"});
  CHECK(test.url == "nats://test");
  CHECK(test.identity == schema::Identity{schema::Role::kAdmin, "Jane-Doe"});
  CHECK(test.access.nkey_file == std::filesystem::absolute("here.nk"));  // from any folder
  CHECK(bench.run({"context", "list"}).out ==
        "CURRENT   NAME   NATS          ROLE     USER\n"
        "          prod   nats://prod   viewer   jane\n"
        "*         test   nats://test   admin    <login name>\n");
  CHECK(bench.run({"context", "remove", "test"}).out == "context/test removed\n");
  CHECK(bench.wanted({"get", "projects"}).url == "nats://127.0.0.1:4222");
}

TEST_CASE("a flag wins over the environment, that over --config, that over the context") {
  ContextBench bench;
  bench.write("current: a\ncontexts:\n  a: {nats: nats://a, user: ann}\n  b: {nats: nats://b}\n");
  CHECK(bench.wanted({"get", "projects"}).url == "nats://a");
  const std::string config = bench.file("c.yaml", "nats: nats://file\n");
  CHECK(bench.wanted({"get", "projects", "--config", config}).url == "nats://file");
  CHECK(bench.connection->identity.id == "ann");
  bench.environment["CARA_NATS_URL"] = "nats://env";
  CHECK(bench.wanted({"get", "projects", "--config", config}).url == "nats://env");
  CHECK(bench.wanted({"get", "projects", "--nats", "nats://flag"}).url == "nats://flag");
  bench.environment.erase("CARA_NATS_URL");
  bench.environment["CARA_CONTEXT"] = "b";
  CHECK(bench.wanted({"get", "projects"}).url == "nats://b");
  CHECK(bench.wanted({"--context", "a", "get", "projects"}).url == "nats://a");
  const std::string shown = bench.run({"context", "show", "--context", "a", "--user", "bob"}).out;
  CHECK(contains_text(shown, "nats      nats://a   context\n"));
  CHECK(contains_text(shown, "user      bob        flag or environment\n"));
  CHECK(contains_text(shown, "role      admin      default\n"));
}

TEST_CASE("what is wrong with the file is said with its line, and what was meant") {
  ContextBench bench;
  const auto complaint = [&](const std::string& text) {
    bench.write(text);
    const Seen seen = bench.run({"get", "projects"});
    CHECK(seen.exit == kBadInput);
    return seen.err;
  };
  const std::string file = "error: caravanserai/config.yaml:";
  CHECK(complaint("contexts:\n  a:\n    natz: x\n") ==
        file + "3: `natz` is no setting; did you mean `nats`?\n");
  CHECK(complaint("contexts:\n  a: {role: root}\n") ==
        file + "2: `root` is none of admin, viewer\n");
  CHECK(complaint("current: b\ncontexts:\n  a: {nats: x}\n") ==
        file + "1: there is no context `b`\n");
  CHECK(complaint("contexts:\n  a: [x]\n") == file + "2: expected settings, such as `nats: URL`\n");
  CHECK(complaint("contexts:\n  'a b': {nats: x}\n") ==
        file + "2: `a b` is no name: letters, digits, `-` and `_` only\n");
  CHECK(complaint("a: b: c\n").starts_with(file + "1: "));
  CHECK(complaint("- a\n") == file + "1: expected `current` and `contexts`\n");
  bench.write("contexts: {prod: {nats: x}}\n");
  CHECK(bench.run({"get", "projects", "--context", "prd"}).err ==
        "error: there is no context `prd`; did you mean `prod`?\n");
}

TEST_CASE("the file of contexts is the user's alone and nothing is left beside it") {
  ContextBench bench;
  REQUIRE(bench.run({"context", "add", "a", "--nats", "nats://u:secret@a"}).exit == kDone);
  struct stat found {};
  REQUIRE(stat(bench.path().c_str(), &found) == 0);
  CHECK((found.st_mode & 0777) == 0600);
  const auto files = std::filesystem::directory_iterator(bench.folder() + "/caravanserai");
  CHECK(std::distance(begin(files), end(files)) == 1);
  CHECK_FALSE(contains_text(bench.run({"context", "list"}).out, "secret"));
  CHECK_FALSE(contains_text(bench.run({"context", "show"}).out, "secret"));
}

TEST_CASE("a context that cannot be written, named or found is one sentence") {
  ContextBench bench;
  CHECK(bench.run({"context", "use", "x"}).err ==
        "error: there is no context `x`: `caractrl context list` has those that there are\n");
  CHECK(bench.run({"context", "add", "a.b", "--nats", "x"}).exit == kBadInput);
  CHECK(contains_text(bench.run({"context", "add", "a"}).err, "to where? Name it by --nats"));
  CHECK(contains_text(bench.run({"context", "ad", "a"}).err, "did you mean `add`?"));
  CHECK(contains_text(bench.run({"context", "list", "a"}).err, "takes no name"));
  CHECK(contains_text(bench.run({"context", "add", "a", "--nats", "x", "--nats-ca="}).err,
                      "--nats-ca is empty"));
  CHECK(contains_text(bench.run({"context", "add", "a", "--nats="}).err, "--nats is empty"));
  std::filesystem::create_directories(bench.path());
  const Seen folder = bench.run({"context", "list"});
  CHECK(folder.exit == kBadInput);
  CHECK(contains_text(folder.err, "config.yaml cannot be read: Is a directory"));
  std::filesystem::remove_all(bench.folder() + "/caravanserai");
  bench.file("caravanserai", "a file");
  CHECK(contains_text(bench.run({"context", "add", "a", "--nats", "x"}).err,
                      "config.yaml cannot be written: Not a directory"));
  bench.environment.clear();
  CHECK(contains_text(bench.run({"context", "list"}).err, "neither HOME nor XDG_CONFIG_HOME"));
  CHECK(bench.run({"get", "projects"}).exit == kDone);  // contexts are not needed
  bench.environment["HOME"] = bench.folder();
  CHECK(bench.run({"context", "add", "a", "--nats", "x"}).exit == kDone);
  CHECK(std::filesystem::exists(bench.folder() + "/.config/caravanserai/config.yaml"));
}
