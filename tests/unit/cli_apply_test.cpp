#include "tests/catch_compat.h"
#include "tests/unit/cli_bench.h"

using namespace cara;
using namespace cara::cli;
using namespace cara::cli::test;

TEST_CASE("apply says created, unchanged, configured [S36][S37]") {
  CliBench bench;
  const std::string path = bench.file("p.yaml", manifest("wordpress"));
  CHECK(bench.run({"apply", "-f", path}).out == "project/wordpress created\n");
  CHECK(bench.run({"apply", "-f", path}).out == "project/wordpress unchanged\n");
  bench.file("p.yaml", manifest("wordpress", "      env: [{name: A, value: b}]\n"));
  const Seen seen = bench.run({"apply", "-f", path});
  CHECK(seen.out == "project/wordpress configured\n");
  CHECK(seen.err.empty());
  CHECK(seen.exit == kDone);
}

TEST_CASE("the example of a whole application is taken, and again without a change") {
  CliBench bench;
  const std::string path = std::string(CARA_SOURCE_DIR) + "/compose/examples/shop.yaml";
  const Seen seen = bench.run({"apply", "-f", path});
  INFO(seen.err);
  CHECK(seen.out == "project/shop created\n");
  CHECK(bench.run({"apply", "-f", path}).out == "project/shop unchanged\n");
}

TEST_CASE("the seed's WordPress manifest is taken verbatim [S1][S3][S7][S45]") {
  CliBench bench;
  const std::string path = std::string(CARA_SOURCE_DIR) + "/compose/examples/wordpress.yaml";
  CHECK(bench.run({"apply", "-f", path}).out == "project/wordpress created\n");
  const schema::ProjectSpec& spec = bench.api.projects["wordpress"].spec;
  REQUIRE(spec.services.size() == 2);
  CHECK(spec.services[0].image == "mysql:8");
  CHECK(spec.services[0].env[0] == schema::EnvVar{"MYSQL_ROOT_PASSWORD", "secret"});
  CHECK(spec.services[0].volume_mounts[0].mount_path == "/var/lib/mysql");
  CHECK(spec.volumes[0].name == "mysql-data");
}

TEST_CASE("apply reads several files, folders, JSON and standard input [S36]") {
  CliBench bench;
  bench.file("b.yml", manifest("beta"));
  bench.file("a.yaml",
             "# nothing here\n---\n" + manifest("alpha") + "---\n" + manifest("aleph") + "---\n");
  bench.file("c.json", R"({"apiVersion":"caravanserai/v1","kind":"Project",
      "metadata":{"name":"gamma"},"spec":{"services":[{"name":"app","image":"x"}]}})");
  bench.file("notes.txt", "not a manifest");
  const Seen seen = bench.run({"apply", "-f", bench.folder(), "-f", "-"}, manifest("delta"));
  CHECK(seen.out ==
        "project/alpha created\nproject/aleph created\nproject/beta created\n"
        "project/gamma created\nproject/delta created\n");
  CHECK(seen.exit == kDone);
}

TEST_CASE("one bad document keeps all others from being applied [E22]") {
  CliBench bench;
  const std::string good = bench.file("a.yaml", manifest("good"));
  const std::string bad = bench.file("b.yaml", manifest("fine") + "---\n" + manifest("Bad"));
  const Seen seen = bench.run({"apply", "-f", good, "-f", bad});
  CHECK(seen.out.empty());
  CHECK(seen.err ==
        "b.yaml:13: metadata.name: `Bad` has upper case; use lower case\n"
        "error: nothing was applied\n");
  CHECK(seen.exit == kBadInput);
  CHECK(bench.api.calls.empty());
}

TEST_CASE("one name twice in one apply is refused, naming both places [E22]") {
  CliBench bench;
  const std::string a = bench.file("a.yaml", manifest("shop"));
  const std::string b = bench.file("b.yaml", manifest("shop"));
  CHECK(bench.run({"apply", "-f", a, "-f", b}).err ==
        "b.yaml:4: metadata.name: project `shop` is given before, in a.yaml:4\n"
        "error: nothing was applied\n");
  CHECK(bench.api.calls.empty());
}

TEST_CASE("an apply whose answer is lost is repeated with the same request id") {
  CliBench bench;
  bench.api.lose_replies = 2;
  const Seen seen = bench.run({"apply", "-f", "-"}, manifest("shop"));
  CHECK(seen.out == "project/shop created\n");
  CHECK(bench.api.request_ids == std::vector<std::string>{"id-1", "id-1", "id-1"});
}

TEST_CASE("an apply without any answer says that it may have happened") {
  CliBench bench;
  bench.api.lose_replies = 100;
  const Seen seen = bench.run({"apply", "-f", "-"}, manifest("a") + "---\n" + manifest("b"));
  CHECK(seen.err ==
        "error: timed out after 10s; it may or may not have happened: look, and repeat it with a "
        "longer --timeout\n");
  CHECK(seen.exit == kTimedOut);
  CHECK(bench.api.calls.size() == 3);  // and `b` is not tried
}

TEST_CASE("what the server finds wrong has its file and line, too [S18]") {
  CliBench bench;
  const std::string path =
      bench.file("p.yaml", manifest("shop", "  expireAt: 2001-01-01T00:00:00Z\n"));
  const Seen seen = bench.run({"apply", "-f", path});
  CHECK(seen.err == "p.yaml:9: spec.expireAt: is already past\nerror: project/shop was refused\n");
  CHECK(seen.exit == kBadInput);
}

TEST_CASE("errors of the connection and of the server have their sentence and exit code [E43]") {
  CliBench bench;
  const auto seen_with = [&](const Error& error) {
    bench.api.fail = error;
    return bench.run({"apply", "-f", "-"}, manifest("shop"));
  };
  CHECK(seen_with(conflict("project/shop is being deleted")).err ==
        "error: project/shop is being deleted\n");
  CHECK(seen_with(conflict("the host is taken")).err == "error: project/shop: the host is taken\n");
  CHECK(seen_with(conflict("x")).exit == kRefused);
  CHECK(seen_with(forbidden("viewers only look")).err ==
        "error: not permitted: viewers only look\n");
  CHECK(seen_with(forbidden("viewers only look")).exit == kNotPermitted);
  CHECK(seen_with(unavailable("no control plane answers")).exit == kNoConnection);
  bench.no_connection = unavailable("no server at nats://x");
  const Seen seen = bench.run({"apply", "-f", "-"}, manifest("shop"));
  CHECK(seen.err == "error: no server at nats://x\n");
  CHECK(seen.exit == kNoConnection);
}

TEST_CASE("control characters of a server's message do not reach the terminal [E51]") {
  CliBench bench;
  bench.api.fail = internal("project/shop: \x1b[2Jgone\x07");
  CHECK(bench.run({"apply", "-f", "-"}, manifest("shop")).err ==
        "error: project/shop: \\x1b[2Jgone\\x07\n");
}
