#include "services/runtime/host/stream_pump.h"

#include <poll.h>

#include <algorithm>
#include <utility>

#include "schema/wire.h"
#include "services/runtime/host/clock.h"
#include "services/runtime/host/stream_pump_state.h"

namespace cara::host {

using runtime::StreamEnd;
using runtime::StreamResult;
using schema::StreamFrame;
using schema::StreamId;

namespace {

constexpr runtime::Duration kTickEvery = std::chrono::seconds(1);
constexpr std::size_t kItemsAtOnce = 256;

}  // namespace

StreamPump::StreamPump(Options options)
    : options_(std::move(options)),
      inbox_(std::make_shared<Inbox>()),
      ear_(*this),
      connector_(options_.connect, ear_,
                 [this](Connector::Outcome outcome) {
                   if (outcome) inbox_->put(Connected{std::move(*outcome)});
                 }),
      thread_([this] { work(); }) {
  connector_.connect(nullptr);
}

StreamPump::~StreamPump() {
  inbox_->stopping = true;
  inbox_->wake();
  thread_.join();
}

// --- Other threads ------------------------------------------------------------------------------

void StreamPump::on_message(BusMessage message) {
  const std::size_t bytes = message.subject.size() + message.body.size();
  inbox_->items.offer(std::move(message), bytes);
  inbox_->wake();
}

void StreamPump::on_closed() { inbox_->put(Closed{}); }

void StreamPump::on_denied(std::string sentence) { inbox_->put(Denied{std::move(sentence)}); }

bool StreamPump::wait_connected(std::chrono::milliseconds patience) {
  std::unique_lock lock(inbox_->mutex);
  return inbox_->changed.wait_for(lock, patience, [this] { return inbox_->connected; });
}

Result<Ok> StreamPump::add(const StreamId& id, std::int64_t credit,
                           std::unique_ptr<Endpoint> endpoint, Over over) {
  {
    const std::lock_guard lock(inbox_->mutex);
    if (!inbox_->connected) return unavailable("there is no connection for streams to the bus");
  }
  if (inbox_->streams.fetch_add(1) >= options_.max_streams) {
    --inbox_->streams;
    return unavailable("there are already " + std::to_string(options_.max_streams) +
                       " streams open; close some");
  }
  auto stream = std::make_unique<Stream>(
      Stream{.peer = id,
             .end = StreamEnd(options_.side, options_.window,
                              std::clamp<std::int64_t>(credit, 0, schema::kMaxWindow), mono_now()),
             .endpoint = std::move(endpoint),
             .over = std::move(over)});
  inbox_->put(Added{key_of(id), std::move(stream)});
  return Ok{};
}

void StreamPump::resize(const StreamId& id, std::int64_t columns, std::int64_t rows) {
  inbox_->put(Resized{key_of(id), columns, rows});
}

void StreamPump::signal(const StreamId& id, std::string name) {
  inbox_->put(Signalled{key_of(id), std::move(name)});
}

void StreamPump::close(const StreamId& id, StreamResult result) {
  inbox_->put(Ended{key_of(id), std::move(result)});
}

std::size_t StreamPump::open_streams() const { return inbox_->streams; }

// --- The pump's thread --------------------------------------------------------------------------

void StreamPump::work() {
  while (!inbox_->stopping) {
    wait();
    for (Item& item : inbox_->items.take(kItemsAtOnce, {}).items) {
      std::visit([this](auto& each) { take(std::move(each)); }, item);
    }
    move_bytes();
    tick();
    sweep();
  }
  stop();
}

// The other ends are told, so that nothing goes on there for nobody.
void StreamPump::stop() {
  for (Item& item : inbox_->items.take(kItemsAtOnce, {}).items) {
    std::visit([this](auto& each) { take(std::move(each)); }, item);
  }
  const bool is_agent = options_.side == Side::kAgent;
  const Error why = unavailable(is_agent ? "the node's agent has stopped" : "the client has ended");
  for (auto& [id, stream] : streams_) {
    if (!stream->done && !stream->end.closed()) {
      send(id, *stream, stream->end.close({{}, why}, mono_now()));
    }
    if (!stream->as_it_should) stream->endpoint->abandon();
  }
}

// Waits until an item, an endpoint or the clock has something to do.
void StreamPump::wait() {
  std::vector<pollfd> polled{{.fd = inbox_->wake_fd, .events = POLLIN, .revents = 0}};
  bool at_once = !inbox_->items.empty();
  const auto watch = [&polled](int fd, short events) {
    polled.push_back({.fd = fd, .events = events, .revents = 0});
    return static_cast<int>(polled.size()) - 1;
  };
  for (auto& [id, stream] : streams_) {
    stream->read_slot = stream->write_slot = -1;
    if (stream->end.sendable() > 0 && stream->endpoint->read_fd() >= 0) {
      stream->read_slot = watch(stream->endpoint->read_fd(), POLLIN);
    }
    if (stream->waiting.empty()) continue;
    if (stream->endpoint->write_fd() < 0)
      at_once = true;
    else
      stream->write_slot = watch(stream->endpoint->write_fd(), POLLOUT);
  }
  const int patience = at_once ? 0
                       : streams_.empty()
                           ? -1
                           : static_cast<int>(kTickEvery / std::chrono::milliseconds(1));
  ::poll(polled.data(), polled.size(), patience);
  if (polled.front().revents != 0) inbox_->calm();
  for (auto& [id, stream] : streams_) {
    const auto is_ready = [&](int slot) {
      return slot >= 0 && polled[static_cast<std::size_t>(slot)].revents != 0;
    };
    if (!is_ready(stream->read_slot)) stream->read_slot = -1;
    const bool always = stream->endpoint->write_fd() < 0;
    if (!always && !is_ready(stream->write_slot)) stream->write_slot = -1;
  }
}

void StreamPump::send(const StreamId&, const Stream& stream, const StreamFrame& frame) {
  if (!connection_ || stream.peer.node.empty()) return;  // a client's, before it was opened
  const std::string subject = options_.side == Side::kAgent ? stream_out_subject(stream.peer)
                                                            : stream_in_subject(stream.peer);
  // A connection that is of no more use says so itself.
  (void)connection_->publish(subject, "", schema::pack_message(frame));
}

void StreamPump::fail(const StreamId& id, Stream& stream, Error error) {
  if (stream.done) return;
  stream.result = {.exit_code = {}, .error = std::move(error)};
  stream.done = true;
  if (!stream.end.closed()) send(id, stream, stream.end.close(stream.result, mono_now()));
}

void StreamPump::end_all(const Error& error) {
  for (auto& [id, stream] : streams_) {
    // What has come is still the endpoint's: a slow terminal may be behind.
    if (stream->end.closed() && !stream->waiting.empty()) continue;
    fail(id, *stream, error);
  }
}

void StreamPump::move_bytes() {
  for (auto& [id, stream] : streams_) {
    if (!stream->done && stream->read_slot >= 0) read_from(id, *stream);
    const bool writable = stream->write_slot >= 0 || stream->endpoint->write_fd() < 0;
    if (!stream->done && !stream->waiting.empty() && writable) write_to(id, *stream);
    if (!stream->done) finish_if_done(id, *stream);
    stream->read_slot = stream->write_slot = -1;
  }
}

void StreamPump::read_from(const StreamId& id, Stream& stream) {
  const std::int64_t limit = stream.end.sendable();
  if (limit <= 0) return;
  Endpoint::Read read = stream.endpoint->read(static_cast<std::size_t>(limit));
  switch (read.status) {
    case Endpoint::Read::kAgain:
      return;
    case Endpoint::Read::kData:
      return send(id, stream, stream.end.data(std::move(read.data), read.channel, mono_now()));
    case Endpoint::Read::kEnd:
      return send(id, stream, stream.end.end(mono_now()));
    case Endpoint::Read::kFailed:
      return fail(id, stream, std::move(read.error));
  }
}

void StreamPump::write_to(const StreamId& id, Stream& stream) {
  const auto& [channel, bytes] = stream.waiting.front();
  const Result<std::size_t> taken =
      stream.endpoint->write(std::string_view(bytes).substr(stream.written), channel);
  if (!taken) return fail(id, stream, taken.error());
  stream.written += *taken;
  if (stream.written == bytes.size()) {
    stream.waiting.pop_front();
    stream.written = 0;
  }
  if (stream.end.closed()) return;
  if (const auto credit = stream.end.consumed(static_cast<std::int64_t>(*taken), mono_now())) {
    send(id, stream, *credit);
  }
}

void StreamPump::finish_if_done(const StreamId& id, Stream& stream) {
  // What a client still has to print is printed; an agent's client is gone.
  const bool is_agent = options_.side == Side::kAgent;
  if (!stream.waiting.empty() && !(is_agent && stream.end.closed())) return;
  if (stream.end.closed()) {  // by the other end
    stream.result = stream.end.result();
    stream.done = true;
    stream.as_it_should = !is_agent && !stream.result.error;
    return;
  }
  if (stream.end.peer_has_ended() && !stream.told_end) {
    stream.told_end = true;
    stream.endpoint->end_of_input();
  }
  if (!is_agent || !stream.end.has_ended() || stream.finishing) return;
  if (stream.endpoint->waits_for_input() && !stream.told_end) return;
  stream.finishing = true;
  stream.endpoint->finish([inbox = inbox_, id](StreamResult result) {
    inbox->put(Finished{id, std::move(result)});
  });
}

void StreamPump::tick() {
  const runtime::MonoTime now = mono_now();
  if (now - ticked_ < kTickEvery) return;
  ticked_ = now;
  for (auto& [id, stream] : streams_) {
    if (stream->done) continue;
    const auto frame = stream->end.tick(now);
    if (!frame)
      fail(id, *stream, frame.error());
    else if (*frame)
      send(id, *stream, **frame);
  }
}

// Nothing is destroyed while the loops above go over it.
void StreamPump::sweep() {
  std::erase_if(streams_, [this](auto& entry) {
    Stream& stream = *entry.second;
    if (!stream.done) return false;
    if (!stream.as_it_should) stream.endpoint->abandon();
    --inbox_->streams;
    stream.over(stream.result);
    return true;
  });
}

}  // namespace cara::host
