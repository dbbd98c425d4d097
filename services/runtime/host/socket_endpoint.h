// SocketEndpoint: a connected (or connecting) stream socket as one side of a stream, with
// half-close in both directions.
#pragma once

#include "services/runtime/host/stream_endpoint.h"

namespace cara::host {

class SocketEndpoint : public Endpoint {
 public:
  // Owns `fd`, which is non-blocking from here on.
  explicit SocketEndpoint(int fd);
  ~SocketEndpoint() override;
  SocketEndpoint(const SocketEndpoint&) = delete;
  SocketEndpoint& operator=(const SocketEndpoint&) = delete;

  int read_fd() const override { return fd_; }
  int write_fd() const override { return fd_; }
  Read read(std::size_t limit) override;
  Result<std::size_t> write(std::string_view bytes, schema::Channel channel) override;
  void end_of_input() override;
  bool waits_for_input() const override { return true; }

 private:
  const int fd_;
};

}  // namespace cara::host
