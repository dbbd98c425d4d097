// Streams: the byte streams of this process to nodes' agents (schema/streams.h), as commands see
// them. PumpStreams is the real thing; tests bring a fake.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "schema/streams.h"
#include "services/runtime/host/stream_endpoint.h"
#include "services/runtime/stream_end.h"

namespace cara::cli {

// One thread calls all of it.
class Streams {
 public:
  // What became of a stream; several may come in one.
  struct Event {
    std::int64_t stream = 0;
    bool opened = false;         // its agent answers
    std::string container = {};  // of logs, when opened: whose they are
    std::string bytes = {};
    schema::Channel channel = schema::Channel::kStdout;
    std::optional<runtime::StreamResult> over = {};  // the last one of its stream
  };

  virtual ~Streams() = default;

  // Asks for `stream.<verb>`; the number of the stream. Its bytes are the endpoint's; without one
  // they come as events, as fast as those are taken.
  virtual Result<std::int64_t> open(std::string_view verb, schema::StreamRequest request,
                                    std::unique_ptr<host::Endpoint> endpoint,
                                    runtime::Duration timeout) = 0;
  virtual void resize(std::int64_t stream, std::int64_t columns, std::int64_t rows) = 0;
  virtual void signal(std::int64_t stream, std::string name) = 0;
  // No event of it comes any more.
  virtual void close(std::int64_t stream) = 0;

  // Nothing: none came within `patience`, or a signal did.
  virtual std::optional<Event> next(runtime::Duration patience) = 0;
  // Readable while next() has something; -1: it cannot be polled.
  virtual int event_fd() const = 0;
};

}  // namespace cara::cli
