// The client's side of the NATS protocol, as text in and out; no socket.
// https://docs.nats.io/reference/reference-protocols/nats-protocol
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "schema/result.h"

namespace cara::hollow {

// --- What a server says --------------------------------------------------------------------------
struct ServerInfo {
  std::size_t max_payload = 0;
};
struct ServerMessage {
  std::string subject;
  std::string reply;  // empty: no answer is wanted
  std::string payload;
  int status = 0;  // of its headers; 503: nobody listens on the asked subject; 0: none
};
struct ServerPing {};
struct ServerPong {};
struct ServerOk {};
struct ServerError {
  std::string text;  // without the quotes
};
using ServerOp =
    std::variant<ServerInfo, ServerMessage, ServerPing, ServerPong, ServerOk, ServerError>;

inline constexpr int kNoResponders = 503;

struct WireLimits {
  std::size_t line = 32 * 1024;  // INFO is the longest
  std::size_t payload = 2 * 1024 * 1024;
};

// Takes bytes as they come, in pieces of any size.
class WireParser {
 public:
  explicit WireParser(WireLimits limits = {}) : limits_(limits) {}

  // Appends what is complete. An error (kInvalid) is the end of the connection: the parser takes
  // nothing after it.
  Result<Ok> feed(std::string_view bytes, std::vector<ServerOp>& out);

 private:
  // A message whose payload is awaited.
  struct Head {
    ServerMessage message;
    std::size_t header_size = 0;
    std::size_t size = 0;  // with the headers
  };
  enum class Progress { kMade, kNeedsMore };

  Result<Progress> parse_one(std::string_view& rest, std::vector<ServerOp>& out);
  Result<Progress> parse_payload(std::string_view& rest, std::vector<ServerOp>& out);
  Result<Ok> parse_line(std::string_view line, std::vector<ServerOp>& out);
  Result<Ok> parse_head(std::string_view arguments, bool with_headers);

  WireLimits limits_;
  std::string unread_;
  std::optional<Head> head_;
  std::optional<Error> broken_;
};

// --- What a client says, appended to `out` -------------------------------------------------------
struct ClientHello {
  std::string name;
  std::string user;  // empty: no credentials
  std::string password;
};
void put_connect(std::string& out, const ClientHello& hello);
// REQUIRES: subjects, queue and reply without blanks and control characters.
void put_subscribe(std::string& out, std::string_view subject, std::string_view queue,
                   std::uint64_t sid);
void put_publish(std::string& out, std::string_view subject, std::string_view reply,
                 std::string_view payload);
void put_ping(std::string& out);
void put_pong(std::string& out);

}  // namespace cara::hollow
