// What a StreamPump does with what other threads hand it.
#include <spdlog/spdlog.h>

#include <utility>

#include "schema/wire.h"
#include "services/runtime/host/clock.h"
#include "services/runtime/host/stream_pump_state.h"

namespace cara::host {

using runtime::StreamEnd;
using schema::FrameKind;
using schema::StreamFrame;
using schema::StreamId;

StreamId StreamPump::key_of(StreamId id) const {
  if (options_.side == Side::kClient) id.node.clear();
  return id;
}

StreamPump::Stream* StreamPump::find(const StreamId& id) {
  const auto it = streams_.find(id);
  return it == streams_.end() || it->second->done ? nullptr : it->second.get();
}

// A client whose agent was started anew learns at once that its streams are no more; an agent, that
// nobody waits any more for what it has opened.
void StreamPump::refuse(const StreamId& id, FrameKind kind) {
  const bool is_agent = options_.side == Side::kAgent;
  if (kind == FrameKind::kClose || !connection_) return;
  if (!is_agent && kind != FrameKind::kOpened) return;
  StreamEnd nothing(options_.side, 0, 0, mono_now());
  const char* why = is_agent ? "the stream is not open at its node's agent any more"
                             : "the client has closed the stream";
  const StreamFrame close = nothing.close({{}, gone(why)}, mono_now());
  (void)connection_->publish(
      is_agent ? schema::stream_out_subject(id) : schema::stream_in_subject(id), "",
      schema::pack_message(close));
}

void StreamPump::take(BusMessage message) {
  const auto id = schema::parse_stream_subject(message.subject);
  auto frame = schema::unpack_message<StreamFrame>(message.body);
  if (!id || !frame) return;  // garbage: if it was a frame, the next one's number shows it
  Stream* stream = find(key_of(*id));
  if (stream == nullptr) return refuse(*id, frame->kind);
  stream->peer.node = id->node;
  apply(key_of(*id), *stream, std::move(*frame));
}

void StreamPump::apply(const StreamId& id, Stream& stream, StreamFrame frame) {
  const bool was_open = stream.end.is_open();
  const Result<bool> news = stream.end.receive(frame, mono_now());
  if (!news) return fail(id, stream, news.error());
  if (!*news) return;
  if (!was_open && stream.end.is_open()) stream.endpoint->opened(frame.container);
  if (frame.kind == FrameKind::kData && !frame.data.empty()) {
    stream.waiting.emplace_back(frame.channel, std::move(frame.data.data));
  } else if (frame.kind == FrameKind::kResize) {
    stream.endpoint->resize(frame.columns, frame.rows);
  } else if (frame.kind == FrameKind::kSignal) {
    stream.endpoint->signal(frame.signal);
  }
}

void StreamPump::take(Connected connected) {
  connection_ = std::move(connected.connection);
  const Result<Ok> done = connection_->subscribe(options_.subscription, "");
  const bool ready = done && connection_->flush(std::chrono::seconds(2));
  if (!ready) return connector_.connect(std::move(connection_));
  const std::lock_guard lock(inbox_->mutex);
  inbox_->connected = true;
  inbox_->changed.notify_all();
}

void StreamPump::take(Closed) {
  // It may be said twice, and of the connection before.
  if (!connection_ || !connection_->is_closed()) return;
  {
    const std::lock_guard lock(inbox_->mutex);
    inbox_->connected = false;
  }
  end_all(unavailable("the connection to the NATS server was lost"));
  connector_.connect(std::move(connection_));
}

void StreamPump::take(Denied denied) {
  const std::string sentence = "the NATS server does not permit this stream: " + denied.sentence;
  if (options_.side == Side::kAgent)
    spdlog::warn("{}", sentence);
  else
    end_all(forbidden(sentence));
}

void StreamPump::take(Added added) {
  Stream& stream = *added.stream;
  if (streams_.contains(added.id)) {
    --inbox_->streams;
    return stream.over({{}, conflict("there is such a stream already")});
  }
  streams_[added.id] = std::move(added.stream);
  if (!connection_) return fail(added.id, stream, unavailable("there is no connection to the bus"));
  if (options_.side != Side::kAgent) return;
  StreamFrame opened = stream.end.opened(mono_now());
  opened.container = stream.endpoint->container();
  send(added.id, stream, opened);
}

void StreamPump::take(Resized resized) {
  Stream* stream = find(resized.id);
  if (stream == nullptr || !stream->end.is_open() || stream->end.closed()) return;
  send(resized.id, *stream, stream->end.resize(resized.columns, resized.rows, mono_now()));
}

void StreamPump::take(Signalled signalled) {
  Stream* stream = find(signalled.id);
  if (stream == nullptr || !stream->end.is_open() || stream->end.closed()) return;
  send(signalled.id, *stream, stream->end.signal(std::move(signalled.name), mono_now()));
}

void StreamPump::take(Finished finished) {
  Stream* stream = find(finished.id);
  if (stream == nullptr || !stream->finishing) return;
  stream->result = std::move(finished.result);
  stream->as_it_should = stream->done = true;
  if (!stream->end.closed())
    send(finished.id, *stream, stream->end.close(stream->result, mono_now()));
}

void StreamPump::take(Ended ended) {
  Stream* stream = find(ended.id);
  if (stream == nullptr) return;
  stream->result = std::move(ended.result);
  stream->done = true;
  if (!stream->end.closed()) send(ended.id, *stream, stream->end.close(stream->result, mono_now()));
}

}  // namespace cara::host
