// StreamEnd: what one end of a byte stream knows (schema/streams.h): numbers, credit, who has
// ended, and whether the other end still lives. Pure: bytes and time come from its owner.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "schema/result.h"
#include "schema/streams.h"
#include "services/runtime/actor.h"

namespace cara::runtime {

// How a stream ended.
struct StreamResult {
  std::optional<std::int64_t> exit_code;  // of an exec
  std::optional<Error> error;
};

// The agent's answer to an open stream takes as long as its engine's, which may pull nothing.
inline constexpr Duration kOpenPatience = std::chrono::seconds(15);

class StreamEnd {
 public:
  enum class Side { kClient, kAgent };

  // `window`: bytes that this end takes; the client's is in its request. `credit`: what the other
  // end takes, as its request said; a client learns it when the stream is opened.
  StreamEnd(Side side, std::int64_t window, std::int64_t credit, MonoTime now);

  // --- Frames of this end. REQUIRES for all: !closed().
  schema::StreamFrame opened(MonoTime now);
  // Bytes that may be sent now.
  std::int64_t sendable() const;
  // REQUIRES: at most sendable() bytes, and end() was not sent.
  schema::StreamFrame data(std::string bytes, schema::Channel channel, MonoTime now);
  schema::StreamFrame end(MonoTime now);
  schema::StreamFrame resize(std::int64_t columns, std::int64_t rows, MonoTime now);
  schema::StreamFrame signal(std::string name, MonoTime now);
  schema::StreamFrame close(const StreamResult& result, MonoTime now);
  // `bytes` of what was received have been passed on. A frame that grants as much again, when it is
  // worth one.
  std::optional<schema::StreamFrame> consumed(std::int64_t bytes, MonoTime now);
  // Call it about once a second. An error: the other end has been silent for too long.
  Result<std::optional<schema::StreamFrame>> tick(MonoTime now);

  // --- Frames of the other end.
  // False: it is an old one, to be ignored. An error: the stream cannot go on.
  Result<bool> receive(const schema::StreamFrame& frame, MonoTime now);

  bool is_open() const { return open_; }
  bool has_ended() const { return ended_; }  // this end sends no more data
  bool peer_has_ended() const { return peer_ended_; }
  bool closed() const { return closed_; }                 // by either end
  const StreamResult& result() const { return result_; }  // as the other end closed it

 private:
  schema::StreamFrame frame(schema::FrameKind kind, MonoTime now);
  Result<bool> receive_data(const schema::StreamFrame& frame);

  const Side side_;
  const std::int64_t window_;
  std::int64_t credit_;          // may be sent
  std::int64_t granted_;         // may be received
  std::int64_t returnable_ = 0;  // passed on, and not granted again yet
  std::int64_t sent_ = 0;        // frames
  std::int64_t received_ = 0;    // frames
  bool open_;
  bool ended_ = false;
  bool peer_ended_ = false;
  bool closed_ = false;
  StreamResult result_;
  MonoTime last_sent_;
  MonoTime last_heard_;
};

}  // namespace cara::runtime
