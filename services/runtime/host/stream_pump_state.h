// What a StreamPump is made of. Include it in stream_pump*.cpp only.
#pragma once

#include <sys/eventfd.h>
#include <unistd.h>

#include <atomic>
#include <condition_variable>
#include <deque>
#include <memory>
#include <mutex>
#include <string>
#include <utility>

#include "schema/check.h"
#include "services/runtime/host/mailbox.h"
#include "services/runtime/host/stream_pump.h"

namespace cara::host {

// What frames may wait for the pump's thread: the windows bound it, unless somebody floods.
inline constexpr MailboxLimits kInboxLimits{.items = 65'536, .bytes = 128 * 1024 * 1024};

// What one stream is: its end, its endpoint, and the bytes between them.
struct StreamPump::Stream {
  schema::StreamId peer;  // with the node, once it is known
  runtime::StreamEnd end;
  std::unique_ptr<Endpoint> endpoint;
  Over over;
  std::deque<std::pair<schema::Channel, std::string>> waiting = {};  // for the endpoint
  std::size_t written = 0;                                           // of the first of them
  bool told_end = false;   // the endpoint knows that nothing more comes
  bool finishing = false;  // finish() was called
  bool done = false;       // to be swept
  runtime::StreamResult result = {};
  bool as_it_should = false;  // not to be abandoned
  int read_slot = -1;         // in what was polled last
  int write_slot = -1;
};

// How other threads reach the pump's. Outlives the pump for endpoints that finish late.
struct StreamPump::Inbox {
  Inbox() : wake_fd(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) { CARA_CHECK(wake_fd >= 0); }
  ~Inbox() { ::close(wake_fd); }
  Inbox(const Inbox&) = delete;
  Inbox& operator=(const Inbox&) = delete;

  void wake() const {
    const std::uint64_t one = 1;
    // It can only fail when the counter is full, and then the pump is awake.
    [[maybe_unused]] const ssize_t written = ::write(wake_fd, &one, sizeof one);
  }
  void calm() const {
    std::uint64_t count = 0;
    [[maybe_unused]] const ssize_t taken = ::read(wake_fd, &count, sizeof count);
  }
  void put(Item item) {
    items.put(std::move(item));
    wake();
  }

  const int wake_fd;
  Mailbox<Item> items{kInboxLimits};
  std::atomic<bool> stopping = false;
  std::atomic<std::size_t> streams = 0;
  std::mutex mutex;
  std::condition_variable changed;
  bool connected = false;  // under mutex
};

}  // namespace cara::host
