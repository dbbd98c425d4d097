// Who is who: NKeys, credentials and TLS on a real nats-server; a wrong one is one clear sentence.
#include <array>
#include <cstdlib>
#include <fstream>

#include "services/runtime/host/bus_client.h"
#include "services/runtime/host/nkey.h"
#include "tests/catch_compat.h"
#include "tests/integration/nats_server.h"

using namespace cara;
using namespace cara::test;
using host::BusAccess;
using host::BusClient;

namespace {

// A folder with a CA, certificates that it signed, and one that it did not.
class Files {
 public:
  Files() {
    std::string pattern = (std::filesystem::temp_directory_path() / "cara-tls-XXXXXX").string();
    if (mkdtemp(pattern.data()) == nullptr) throw std::runtime_error("no temporary directory");
    folder_ = pattern;
    own("ca");
    own("stranger");
    signed_by_ca("server", "DNS:localhost");
    signed_by_ca("client", "DNS:client");
  }
  ~Files() { std::filesystem::remove_all(folder_); }

  std::string path(const std::string& name) const { return (folder_ / name).string(); }
  std::string write(const std::string& name, const std::string& text) const {
    std::ofstream(folder_ / name) << text;
    return path(name);
  }
  // A new one, in a file.
  std::string nkey(const std::string& name) const {
    return write(name, host::new_nkey_seed().value() + "\n");
  }
  std::string public_key(const std::string& name) const {
    std::ifstream file(path(name));
    std::string seed;
    file >> seed;
    return host::public_nkey(seed).value();
  }
  std::string tls(const std::string& more = "") const {
    return "tls { cert_file: \"" + path("server.crt") + "\", key_file: \"" + path("server.key") +
           "\", timeout: 5\n" + more + "}\n";
  }

 private:
  void run(const std::string& command) const {
    const std::string all = "cd " + folder_.string() + " && " + command + " 2>/dev/null";
    REQUIRE(std::system(all.c_str()) == 0);
  }
  void own(const std::string& name) const {
    run("openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 30 -subj "
        "/CN=" +
        name + " -keyout " + name + ".key -out " + name + ".crt");
  }
  void signed_by_ca(const std::string& name, const std::string& alternative) const {
    write(name + ".ext", "subjectAltName=" + alternative);
    run("openssl req -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -subj /CN=" + name +
        " -keyout " + name + ".key -out " + name + ".csr");
    run("openssl x509 -req -in " + name + ".csr -CA ca.crt -CAkey ca.key -CAcreateserial -days 30" +
        " -extfile " + name + ".ext -out " + name + ".crt");
  }

  std::filesystem::path folder_;
};

const Files& files() {
  static const Files kFiles;
  return kFiles;
}

std::string url_of(const NatsServer& server) {
  return "nats://localhost:" + std::to_string(server.port());
}

// Empty: it connects, and says something there.
std::string complaint(const std::string& url, const BusAccess& access) {
  auto client = BusClient::connect({.url = url, .access = access});
  if (!client) return client.error().message;
  const auto heard = (*client)->subscribe("t.x");
  return heard ? "" : heard.error().message;
}

bool says(const std::string& sentence, const std::string& part) {
  INFO(sentence);
  CHECK(sentence.find(part) != std::string::npos);
  return sentence.find(part) != std::string::npos;
}

}  // namespace

TEST_CASE("an NKey is known by its public half, which anybody may read") {
  // Of the specification's authors: github.com/nats-io/nkeys has the pair in its tests.
  CHECK(host::public_nkey("SUAMLK2ZNL35WSMW37E7UD4VZ7ELPKW7DHC3BWBSD2GCZ7IUQQXZIORRBU").ok());
  for (const char* wrong : {"", "S", "SUAMLK2ZNL35WSMW37E7UD4VZ7ELPKW7DHC3BWBSD2GCZ7IUQQXZIORRBV",
                            "SAAMLK2ZNL35WSMW37E7UD4VZ7ELPKW7DHC3BWBSD2GCZ7IUQQXZIORRBU", "1!"}) {
    CHECK_FALSE(host::public_nkey(wrong).ok());
  }
  const std::string seed = host::new_nkey_seed().value();
  CHECK(seed.size() == 58);
  CHECK(seed.starts_with("SU"));
  CHECK(host::public_nkey(seed).value().size() == 56);
  CHECK(host::public_nkey(seed).value().starts_with("U"));
  CHECK(seed != host::new_nkey_seed().value());
}

TEST_CASE("an NKey user is let in, others and unusable files are told why") {
  const std::string mine = files().nkey("mine.nk");
  NatsServer server("authorization { users: [{nkey: " + files().public_key("mine.nk") + "}] }");
  const auto with = [&](const std::string& file) {
    return complaint(url_of(server), {.nkey_file = file});
  };
  CHECK(with(mine).empty());
  CHECK(says(with(files().nkey("other.nk")), "refuses these credentials"));
  CHECK(says(with(files().path("nowhere.nk")), "--nats-nkey: "));
  CHECK(says(with(files().path("nowhere.nk")), "nowhere.nk cannot be read: No such file"));
  CHECK(says(with(files().write("none.nk", "hello\n")), "holds no NKey seed of a user"));
  CHECK(says(with(""), "refuses these credentials"));
  CHECK(BusClient::connect({.url = url_of(server)}).error().code == Code::kForbidden);
}

TEST_CASE("credentials that are none are not sent anywhere") {
  NatsServer server;
  CHECK(says(complaint(url_of(server), {.creds_file = files().write("x.creds", "hello\n")}),
             "x.creds holds no NATS credentials"));
  CHECK(says(complaint(url_of(server), {.creds_file = "a", .nkey_file = "b"}), "give one"));
  CHECK(says(complaint(url_of(server), {.creds_file = "/"}), "/ cannot be read: Is a directory"));
}

TEST_CASE("TLS: the server's certificate is checked, and its name") {
  NatsServer server(files().tls());
  const std::string ca = files().path("ca.crt");
  CHECK(complaint(url_of(server), {.ca_file = ca}).empty());
  CHECK(complaint("tls://localhost:" + std::to_string(server.port()), {.ca_file = ca}).empty());
  CHECK(
      says(complaint(url_of(server), {.ca_file = files().path("stranger.crt")}), "is not trusted"));
  CHECK(says(complaint(url_of(server), {}), "is not trusted"));
  CHECK(says(complaint(url_of(server), {.ca_file = files().path("ca.key")}),
             "holds no certificate in PEM"));
  // Some other certificate of this very CA would do for a server's otherwise.
  CHECK(says(complaint(server.url(), {.ca_file = ca}), "is not for"));
  CHECK(complaint(server.url(), {.ca_file = ca, .server_name = "localhost"}).empty());
  CHECK(says(complaint(url_of(server), {.ca_file = ca, .server_name = "other"}), "is not for"));
}

TEST_CASE("whoever names a CA never speaks in clear text") {
  NatsServer server;
  CHECK(says(complaint(url_of(server), {.ca_file = files().path("ca.crt")}), "speaks no TLS"));
}

TEST_CASE("a server that asks for a certificate gets ours") {
  NatsServer server(files().tls("ca_file: \"" + files().path("ca.crt") + "\", verify: true\n"));
  BusAccess access{.ca_file = files().path("ca.crt"),
                   .cert_file = files().path("client.crt"),
                   .key_file = files().path("client.key")};
  CHECK(complaint(url_of(server), access).empty());
  CHECK(says(complaint(url_of(server), {.ca_file = access.ca_file}), "--nats-cert"));
  access.key_file = files().path("stranger.key");
  CHECK(says(complaint(url_of(server), access), "no certificate in PEM that goes with"));
  access.key_file.clear();
  CHECK(says(complaint(url_of(server), access), "belong together"));
}

TEST_CASE("of several servers each has its own name, and the one that is there is found") {
  NatsServer server(files().tls());
  const std::string urls = "nats://127.0.0.1:" + std::to_string(free_port()) + "," + url_of(server);
  for (int i = 0; i < 4; ++i) {
    CHECK(complaint(urls, {.ca_file = files().path("ca.crt")}).empty());
  }
}
