// The NATS protocol of the hollow agents.
#include "tests/hollow/nats_wire.h"

#include <string>
#include <vector>

#include "tests/catch_compat.h"

using namespace cara::hollow;

namespace {

// One of each, with every optional part once there and once not.
const std::string kStream =
    "INFO {\"server_id\":\"S\",\"max_payload\":1048576,\"headers\":true}\r\n"
    "PING\r\n"
    "PONG\r\n"
    "+OK\r\n"
    "-ERR 'Permissions Violation for Publish to \"cara.v1.hb.b\"'\r\n"
    "MSG a.b 1 0\r\n\r\n"
    "MSG a.b\t12 _INBOX.x.1 5\r\na\r\nbc\r\n"
    "HMSG _INBOX.x.2 1 16 16\r\nNATS/1.0 503\r\n\r\n\r\n"
    "HMSG a.b 1 r.s 19 21\r\nNATS/1.0\r\nk: vv\r\n\r\nhi\r\n";

std::string said(const ServerInfo& info) { return "info " + std::to_string(info.max_payload); }
std::string said(const ServerMessage& message) {
  return message.subject + "|" + message.reply + "|" + message.payload + "|" +
         std::to_string(message.status);
}
std::string said(const ServerPing&) { return "ping"; }
std::string said(const ServerPong&) { return "pong"; }
std::string said(const ServerOk&) { return "ok"; }
std::string said(const ServerError& error) { return "error " + error.text; }

std::vector<std::string> all_said(const std::vector<ServerOp>& ops) {
  std::vector<std::string> lines;
  for (const ServerOp& op : ops) {
    lines.push_back(std::visit([](const auto& one) { return said(one); }, op));
  }
  return lines;
}

const std::vector<std::string> kSaid{"info 1048576",
                                     "ping",
                                     "pong",
                                     "ok",
                                     "error Permissions Violation for Publish to \"cara.v1.hb.b\"",
                                     "a.b|||0",
                                     "a.b|_INBOX.x.1|a\r\nbc|0",
                                     "_INBOX.x.2|||503",
                                     "a.b|r.s|hi|0"};

std::string error_of(const std::string& text, WireLimits limits = {}) {
  WireParser parser(limits);
  std::vector<ServerOp> ops;
  const auto fed = parser.feed(text, ops);
  if (fed.ok()) return "";
  CHECK_FALSE(parser.feed("PING\r\n", ops).ok());
  CHECK(ops.empty());
  return fed.error().message;
}

}  // namespace

TEST_CASE("what a server says is read however it is cut") {
  for (std::size_t cut = 0; cut <= kStream.size(); ++cut) {
    WireParser parser;
    std::vector<ServerOp> ops;
    REQUIRE(parser.feed(kStream.substr(0, cut), ops).ok());
    REQUIRE(parser.feed(kStream.substr(cut), ops).ok());
    REQUIRE(all_said(ops) == kSaid);
  }
  WireParser parser;
  std::vector<ServerOp> ops;
  for (const char byte : kStream) REQUIRE(parser.feed({&byte, 1}, ops).ok());
  CHECK(all_said(ops) == kSaid);
}

TEST_CASE("garbage from a server is an error, and the end") {
  for (const char* text : {"HTTP/1.1 400\r\n",
                           "\r\n",
                           "ping\r\n",
                           "PING me\r\n",
                           "MSG\r\n",
                           "MSG a 1\r\n",
                           "MSG a 1 -1\r\n",
                           "MSG a 1 x\r\n",
                           "MSG a 1 b c 2\r\n",
                           "MSG a 1 99999999999999999999\r\n",
                           "MSG a 1 1\r\nabc",
                           "HMSG a 1 2\r\n",
                           "HMSG a 1 9 8\r\n",
                           "HMSG a 1 4 4\r\nabcd\r\n",
                           "HMSG a 1 16 16\r\nNATS/1.0 5x3\r\n\r\n\r\n",
                           "INFO\r\n",
                           "INFO []\r\n",
                           "INFO {\r\n",
                           "INFO {\"max_payload\":-1}\r\n",
                           "INFO {\"max_payload\":\"1\"}\r\n"}) {
    INFO(text);
    CHECK(error_of(text).find("no NATS protocol") != std::string::npos);
  }
  std::string bytes;
  for (int i = 0; i < 70'000; ++i) bytes += static_cast<char>(i * i % 251);
  CHECK_FALSE(error_of(bytes).empty());
}

TEST_CASE("a line and a message have a limit, told before they are complete") {
  const WireLimits limits{.line = 40, .payload = 10};
  CHECK(error_of("-ERR " + std::string(35, 'x') + "\r\n", limits).empty());
  CHECK_FALSE(error_of("-ERR " + std::string(36, 'x') + "\r\n", limits).empty());
  CHECK_FALSE(error_of(std::string(42, 'x'), limits).empty());
  CHECK(error_of("MSG a 1 10\r\n", limits).empty());
  CHECK_FALSE(error_of("MSG a 1 11\r\n", limits).empty());
}

TEST_CASE("what a client says is the protocol's text") {
  std::string out;
  put_subscribe(out, "a.*", "", 1);
  put_subscribe(out, "a.b", "q", 2);
  put_publish(out, "a.b", "", "");
  put_publish(out, "a.b", "r.1", "x\r\ny");
  put_ping(out);
  put_pong(out);
  CHECK(out ==
        "SUB a.* 1\r\nSUB a.b q 2\r\nPUB a.b 0\r\n\r\nPUB a.b r.1 4\r\nx\r\ny\r\nPING\r\nPONG\r\n");
}

TEST_CASE("a client's credentials cannot break out of their line") {
  std::string out;
  put_connect(out, {.name = "n", .user = "u\"\r\nPUB", .password = "\xff"});
  CHECK(out.find("\r\n") == out.size() - 2);
  CHECK(out.find(R"("user":"u\"\r\nPUB")") != std::string::npos);
  std::string anonymous;
  put_connect(anonymous, {.name = "n"});
  CHECK(anonymous.find("user") == std::string::npos);
}
