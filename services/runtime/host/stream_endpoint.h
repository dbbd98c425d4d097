// Endpoint: the bytes of one side of a stream: a socket, the terminal, a container's output. The
// StreamPump joins it with the bus.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "schema/streams.h"
#include "services/runtime/stream_end.h"

namespace cara::host {

// All methods: called by the pump's thread only, and none of them blocks.
class Endpoint {
 public:
  struct Read {
    enum Status { kAgain, kData, kEnd, kFailed };
    Status status = kAgain;
    std::string data = {};
    schema::Channel channel = schema::Channel::kStdout;
    Error error = {};
  };
  // Any thread, at most once.
  using Done = std::function<void(runtime::StreamResult)>;

  virtual ~Endpoint() = default;

  // Polled for reading while the other end takes more; -1: nothing is ever to be read.
  virtual int read_fd() const = 0;
  // At most `limit` bytes. Not called again after kEnd or kFailed.
  virtual Read read(std::size_t limit) = 0;

  // Polled for writing while bytes wait; -1: it can always be tried.
  virtual int write_fd() const = 0;
  // How many bytes it took, from the front. An error ends the stream.
  virtual Result<std::size_t> write(std::string_view bytes, schema::Channel channel) = 0;
  // The other end sends no more, and all of it was written: half-close.
  virtual void end_of_input() {}

  // --- The client's
  // The other end is there: from now on its bytes come. `container`: of logs, whose they are.
  virtual void opened(const std::string& /*container*/) {}

  // --- The agent's
  // Of logs: the client is told, and may go on there later.
  virtual std::string container() const { return {}; }
  // False: the stream is over when read() has said kEnd. True: only when the client has ended, too.
  virtual bool waits_for_input() const { return false; }
  virtual void resize(std::int64_t /*columns*/, std::int64_t /*rows*/) {}
  virtual void signal(const std::string& /*name*/) {}
  // The stream is over as it should: what to close it with.
  virtual void finish(Done done) { done({}); }

  // The stream is over otherwise: the client is gone, or something failed.
  virtual void abandon() {}
};

}  // namespace cara::host
