#include "cli/pump_streams.h"

#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <deque>
#include <map>
#include <mutex>
#include <set>
#include <utility>

#include "services/runtime/host/clock.h"
#include "services/runtime/host/stream_pump.h"
#include "services/runtime/ids.h"

namespace cara::cli {
namespace {

using std::chrono::milliseconds;

// Of one stream, that nobody has taken yet. More waits where it comes from.
constexpr std::size_t kMaxWaiting = 256 * 1024;
// How late Ctrl-C is noticed when the signal went to another thread.
constexpr milliseconds kSlice{100};
constexpr milliseconds kConnectPatience{5'000};

}  // namespace

// A number that poll(2) can wait for.
class Counter {
 public:
  Counter() : fd_(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) { CARA_CHECK(fd_ >= 0); }
  ~Counter() { ::close(fd_); }
  Counter(const Counter&) = delete;
  Counter& operator=(const Counter&) = delete;
  int fd() const { return fd_; }
  void add(std::uint64_t count) const {
    [[maybe_unused]] const ssize_t written = ::write(fd_, &count, sizeof count);
  }
  void clear() const {
    std::uint64_t count = 0;
    [[maybe_unused]] const ssize_t taken = ::read(fd_, &count, sizeof count);
  }

 private:
  const int fd_;
};

// From the pump's thread to the command's. A stream that has enough here is not writable.
class PumpStreams::Queue {
 public:
  void put(Event event) {
    const std::lock_guard lock(mutex_);
    events_.push_back(std::move(event));
    ready_.add(1);
  }

  // How many bytes it took.
  std::size_t put_bytes(std::int64_t stream, std::string_view bytes, schema::Channel channel) {
    const std::lock_guard lock(mutex_);
    Gate& gate = gates_[stream];
    if (gate.waiting >= kMaxWaiting) return 0;
    gate.waiting += bytes.size();
    if (gate.waiting >= kMaxWaiting) gate.full.add(kFull);
    events_.push_back({.stream = stream, .bytes = std::string(bytes), .channel = channel});
    ready_.add(1);
    return bytes.size();
  }

  int gate_of(std::int64_t stream) {
    const std::lock_guard lock(mutex_);
    return gates_[stream].full.fd();
  }

  std::optional<Event> take() {
    const std::lock_guard lock(mutex_);
    while (!events_.empty()) {
      Event event = std::move(events_.front());
      events_.pop_front();
      if (const auto gate = gates_.find(event.stream); gate != gates_.end()) {
        const bool was_full = gate->second.waiting >= kMaxWaiting;
        gate->second.waiting -= event.bytes.size();
        if (was_full && gate->second.waiting < kMaxWaiting) gate->second.full.clear();
      }
      const bool is_last = event.over.has_value();
      const bool unwanted = closed_.contains(event.stream);
      if (is_last) {
        gates_.erase(event.stream);
        closed_.erase(event.stream);
      }
      if (!unwanted) return event;
    }
    ready_.clear();
    return std::nullopt;
  }

  void forget(std::int64_t stream) {
    const std::lock_guard lock(mutex_);
    closed_.insert(stream);
  }

  int fd() const { return ready_.fd(); }

 private:
  static constexpr std::uint64_t kFull = 0xfffffffffffffffe;  // no more can be added: not writable

  struct Gate {
    Counter full;
    std::size_t waiting = 0;
  };

  std::mutex mutex_;
  std::deque<Event> events_;
  std::map<std::int64_t, Gate> gates_;  // of streams that are events
  std::set<std::int64_t> closed_;       // of which nobody wants to hear
  Counter ready_;
};

class PumpStreams::EventEndpoint final : public host::Endpoint {
 public:
  EventEndpoint(std::shared_ptr<Queue> queue, std::int64_t stream)
      : queue_(std::move(queue)), stream_(stream), gate_(queue_->gate_of(stream)) {}

  int read_fd() const override { return -1; }
  Read read(std::size_t) override { return {}; }
  int write_fd() const override { return gate_; }
  Result<std::size_t> write(std::string_view bytes, schema::Channel channel) override {
    return queue_->put_bytes(stream_, bytes, channel);
  }
  void opened(const std::string& container) override {
    queue_->put({.stream = stream_, .opened = true, .container = container});
  }

 private:
  const std::shared_ptr<Queue> queue_;
  const std::int64_t stream_;
  const int gate_;
};

PumpStreams::PumpStreams(Options options)
    : options_(std::move(options)),
      client_(runtime::IdSource(host::random_seed()).next()),
      queue_(std::make_shared<Queue>()) {}

PumpStreams::~PumpStreams() = default;

schema::StreamId PumpStreams::id_of(std::int64_t stream) const {
  return {.node = "", .owner = options_.identity, .client = client_, .number = stream};
}

Result<std::int64_t> PumpStreams::open(std::string_view verb, schema::StreamRequest request,
                                       std::unique_ptr<host::Endpoint> endpoint,
                                       runtime::Duration timeout) {
  if (!pump_) {
    pump_ = std::make_unique<host::StreamPump>(host::StreamPump::Options{
        .connect = options_.connect,
        .side = host::StreamPump::Side::kClient,
        .subscription = schema::streams_out_subjects(options_.identity, client_)});
  }
  // In slices, for Ctrl-C.
  const runtime::MonoTime end =
      host::mono_now() + std::min<runtime::Duration>(timeout, kConnectPatience);
  while (!pump_->wait_connected(kSlice) && host::mono_now() < end && !options_.interrupted()) {
  }
  const std::int64_t number = ++last_;
  request.client = client_;
  request.number = number;
  request.window = schema::kDefaultWindow;
  const bool by_events = endpoint == nullptr;
  if (by_events) endpoint = std::make_unique<EventEndpoint>(queue_, number);
  const Result<Ok> added =
      pump_->add(id_of(number), 0, std::move(endpoint),
                 [queue = queue_, number](const runtime::StreamResult& result) {
                   queue->put({.stream = number, .over = result});
                 });
  if (!added) return added.error();
  if (const Result<Ok> asked = options_.ask(verb, request, timeout); !asked) {
    close(number);
    return asked.error();
  }
  return number;
}

void PumpStreams::resize(std::int64_t stream, std::int64_t columns, std::int64_t rows) {
  if (pump_) pump_->resize(id_of(stream), columns, rows);
}

void PumpStreams::signal(std::int64_t stream, std::string name) {
  if (pump_) pump_->signal(id_of(stream), std::move(name));
}

void PumpStreams::close(std::int64_t stream) {
  if (!pump_) return;
  queue_->forget(stream);
  pump_->close(id_of(stream), {});
}

std::optional<Streams::Event> PumpStreams::next(runtime::Duration patience) {
  const runtime::MonoTime end = host::mono_now() + patience;
  while (true) {
    if (auto event = queue_->take()) return event;
    const runtime::Duration left = end - host::mono_now();
    if (left.count() <= 0 || options_.interrupted()) return std::nullopt;
    const milliseconds slice = std::min(kSlice, std::chrono::ceil<milliseconds>(left));
    pollfd polled{.fd = queue_->fd(), .events = POLLIN, .revents = 0};
    // EINTR: the command looks at what the signal was.
    if (::poll(&polled, 1, static_cast<int>(slice.count())) < 0) return std::nullopt;
  }
}

int PumpStreams::event_fd() const { return queue_->fd(); }

}  // namespace cara::cli
