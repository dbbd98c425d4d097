// Precedence: flag > environment > file > default; and what a wrong one is told.
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "services/runtime/host/flags.h"
#include "tests/catch_compat.h"

using namespace cara;
using namespace std::chrono_literals;
using host::FlagKind;
using host::Flags;

namespace {

const host::ProgramSpec kProgram{
    .name = "cara-test",
    .summary = "Tests flags",
    .positionals_help = "COMMAND",
    .flags = {{.name = "node-timeout",
               .help = "Silence after which a node is lost",
               .kind = FlagKind::kDuration,
               .default_value = "15s"},
              {.name = "label", .help = "Label of the node", .kind = FlagKind::kList},
              {.name = "wait", .help = "Wait", .kind = FlagKind::kSwitch, .default_value = "true"},
              {.name = "docker-host",
               .help = "Engine",
               .default_value = "unix:///var/run/docker.sock",
               .environment = "DOCKER_HOST"},
              {.name = "limit",
               .help = "Limit",
               .kind = FlagKind::kInteger,
               .default_value = "5",
               .letter = "l"}}};

using Variables = std::map<std::string, std::string>;

Result<Flags> parse(const std::vector<std::string>& arguments, const Variables& variables = {}) {
  return Flags::parse(kProgram, arguments,
                      [&](const std::string& name) -> std::optional<std::string> {
                        const auto it = variables.find(name);
                        if (it == variables.end()) return std::nullopt;
                        return it->second;
                      });
}

std::string fault(const std::vector<std::string>& arguments, const Variables& variables = {}) {
  const auto flags = parse(arguments, variables);
  return flags.ok() ? "" : flags.error().message;
}

class ConfigFile {
 public:
  explicit ConfigFile(const std::string& text)
      : path_((std::filesystem::temp_directory_path() /
               ("cara-flags-" + std::to_string(getpid()) + ".yaml"))
                  .string()) {
    std::ofstream(path_) << text;
  }
  ~ConfigFile() { std::filesystem::remove(path_); }
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

}  // namespace

TEST_CASE("defaults hold when nothing is said") {
  const auto flags = parse({});
  REQUIRE(flags.ok());
  CHECK(flags->text("nats") == "nats://127.0.0.1:4222");
  CHECK(flags->duration("node-timeout") == 15s);
  CHECK(flags->enabled("wait"));
  CHECK(flags->integer("limit") == 5);
  CHECK(flags->list("label").empty());
  CHECK(flags->is_default("limit"));
}

TEST_CASE("a flag wins over the environment, that over the file, that over the default") {
  const ConfigFile file("node-timeout: 1m\nlabel: [zone=a, disk=ssd]\nlimit: 7\n");
  const std::vector<std::string> config{"--config", file.path()};
  CHECK(parse(config)->duration("node-timeout") == 1min);
  CHECK(parse(config)->list("label") == std::vector<std::string>{"zone=a", "disk=ssd"});
  const Variables variables{{"CARA_NODE_TIMEOUT", "2m"}, {"CARA_LABEL", "x=1,y=2"}};
  CHECK(parse(config, variables)->duration("node-timeout") == 2min);
  CHECK(parse(config, variables)->list("label") == std::vector<std::string>{"x=1", "y=2"});
  const auto flags = parse({"--config=" + file.path(), "--node-timeout", "3m"}, variables);
  CHECK(flags->duration("node-timeout") == 3min);
  CHECK(flags->integer("limit") == 7);
  CHECK_FALSE(flags->is_default("limit"));
}

TEST_CASE("CARA_NATS_URL, CARA_CONFIG and DOCKER_HOST are taken") {
  const ConfigFile file("limit: 9\n");
  const auto flags = parse({}, {{"CARA_NATS_URL", "nats://b:1"},
                                {"CARA_CONFIG", file.path()},
                                {"DOCKER_HOST", "unix:///x"}});
  REQUIRE(flags.ok());
  CHECK(flags->text("nats") == "nats://b:1");
  CHECK(flags->text("docker-host") == "unix:///x");
  CHECK(flags->integer("limit") == 9);
}

TEST_CASE("flags stand before and after the words, repeat, and take commas [S42]") {
  const auto flags =
      parse({"--wait=false", "get", "--label", "a=1,2", "projects", "--label=b=2", "-l", "3"});
  REQUIRE(flags.ok());
  CHECK(flags->positionals() == std::vector<std::string>{"get", "projects"});
  CHECK(flags->list("label") == std::vector<std::string>{"a=1,2", "b=2"});
  CHECK_FALSE(flags->enabled("wait"));
  CHECK(flags->integer("limit") == 3);
  CHECK(parse({"--wait", "x"})->positionals() == std::vector<std::string>{"x"});
}

TEST_CASE("what is wrong is said in one sentence with the flag's name") {
  CHECK(fault({"--natz", "x"}) == "there is no flag --natz; did you mean --nats?");
  CHECK(fault({"--nats"}) == "--nats is missing an argument");
  CHECK(fault({"-l"}) == "-l is missing an argument");
  CHECK(fault({"--node-timeout", "5 parsecs"}).find("--node-timeout: ") == 0);
  CHECK(fault({"--limit", "-1"}) == "--limit: `-1` is no whole number");
  CHECK(fault({"--wait=maybe"}) == "--wait: `maybe` is neither true nor false");
  CHECK(fault({"--log-level", "loud"}) ==
        "--log-level: `loud` is none of debug, info, warn, error");
  CHECK(fault({"--limit", "1", "--limit", "2"}) == "--limit is given more than once");
  CHECK(fault({}, {{"CARA_LIMIT", "x"}}) == "CARA_LIMIT: `x` is no whole number");
  CHECK(fault({"--config", "/nowhere.yaml"}) ==
        "cannot read the configuration file /nowhere.yaml: No such file or directory");
  CHECK(fault({"--config", "/"}) == "cannot read the configuration file /: Is a directory");
}

TEST_CASE("a wrong key or value in the file is told with its line") {
  const auto told = [](const std::string& text) {
    const ConfigFile file(text);
    const std::string words = fault({"--config", file.path()});
    REQUIRE(words.find(file.path() + ": ") == 0);
    return words.substr(file.path().size() + 2);
  };
  CHECK(told("limit: 1\nlimt: 2\n") == "line 2: limt is no flag of cara-test");
  CHECK(told("\nlimit: {a: 1}\n") == "line 2: limit needs a value or a list of values, not a map");
  CHECK(told("limit: many\n") == "line 1: limit: `many` is no whole number");
  CHECK(told("limit: 1\nlimit: 2\n") == "line 2: duplicate key `limit`, first on line 1");
  CHECK(told("just text\n") == "expected `flag: value` lines");
}

TEST_CASE("--help and --version win over mistakes elsewhere; help names every flag") {
  CHECK(parse({"--help"})->help_wanted());
  CHECK(parse({"--version"}, {{"CARA_LIMIT", "x"}})->version_wanted());
  const std::string help = host::help_text(kProgram);
  for (const char* part : {"Tests flags", "--node-timeout", "CARA_NODE_TIMEOUT", "DOCKER_HOST",
                           "default 15s", "--log-format", "CARA_NATS_URL", "-l, --limit"}) {
    INFO(part << "\n" << help);
    CHECK(help.find(part) != std::string::npos);
  }
}
