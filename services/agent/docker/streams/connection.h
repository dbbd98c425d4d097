// Connection: one exchange with the Docker engine whose connection is taken over behind the head of
// the answer. libcurl does the others; it gives no connection away.
#pragma once

#include <chrono>
#include <string>
#include <string_view>

#include "schema/result.h"
#include "services/agent/docker/http.h"

namespace cara::docker {

using Deadline = std::chrono::steady_clock::time_point;
// At least 1 ms: none at all would mean for ever to libcurl.
std::chrono::milliseconds time_left(Deadline deadline);

class Connection {
 public:
  // All of these block until the deadline at most: a frozen engine accepts and never answers.
  static Result<Connection> open(const Endpoint& where, Deadline deadline);
  // To anything else that listens. The errors name `what`.
  static Result<Connection> open_tcp(const std::string& host, const std::string& port,
                                     const std::string& what, Deadline deadline);
  // Of a connected, non-blocking descriptor, which is its own from here on.
  static Connection adopt(int fd, std::string where) { return {fd, std::move(where)}; }
  ~Connection();
  Connection(Connection&& other) noexcept;
  Connection& operator=(Connection&&) = delete;

  Result<Ok> send(std::string_view bytes, Deadline deadline);
  // Reads the head of the answer and not one byte more; its status.
  Result<long> read_head(Deadline deadline);
  // What comes behind it, until the engine ends it; at most 64 KiB.
  std::string read_rest(Deadline deadline);
  // The descriptor, non-blocking, is the caller's.
  int release();

 private:
  Connection(int fd, std::string where) : fd_(fd), where_(std::move(where)) {}
  static Result<Connection> connect(int fd, const void* address, unsigned size,
                                    const std::string& where, Deadline deadline);
  bool wait(short events, Deadline deadline) const;
  Error late() const;

  int fd_;
  std::string where_;
};

// The status of a complete head of an answer; 0: it is none.
long status_of(std::string_view head);
inline constexpr std::string_view kHeadEnd = "\r\n\r\n";
inline constexpr std::size_t kMaxHead = 64 * 1024;

// `GET /path HTTP/1.1` and the header lines, each with its end; to be followed by the body.
std::string request_head(std::string_view method, std::string_view path, std::string_view version,
                         std::string_view headers);

}  // namespace cara::docker
