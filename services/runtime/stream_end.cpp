#include "services/runtime/stream_end.h"

#include <algorithm>
#include <utility>

#include "schema/check.h"
#include "schema/codec.h"

namespace cara::runtime {

using schema::FrameKind;
using schema::StreamFrame;

StreamEnd::StreamEnd(Side side, std::int64_t window, std::int64_t credit, MonoTime now)
    : side_(side),
      window_(window),
      credit_(credit),
      granted_(window),
      open_(side == Side::kAgent),
      last_sent_(now),
      last_heard_(now) {}

StreamFrame StreamEnd::frame(FrameKind kind, MonoTime now) {
  CARA_CHECK(!closed_);
  last_sent_ = now;
  return {.kind = kind, .seq = ++sent_};
}

StreamFrame StreamEnd::opened(MonoTime now) {
  StreamFrame out = frame(FrameKind::kOpened, now);
  out.bytes = window_;
  return out;
}

std::int64_t StreamEnd::sendable() const {
  return open_ && !ended_ && !closed_ ? std::min(credit_, schema::kMaxChunk) : 0;
}

StreamFrame StreamEnd::data(std::string bytes, schema::Channel channel, MonoTime now) {
  const auto size = static_cast<std::int64_t>(bytes.size());
  CARA_CHECK(size <= sendable());
  credit_ -= size;
  StreamFrame out = frame(FrameKind::kData, now);
  out.data.data = std::move(bytes);
  out.channel = channel;
  return out;
}

StreamFrame StreamEnd::end(MonoTime now) {
  ended_ = true;
  return frame(FrameKind::kEnd, now);
}

StreamFrame StreamEnd::resize(std::int64_t columns, std::int64_t rows, MonoTime now) {
  StreamFrame out = frame(FrameKind::kResize, now);
  out.columns = columns;
  out.rows = rows;
  return out;
}

StreamFrame StreamEnd::signal(std::string name, MonoTime now) {
  StreamFrame out = frame(FrameKind::kSignal, now);
  out.signal = std::move(name);
  return out;
}

StreamFrame StreamEnd::close(const StreamResult& result, MonoTime now) {
  StreamFrame out = frame(FrameKind::kClose, now);
  out.exit_code = result.exit_code;
  if (result.error) {
    out.code = schema::wire_name(result.error->code);
    out.message = result.error->message;
  }
  closed_ = true;
  return out;
}

std::optional<StreamFrame> StreamEnd::consumed(std::int64_t bytes, MonoTime now) {
  returnable_ += bytes;
  // The other end goes on sending while the grant is under way.
  if (closed_ || peer_ended_ || returnable_ < window_ / 2) return std::nullopt;
  granted_ += returnable_;
  StreamFrame out = frame(FrameKind::kCredit, now);
  out.bytes = std::exchange(returnable_, 0);
  return out;
}

Result<std::optional<StreamFrame>> StreamEnd::tick(MonoTime now) {
  using Frame = std::optional<StreamFrame>;
  if (closed_) return Frame();
  const Duration silent = now - last_heard_;
  if (!open_) {
    if (silent < kOpenPatience) return Frame();
    return Error{Code::kTimeout, "the node's agent does not answer", {}};
  }
  if (silent >= schema::kPeerSilence) {
    const char* who = side_ == Side::kClient ? "the node's agent" : "the client";
    return Error{Code::kUnavailable, std::string(who) + " is silent: it is gone, or cut off", {}};
  }
  if (now - last_sent_ < schema::kPingEvery) return Frame();
  return Frame(frame(FrameKind::kPing, now));
}

Result<bool> StreamEnd::receive_data(const StreamFrame& frame) {
  const auto size = static_cast<std::int64_t>(frame.data.data.size());
  if (peer_ended_) return invalid("data came behind the end of a stream");
  if (size > granted_) return invalid("the other end of a stream sent more than it was granted");
  granted_ -= size;
  return true;
}

Result<bool> StreamEnd::receive(const StreamFrame& frame, MonoTime now) {
  if (closed_) return false;
  const bool failed = frame.kind == FrameKind::kClose && !frame.code.empty();
  if (frame.seq <= received_ && !failed) return false;
  // Whoever closes because of an error may know no number any more.
  if (frame.seq != received_ + 1 && !failed) {
    return Error{Code::kUnavailable, "a part of the stream was lost on the bus", {}};
  }
  received_ = std::max(received_, frame.seq);
  last_heard_ = now;
  switch (frame.kind) {
    case FrameKind::kOpened:
      if (open_) return invalid("a stream was opened twice");
      open_ = true;
      credit_ = std::clamp<std::int64_t>(frame.bytes, 0, schema::kMaxWindow);
      return true;
    case FrameKind::kData:
      return receive_data(frame);
    case FrameKind::kCredit:
      if (frame.bytes < 0 || frame.bytes > schema::kMaxWindow) {
        return invalid("a stream was granted " + std::to_string(frame.bytes) + " bytes");
      }
      credit_ = std::min(credit_ + frame.bytes, schema::kMaxWindow);
      return true;
    case FrameKind::kEnd:
      peer_ended_ = true;
      return true;
    case FrameKind::kClose:
      closed_ = true;
      result_.exit_code = frame.exit_code;
      if (failed) result_.error = Error{schema::code_from_wire(frame.code), frame.message, {}};
      return true;
    case FrameKind::kResize:
    case FrameKind::kSignal:
    case FrameKind::kPing:
      return true;
  }
  return true;
}

}  // namespace cara::runtime
