#include <set>
#include <sstream>

#include "tests/catch_compat.h"
#include "tests/unit/cli_bench.h"

using namespace cara;
using namespace cara::cli;
using namespace cara::cli::test;

TEST_CASE("an unknown command is answered with the nearest one [S44]") {
  CliBench bench;
  const Seen seen = bench.run({"aply", "-f", "x"});
  CHECK(seen.err == "error: `aply` is no command; did you mean `apply`?\nSee `caractrl --help`.\n");
  CHECK(seen.exit == kBadInput);
}

TEST_CASE("bad usage says what is wrong and where the help is") {
  CliBench bench;
  const auto complaint = [&](const std::vector<std::string>& words) {
    const Seen seen = bench.run(words);
    CHECK(seen.exit == kBadInput);
    CHECK(seen.out.empty());
    return seen.err.substr(0, seen.err.find('\n'));
  };
  CHECK(complaint({"apply"}) == "error: which file? Name it with -f");
  CHECK(complaint({"apply", "x.yaml"}) == "error: apply takes files by -f, not `x.yaml`");
  CHECK(complaint({"get"}) == "error: of what? Name `projects` or `nodes`");
  CHECK(complaint({"get", "prjects"}) ==
        "error: `prjects` is no kind of object; did you mean `projects`?");
  CHECK(complaint({"delete", "project"}) == "error: which one? Give its name");
  CHECK(complaint({"get", "projects", "-o", "xml"}) ==
        "error: --output: `xml` is none of table, wide, json, yaml, name, jsonpath=EXPR; did you "
        "mean `yaml`?");
  CHECK(complaint({"get", "projects", "-o", "jsonpath={.a"}) ==
        "error: jsonpath `{.a`, character 1: this `{` has no `}`");
  CHECK(complaint({"get", "podjects"}) ==
        "error: `podjects` is no kind of object; did you mean `projects`?");
  CHECK(complaint({"get", "ingres"}) ==
        "error: `ingres` is no kind of object; did you mean `ingress`?");
  CHECK(complaint({"get", "secretes"}) ==
        "error: `secretes` is no kind of object; there are projects, nodes, ingress and events");
  CHECK(complaint({"get", "projects", "--ouput", "json"}) ==
        "error: there is no flag --ouput; did you mean --output?");
  CHECK(complaint({"get", "projects", "--phase", "runing"}) ==
        "error: --phase: `runing` is no phase; did you mean `Running`?");
  CHECK(complaint({"get", "nodes", "--phase", "Running"}) ==
        "error: --phase is for projects; nodes have none");
  CHECK(complaint({"get", "projects", "--sort-by", "ages"}) ==
        "error: --sort-by: `ages` is no column of NAME, PHASE, NODE, CONDITIONS, AGE, and no path "
        "such as .metadata.createdAt; did you mean `AGE`?");
  CHECK(complaint({"get", "projects", "-l", "a in"}).empty() == false);
  CHECK(complaint({"events", "--since", "soon"}).starts_with("error: --since: "));
  CHECK(complaint({"events", "node", "w1", "--for", "node/w2"}) ==
        "error: name the object either behind `events` or with --for");
  CHECK(complaint({"get", "projects", "--bogus"}) == "error: there is no flag --bogus");
  CHECK(complaint({"get", "projects", "--outptu", "json"}) ==
        "error: there is no flag --outptu; did you mean --output?");
  CHECK(complaint({"get", "projects", "--user", "a b"}) ==
        "error: --user may have letters, digits, `-` and `_` only, not `a b`");
  CHECK(complaint({}) == "caractrl: projects on a Caravanserai cluster.");
  CHECK(bench.api.calls.empty());
}

TEST_CASE("help is there before and behind the verb, with examples and exit codes") {
  CliBench bench;
  const std::string all = bench.run({"--help"}).out;
  for (const Verb* verb : verbs()) {
    const std::string name(verb->name);
    CHECK(all.find("\n  " + name + " ") != std::string::npos);
    const std::string text = bench.run({"help", name}).out;
    CHECK(text.find("Examples:\n  caractrl " + name) != std::string::npos);
    CHECK(text.find("\nExit codes:\n") != std::string::npos);
    CHECK(text.find("\n    5  not permitted") != std::string::npos);
    CHECK(bench.run({name, "--help"}).out == text);
    CHECK(bench.run({"-h", name}).out == text);
  }
}

TEST_CASE("every command is in a group of the help, and every flag is documented") {
  CliBench bench;
  CHECK(bench.run({"--help"}).out.find("\nMore:\n") == std::string::npos);
  const std::string page = bench.run({"man"}).out;
  const auto check_flag = [&](const host::FlagSpec& flag, const std::string& text) {
    INFO(flag.name);
    CHECK(!flag.help.empty());
    CHECK(!flag.help.ends_with('.'));
    CHECK(text.find("--" + flag.name) != std::string::npos);
    std::string escaped = "\\-\\-" + flag.name;
    for (auto at = escaped.find('-', 4); at != std::string::npos; at = escaped.find('-', at + 2)) {
      escaped.insert(at, "\\");
    }
    CHECK(page.find(escaped) != std::string::npos);
  };
  for (const Verb* verb : verbs()) {
    const std::string name(verb->name);
    INFO(name);
    CHECK(page.find(".SS caractrl " + name.substr(0, name.find('-'))) != std::string::npos);
    const std::string text = bench.run({name, "--help"}).out;
    for (const host::FlagSpec& flag : verb->flags) check_flag(flag, text);
    CHECK((text.find("`caractrl help flags`") == std::string::npos) == verb->bare);
  }
  const std::string common = bench.run({"help", "flags"}).out;
  CHECK(common.find("--help") != std::string::npos);
  CHECK(common.find("\nExit codes:\n    0  done\n") != std::string::npos);
  for (const host::FlagSpec& flag : program_of({}).flags) check_flag(flag, common);
  for (const host::FlagSpec& flag : host::common_flags()) check_flag(flag, common);
}

TEST_CASE("no line of the manual page is taken for a command of roff") {
  CliBench bench;
  std::istringstream page(bench.run({"man"}).out);
  const std::set<std::string> commands{".TH", ".SH", ".SS", ".TP", ".B", ".I",
                                       ".PP", ".RS", ".RE", ".nf", ".fi"};
  for (std::string line; std::getline(page, line);) {
    INFO(line);
    if (line.starts_with('.')) CHECK(commands.contains(line.substr(0, line.find(' '))));
    CHECK_FALSE(line.starts_with('\''));
  }
}

TEST_CASE("the server and the user come from flag, environment, or default [S44]") {
  CliBench bench;
  const auto wanted = [&](const std::vector<std::string>& words) {
    bench.run(words);
    REQUIRE(bench.connection.has_value());
    return *bench.connection;
  };
  CHECK(wanted({"get", "projects"}).url == "nats://127.0.0.1:4222");
  CHECK(wanted({"get", "projects"}).identity == schema::Identity{schema::Role::kAdmin, "Jane-Doe"});
  bench.environment = {{"CARA_NATS_URL", "nats://env"}, {"CARA_USER", "bob"}};
  CHECK(wanted({"get", "projects"}).url == "nats://env");
  CHECK(wanted({"get", "projects"}).identity.id == "bob");
  CHECK(wanted({"--nats", "nats://flag", "get", "projects"}).url == "nats://flag");
  const std::string path = bench.file("c.yaml", "nats: nats://file\noutput: json\n");
  bench.environment.clear();
  CHECK(wanted({"get", "projects", "--config", path}).url == "nats://file");
  CHECK(bench.run({"get", "projects", "--config", path}).out.starts_with("{"));
}

TEST_CASE("version prints the client's line with or without a server") {
  CliBench bench;
  const std::string client = "Client: " CARA_VERSION "\n";
  CHECK(bench.run({"version"}).out == client + "Server: 9.9.9 (cluster c1)\n");
  bench.no_connection = unavailable("no server at nats://x");
  const Seen seen = bench.run({"version"});
  CHECK(seen.out == client);
  CHECK(seen.err == "error: no server at nats://x\n");
  CHECK(seen.exit == kNoConnection);
  CHECK(bench.run({"version", "--client"}).exit == kDone);
  CHECK(bench.run({"--version"}).out == "caractrl " CARA_VERSION "\n");
}
