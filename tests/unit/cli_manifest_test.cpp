#include "tests/catch_compat.h"
#include "tests/unit/cli_bench.h"

using namespace cara;
using namespace cara::cli;
using namespace cara::cli::test;

namespace {

// The lines of `caractrl apply` about a manifest, without the closing sentence.
std::string complaints(const std::string& text) {
  CliBench bench;
  const Seen seen = bench.run({"apply", "-f", bench.file("p.yaml", text)});
  const std::string closing = "error: nothing was applied\n";
  CHECK(seen.exit == kBadInput);
  CHECK(bench.api.calls.empty());
  if (!seen.err.ends_with(closing)) return "not refused as a manifest: " + seen.err;
  return seen.err.substr(0, seen.err.size() - closing.size());
}

schema::Project applied(const std::string& text) {
  CliBench bench;
  const Seen seen = bench.run({"apply", "-f", "-"}, text);
  INFO(seen.err);
  REQUIRE(seen.exit == kDone);
  return bench.api.projects.begin()->second;
}

const std::string kVolume = "  volumes:\n    - name: data\n      type: Ephemeral\n";
const std::string kIngress =
    "  ingress:\n    - name: main\n      host: shop\n      target: {service: app, port: 80}\n";

}  // namespace

TEST_CASE("another apiVersion or kind is refused with field and line [S1]") {
  CHECK(complaints("kind: Deployment\nmetadata: {name: a}\napiVersion: v1\n") ==
        "p.yaml:1: kind: `Deployment` is not supported; use Project\n"
        "p.yaml:3: apiVersion: `v1` is not supported; use caravanserai/v1\n");
  CHECK(complaints("metadata: {name: a}\n") ==
        "p.yaml:1: apiVersion: is required: caravanserai/v1\n"
        "p.yaml:1: kind: is required: Project\n");
  CHECK(complaints("- a\n- b\n") ==
        "p.yaml:1: a manifest is a map with apiVersion, kind, metadata and spec, not a list\n");
}

TEST_CASE("a project without services is refused [S2]") {
  const std::string head = "apiVersion: caravanserai/v1\nkind: Project\nmetadata: {name: a}\n";
  CHECK(complaints(head + "spec:\n  services: []\n") ==
        "p.yaml:5: spec.services: needs at least 1 entry\n");
  CHECK(complaints(head + "spec: {}\n") == "p.yaml:4: spec.services: is required\n");
  CHECK(complaints(head) == "p.yaml:1: spec: is required\n");
}

TEST_CASE("names given twice are refused at the second [S4][S8][S12]") {
  CHECK(complaints(manifest("a", "    - {name: app, image: x}\n")) ==
        "p.yaml:9: spec.services[1].name: `app` is used before, in spec.services[0]\n");
  CHECK(complaints(manifest("a", kVolume + "    - {name: data, type: Ephemeral}\n")) ==
        "p.yaml:12: spec.volumes[1].name: `data` is used before, in spec.volumes[0]\n");
  CHECK(complaints(manifest(
            "a", kIngress + "    - {name: main, host: b, target: {service: app, port: 1}}\n")) ==
        "p.yaml:13: spec.ingress[1].name: `main` is used before, in spec.ingress[0]\n");
}

TEST_CASE("unknown types and scopes are refused, listing the known [S7][S17]") {
  CHECK(complaints(manifest("a", "  volumes:\n    - name: data\n      type: Magic\n")) ==
        "p.yaml:11: spec.volumes[0].type: `Magic` is not known; use one of: Ephemeral, HostPath, "
        "Persistent, Config\n");
  CHECK(complaints(manifest("a", kIngress + "      access:\n        scope: Public\n")) ==
        "p.yaml:14: spec.ingress[0].access.scope: `Public` is not known; use one of: Internal\n");
}

TEST_CASE("mounts and targets must exist [S9][S15]") {
  CHECK(complaints(manifest("a",
                            "      volumeMounts:\n        - name: dta\n"
                            "          mountPath: /d\n" +
                                kVolume)) ==
        "p.yaml:10: spec.services[0].volumeMounts[0].name: no volume `dta` in spec.volumes; there "
        "are: data\n");
  CHECK(complaints(manifest("a",
                            "  ingress:\n    - name: m\n      host: h\n      target:\n"
                            "        service: web\n        port: 70000\n")) ==
        "p.yaml:13: spec.ingress[0].target.service: no service `web` in spec.services; there are: "
        "app\n"
        "p.yaml:14: spec.ingress[0].target.port: is 70000; must be 1 to 65535\n");
}

TEST_CASE("expireAt is RFC 3339, quoted or not, with any offset [S18]") {
  CHECK(applied(manifest("a", "  expireAt: 2099-12-31T23:59:59Z\n")).spec.expire_at ==
        applied(manifest("a", "  expireAt: \"2100-01-01T01:59:59+02:00\"\n")).spec.expire_at);
  for (const char* wrong :
       {"2025-1-1T1:1:1Z", "2025-02-30T00:00:00Z", "2025-01-01T00:00:00", "tomorrow", "12"}) {
    const std::string lines = complaints(manifest("a", "  expireAt: " + std::string(wrong) + "\n"));
    INFO(lines);
    CHECK(lines.starts_with("p.yaml:9: spec.expireAt: "));
  }
}

TEST_CASE("names are DNS labels of at most 63 characters [E10][E12]") {
  const std::string longest(63, 'x');
  CHECK(applied(manifest(longest)).metadata.name == longest);
  CHECK(complaints(manifest(longest + "x")).starts_with("p.yaml:4: metadata.name: `xxx"));
  for (const char* name : {"Upper", "\"gr\xc3\xbc\xc3\x9f\"", "-a", "a-", "a_b", "a.b", "\"*\"",
                           "\">\"", "\"a b\"", "\"a\\r\\nb\"", "\"\""}) {
    const std::string lines = complaints(manifest(name));
    INFO(lines);
    CHECK(lines.starts_with("p.yaml:4: metadata.name: "));
    CHECK(lines.find('\r') == std::string::npos);
  }
  CHECK(complaints(manifest("a", "    - name: My.Service\n      image: x\n"))
            .starts_with("p.yaml:9: spec.services[1].name: "));
}

TEST_CASE("env values are taken as they are written [E13][E14]") {
  const std::string text =
      "      env:\n"
      "        - {name: A, value: 0777}\n"
      "        - {name: B, value: true}\n"
      "        - {name: C, value: no}\n"
      "        - {name: D, value: 1e3}\n"
      "        - {name: E, value: \"a=b\\n$X'\"}\n"
      "        - {name: F, value: gr\xc3\xbc\xc3\x9f}\n"
      "        - {name: G}\n"
      "        - {name: H, value: " +
      std::string(100'000, 'x') + "}\n";
  const auto env = applied(manifest("a", text)).spec.services[0].env;
  REQUIRE(env.size() == 8);
  CHECK(env[0].value == "0777");
  CHECK(env[1].value == "true");
  CHECK(env[2].value == "no");
  CHECK(env[3].value == "1e3");
  CHECK(env[4].value == "a=b\n$X'");
  CHECK(env[5].value == "gr\xc3\xbc\xc3\x9f");
  CHECK(env[6].value.empty());
  CHECK(env[7].value.size() == 100'000);
  CHECK(
      complaints(manifest("a", "      env:\n        - name: A\n        - name: A\n")) ==
      "p.yaml:11: spec.services[0].env[1].name: `A` is used before, in spec.services[0].env[0]\n");
}

TEST_CASE("mount paths are absolute, and each is used once [E16]") {
  const std::string mounts =
      "      volumeMounts:\n        - {name: data, mountPath: data}\n"
      "        - {name: data, mountPath: /d}\n"
      "        - {name: data, mountPath: /d}\n";
  CHECK(
      complaints(manifest("a", mounts + kVolume)) ==
      "p.yaml:10: spec.services[0].volumeMounts[0].mountPath: `data` must be absolute (start with "
      "/)\n"
      "p.yaml:12: spec.services[0].volumeMounts[2].mountPath: `/d` is used before, in "
      "spec.services[0].volumeMounts[1]\n");
}

TEST_CASE("a typo is refused with path, line and the nearest name [E22]") {
  CHECK(complaints(manifest("a", "      imag: x\n      volumemounts: []\n")) ==
        "p.yaml:9: spec.services[0].imag: is not known; did you mean `image`?\n"
        "p.yaml:10: spec.services[0].volumemounts: is not known; did you mean `volumeMounts`?\n");
}

TEST_CASE("broken YAML is refused with its line [E22]") {
  CHECK(complaints(manifest("a", "      image: y\n")) ==
        "p.yaml:9: duplicate key `image`, first on line 8\n");
  CHECK(complaints(manifest("a", "\tx: y\n")).starts_with("p.yaml:9: "));
  CHECK(complaints("a: [1, 2\n").starts_with("p.yaml:"));
  CHECK(complaints("a: \xff\n").starts_with("p.yaml:1: "));
  CHECK(complaints("# only words\n---\n") == "p.yaml: no manifest in it\n");
  CHECK(applied("\xEF\xBB\xBF" + manifest("bom")).metadata.name == "bom");
  std::string bomb = "a: &a [x,x,x,x,x,x,x,x,x,x]\n";
  for (char c = 'b'; c <= 'j'; ++c) {
    const std::string before = "*" + std::string(1, static_cast<char>(c - 1));
    bomb += std::string(1, c) + ": &" + c + " [" + before;
    for (int i = 0; i < 9; ++i) bomb += "," + before;
    bomb += "]\n";
  }
  CHECK(complaints(bomb).starts_with("p.yaml:"));
  CHECK(complaints(std::string(11 * 1024 * 1024, '#')).find("bytes") != std::string::npos);
}

TEST_CASE("what cannot be read is named") {
  CliBench bench;
  CHECK(bench.run({"apply", "-f", bench.folder() + "/none.yaml"}).err ==
        "none.yaml: No such file or directory\nerror: nothing was applied\n");
}

TEST_CASE("a manifest over the limit is refused before it is sent [E8]") {
  std::string env = "      env:\n";
  for (int i = 0; i < 3; ++i) {
    env +=
        "        - {name: V" + std::to_string(i) + ", value: " + std::string(100'000, 'x') + "}\n";
  }
  CHECK(complaints(manifest("a", env)) ==
        "p.yaml:1: the manifest has 300333 bytes; at most 262144 are allowed\n");
}

TEST_CASE("status and what the server writes are ignored [E23]") {
  const auto project = applied(manifest("a", "status:\n  phase: Running\n  nonsense: 1\n"));
  CHECK(project.status.phase == schema::Phase::kPending);
  std::string text = manifest("a");
  text.insert(text.find("spec:"), "  uid: mine\n  generation: 7\n  createdAt: whenever\n");
  CHECK(applied(text).metadata.uid == "uid-a");
}
