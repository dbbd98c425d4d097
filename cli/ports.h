// Local ports that are forwarded: how they are written, and who listens on them.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "schema/result.h"

namespace cara::cli {

struct PortPair {
  std::uint16_t local = 0;  // 0: a free one
  std::uint16_t remote = 0;
  bool operator==(const PortPair&) const = default;
};
// `8080:80`, `80` for `80:80`, `:80` for a free one.
Result<PortPair> parse_port_pair(std::string_view text);

// A listening TCP socket, non-blocking.
class Listener {
 public:
  // `address` is numeric. The port is chosen when it is 0.
  static Result<Listener> open(const std::string& address, std::uint16_t port);
  ~Listener();
  Listener(Listener&& other) noexcept;
  Listener& operator=(Listener&&) = delete;

  int fd() const { return fd_; }
  std::uint16_t port() const { return port_; }
  std::string name() const;  // `127.0.0.1:8080`, `[::1]:8080`
  // -1: nobody waits any more; errno says if it is something worse.
  int accept() const;

 private:
  Listener(int fd, std::string address, std::uint16_t port);

  int fd_;
  std::string address_;
  std::uint16_t port_;
};

}  // namespace cara::cli
