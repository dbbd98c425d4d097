#include <sys/stat.h>

#include "tests/catch_compat.h"
#include "tests/unit/cli_bench.h"

using namespace cara;
using namespace cara::cli;
using namespace cara::cli::test;

namespace {

const std::string kKey = "U" + std::string(55, 'A');

}  // namespace

TEST_CASE("a key is made once, for its owner alone") {
  CliBench bench;
  const std::string path = bench.folder() + "/jane.nk";
  const Seen first = bench.run({"bus", "key", path});
  CHECK(first.exit == kDone);
  CHECK(first.out.size() == 57);
  CHECK(first.out.starts_with("U"));
  struct stat found {};
  REQUIRE(stat(path.c_str(), &found) == 0);
  CHECK((found.st_mode & 0777) == 0600);
  CHECK(bench.run({"bus", "key", path}).out == first.out);
  CHECK(contains_text(bench.run({"bus", "key", bench.file("x", "hello")}).err,
                      "holds no NKey seed of a user"));
  CHECK(contains_text(bench.run({"bus", "key", bench.folder() + "/no/x"}).err,
                      "cannot be written: No such file"));
}

TEST_CASE("the configuration has every user with its own subjects") {
  CliBench bench;
  const Seen seen =
      bench.run({"bus", "config", "--tls-cert", "/c", "--tls-key", "/k", "--tls-ca", "/ca",
                 "apiserver=" + kKey, "agent/n1.lab=" + kKey, "viewer/bob=" + kKey});
  CHECK(seen.err.empty());
  CHECK(contains_text(seen.out,
                      "  cert_file: \"/c\"\n  key_file: \"/k\"\n  ca_file: \"/ca\"\n"
                      "  verify: true\n"));
  CHECK(contains_text(seen.out, "    # apiserver/a1\n    {\n      nkey: " + kKey));
  CHECK(contains_text(seen.out, "\"cara.v1.hb.n1_lab\""));
  CHECK(contains_text(seen.out, "\"cara.v1.api.viewer.bob.project.list\""));
  for (const char* dangerous : {"allow_responses", "deny", "jetstream", "no_auth_user"}) {
    CHECK_FALSE(contains_text(seen.out, dangerous));
  }
}

TEST_CASE("a configuration that would be wrong is not printed") {
  CliBench bench;
  const auto complaint = [&](std::vector<std::string> words) {
    words.insert(words.begin(), {"bus", "config", "--tls-key", "/k"});
    const Seen seen = bench.run(words);
    CHECK(seen.out.empty());
    CHECK(seen.exit == kBadInput);
    return seen.err.substr(0, seen.err.find('\n'));
  };
  const std::string tls = "--tls-cert=/c";
  CHECK(complaint({tls}) == "error: for whom? Name users as ROLE/NAME=KEY");
  CHECK(contains_text(complaint({tls, "root/x=" + kKey}), "begins with no role"));
  CHECK(contains_text(complaint({tls, "admin/a.b=" + kKey}), "is not ROLE/NAME"));
  CHECK(contains_text(complaint({tls, "admin/a"}), "needs the public key behind `=`"));
  CHECK(contains_text(complaint({tls, "admin/a=SUA"}), "needs the public key behind `=`"));
  CHECK(contains_text(complaint({tls, "gc/a=" + kKey, "gc/a=" + kKey}), "is there twice"));
  CHECK(contains_text(complaint({"gc/a=" + kKey}), "--tls-cert and --tls-key"));
  CHECK(contains_text(complaint({"--tls-cert=a\"b", "gc/a=" + kKey}), "cannot be said"));
}

TEST_CASE("permissions of one are a line per subject") {
  CliBench bench;
  const Seen seen = bench.run({"bus", "permissions", "admin/jane"});
  CHECK(seen.out.starts_with("publish   cara.v1.api.admin.jane.>\n"));
  CHECK(contains_text(seen.out, "subscribe _INBOX.admin.jane.>\n"));
  CHECK(bench.run({"bus", "permissions"}).exit == kBadInput);
}
