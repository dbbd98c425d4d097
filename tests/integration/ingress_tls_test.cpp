// HTTPS with certificates that come, change and go while HAProxy runs.
#include <signal.h>

#include <array>
#include <cstdio>
#include <fstream>

#include "tests/catch_compat.h"
#include "tests/integration/ingress_world.h"
#include "tests/integration/nats_server.h"
#include "tests/integration/running_host.h"

using namespace cara;
using namespace cara::test;

namespace {

std::string run(const std::string& command) {
  FILE* pipe = popen(command.c_str(), "r");
  REQUIRE(pipe != nullptr);
  std::string out;
  std::array<char, 4096> piece{};
  while (const std::size_t got = fread(piece.data(), 1, piece.size(), pipe)) {
    out.append(piece.data(), got);
  }
  pclose(pipe);
  return out;
}

// `name`.pem with its key, for the host, in the owner's folder; `serial` tells one from another.
void make_certificate(const IngressWorld& world, const std::string& name, const std::string& host,
                      int serial) {
  const std::string base = (world.scratch() / name).string();
  run("openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 30"
      " -subj /CN=" +
      host + " -addext subjectAltName=DNS:" + host + " -set_serial " + std::to_string(serial) +
      " -keyout " + base + ".key -out " + base + ".crt 2>/dev/null");
  run("cat " + base + ".crt " + base + ".key > " + base + ".part && mv " + base + ".part " +
      (world.scratch() / "pem" / (name + ".pem")).string());
}

struct Secure {
  explicit Secure(IngressWorld& world) {
    std::filesystem::create_directory(world.scratch() / "pem");
    world.config().tls_listen = {{.ip = "127.0.0.1", .port = free_port()}};
    world.config().tls_folder = world.scratch() / "pem";
  }
};

// Status, HTTP version and serial number of the certificate, of a verified request.
std::string ask(const IngressWorld& world, IngressWorld& in, const std::string& name,
                const std::string& host) {
  const std::string port = std::to_string(in.config().tls_listen.front().port);
  const std::string out =
      run("curl -sv --max-time 5 --http2 --cacert " + (world.scratch() / (name + ".crt")).string() +
          " --resolve " + host + ":" + port +
          ":127.0.0.1 -o /dev/null -w '%{http_code} %{http_version}'"
          " https://" +
          host + ":" + port + "/ 2>/dev/null");
  return out;
}

std::string serial(IngressWorld& world, const std::string& host) {
  const std::string port = std::to_string(world.config().tls_listen.front().port);
  return run("openssl s_client -connect 127.0.0.1:" + port + " -servername " + host +
             " </dev/null 2>/dev/null | openssl x509 -noout -serial 2>/dev/null");
}

}  // namespace

TEST_CASE("https with the owner's certificates, HTTP/2 among it [S17]") {
  const Origin origin("shop");
  IngressWorld world;
  const Secure secure(world);
  world.start();  // there is none yet
  world.route({to_container("shop.example", origin.address()),
               to_container("blog.example", origin.address())});
  CHECK(world.ask(get("shop.example", "/")).status == 200);
  CHECK(serial(world, "shop.example").empty());
  const pid_t pid = world.pid();

  make_certificate(world, "shop", "shop.example", 17);
  REQUIRE(eventually([&] { return serial(world, "shop.example") == "serial=11\n"; }));
  CHECK(ask(world, world, "shop", "shop.example") == "200 2");
  CHECK(origin.received().find("x-forwarded-proto: https") != std::string::npos);
  CHECK(serial(world, "blog.example").empty());

  SECTION("another one of the same name replaces it") {
    make_certificate(world, "shop", "shop.example", 18);
    REQUIRE(eventually([&] { return serial(world, "shop.example") == "serial=12\n"; }));
    CHECK(ask(world, world, "shop", "shop.example") == "200 2");
  }
  SECTION("one for another host comes and goes") {
    make_certificate(world, "blog", "blog.example", 19);
    REQUIRE(eventually([&] { return serial(world, "blog.example") == "serial=13\n"; }));
    CHECK(serial(world, "shop.example") == "serial=11\n");
    std::filesystem::remove(world.scratch() / "pem" / "blog.pem");
    REQUIRE(eventually([&] { return serial(world, "blog.example").empty(); }));
    CHECK(serial(world, "shop.example") == "serial=11\n");
  }
  SECTION("a broken one is said, and the old one stays, also for the next HAProxy") {
    std::ofstream(world.scratch() / "pem" / "shop.pem") << "broken";
    REQUIRE(eventually([&] { return !world.sentences().empty(); }));
    CHECK(world.sentences()[0].find(
              "shop.pem is not used, what was used before is: HAProxy says: ") !=
          std::string::npos);
    CHECK(serial(world, "shop.example") == "serial=11\n");
    kill(pid, SIGKILL);
    REQUIRE(eventually([&] { return world.pid() != 0 && world.pid() != pid; }));
    CHECK(serial(world, "shop.example") == "serial=11\n");
    CHECK(world.sentences().size() == 1);
    return;
  }
  CHECK(world.pid() == pid);
}
