// StreamPump: many byte streams over one NATS connection of their own, so that bulk data delays no
// other message. One thread moves bytes between the bus and the streams' Endpoints and never blocks
// on either; memory is bounded by the streams' windows. The agent and caractrl use it alike.
//
// A connection that is lost ends its streams with kUnavailable; a new one is opened by itself.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <variant>
#include <vector>

#include "schema/subjects.h"
#include "services/runtime/host/connector.h"
#include "services/runtime/host/stream_endpoint.h"

namespace cara::host {

class StreamPump final : private BusListener {
 public:
  using Side = runtime::StreamEnd::Side;
  // How a stream ended; once for each, on the pump's thread. Must not block.
  using Over = std::function<void(const runtime::StreamResult&)>;

  struct Options {
    ConnectOptions connect;
    Side side = Side::kClient;
    std::string subscription;  // schema::streams_in_subjects() or streams_out_subjects()
    std::int64_t window = schema::kDefaultWindow;  // of each stream, as its request says it
    std::size_t max_streams = schema::kMaxStreamsPerNode;
  };

  explicit StreamPump(Options options);
  // Ends all streams, and tells the other ends; their `over` is not called any more.
  ~StreamPump() override;
  StreamPump(const StreamPump&) = delete;
  StreamPump& operator=(const StreamPump&) = delete;

  // --- Any thread
  // False: no connection yet.
  bool wait_connected(std::chrono::milliseconds patience);
  // The client: before it asks for the stream, because nothing of it may be missed; its node is
  // learned from the first frame. The agent: the stream is opened at once.
  // kUnavailable: there are max_streams, or no connection.
  Result<Ok> add(const schema::StreamId& stream, std::int64_t credit,
                 std::unique_ptr<Endpoint> endpoint, Over over);
  void resize(const schema::StreamId& stream, std::int64_t columns, std::int64_t rows);
  void signal(const schema::StreamId& stream, std::string name);
  // Ends it from this side. Its `over` is called with `result`.
  void close(const schema::StreamId& stream, runtime::StreamResult result);
  std::size_t open_streams() const;

 private:
  struct Stream;
  struct Inbox;
  struct Connected {
    std::unique_ptr<NatsConnection> connection;
  };
  struct Closed {};
  struct Denied {
    std::string sentence;
  };
  struct Added {
    schema::StreamId id;
    std::unique_ptr<Stream> stream;
  };
  struct Resized {
    schema::StreamId id;
    std::int64_t columns = 0;
    std::int64_t rows = 0;
  };
  struct Signalled {
    schema::StreamId id;
    std::string name;
  };
  struct Finished {
    schema::StreamId id;
    runtime::StreamResult result;
  };
  struct Ended {
    schema::StreamId id;
    runtime::StreamResult result;
  };
  using Item = std::variant<BusMessage, Connected, Closed, Denied, Added, Resized, Signalled,
                            Finished, Ended>;
  using Streams = std::map<schema::StreamId, std::unique_ptr<Stream>>;

  // BusListener: cnats' threads.
  void on_message(BusMessage message) override;
  void on_closed() override;
  void on_denied(std::string sentence) override;
  void on_missed() override {}  // the frames' numbers show it

  // The pump's thread.
  void work();
  void stop();
  void wait();
  void take(BusMessage message);
  void refuse(const schema::StreamId& id, schema::FrameKind kind);
  void take(Connected connected);
  void take(Closed);
  void take(Denied denied);
  void take(Added added);
  void take(Resized resized);
  void take(Signalled signalled);
  void take(Finished finished);
  void take(Ended ended);
  void apply(const schema::StreamId& id, Stream& stream, schema::StreamFrame frame);
  void tick();
  void move_bytes();
  void read_from(const schema::StreamId& id, Stream& stream);
  void write_to(const schema::StreamId& id, Stream& stream);
  void finish_if_done(const schema::StreamId& id, Stream& stream);
  void send(const schema::StreamId& id, const Stream& stream, const schema::StreamFrame& frame);
  void end_all(const Error& error);
  // Ends the stream with `error`, and tells the other end.
  void fail(const schema::StreamId& id, Stream& stream, Error error);
  void sweep();
  schema::StreamId key_of(schema::StreamId id) const;
  Stream* find(const schema::StreamId& id);

  const Options options_;
  const std::shared_ptr<Inbox> inbox_;
  std::unique_ptr<NatsConnection> connection_;
  Streams streams_;
  runtime::MonoTime ticked_;
  BusEar ear_;
  Connector connector_;
  std::thread thread_;  // last: it uses the members above
};

}  // namespace cara::host
