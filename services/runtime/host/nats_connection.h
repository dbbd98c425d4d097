// NatsConnection: one connection to a NATS server, from the handshake to its end. It never
// reconnects by itself: whoever owns it opens a new one. So nothing that was published into a dead
// connection is replayed later, and no refusal of the server ends the process's life on the bus.
//
// Thread rule: one owner calls the methods; a BusListener hears from cnats' threads.
#pragma once

#include <chrono>
#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "schema/result.h"
#include "services/runtime/host/bus_access.h"

namespace cara::host {

struct BusMessage {
  std::string subject;
  std::string reply;  // empty: no answer is wanted
  std::string body;
  bool no_responders = false;  // the server's own answer: nobody listens on the asked subject
};

// Called on cnats' threads, one call at a time: implementations only post and return.
class BusListener {
 public:
  virtual ~BusListener() = default;
  virtual void on_message(BusMessage message) = 0;
  virtual void on_closed() = 0;                      // may come twice, or for an earlier connection
  virtual void on_denied(std::string sentence) = 0;  // the server's words, with the subject
  virtual void on_missed() = 0;                      // messages were dropped before they got here
};

// Connects the callbacks to a listener. cnats may call back after a connection was destroyed
// (nats.c #331, #735), so what its callbacks point to lives as long as the process.
class BusEar {
 public:
  explicit BusEar(BusListener& listener);
  ~BusEar();  // from here on the listener is not called
  BusEar(const BusEar&) = delete;
  BusEar& operator=(const BusEar&) = delete;

  struct Slot;
  Slot& slot() { return slot_; }

 private:
  Slot& slot_;
};

struct ConnectOptions {
  std::string url;          // one or several, separated by commas; user:password@ is kept secret
  std::string client_name;  // what `nats server report connections` shows
  std::chrono::milliseconds connect_timeout{2'000};  // of each server
  BusAccess access;
};

class NatsConnection {
 public:
  // Blocks for a few times the connect timeout at most.
  static Result<std::unique_ptr<NatsConnection>> open(const ConnectOptions& options, BusEar& ear);

  // Blocks until the library has let go. Sends what is buffered.
  ~NatsConnection();
  NatsConnection(const NatsConnection&) = delete;
  NatsConnection& operator=(const NatsConnection&) = delete;

  bool is_closed() const;
  std::size_t max_payload() const;

  // A refusal by the server comes later, through on_denied.
  Result<Ok> subscribe(const std::string& subject, const std::string& queue_group);
  // kInvalid: the subject or size is refused and nothing was sent. kUnavailable: the connection is
  // of no more use.
  Result<Ok> publish(const std::string& subject, const std::string& reply,
                     std::string_view payload);
  // Waits until the server has read everything sent so far.
  Result<Ok> flush(std::chrono::milliseconds timeout);
  // No new messages after this; those under way have reached the listener.
  void drain_subscriptions(std::chrono::milliseconds timeout);

 private:
  struct Handle;
  static Result<std::unique_ptr<NatsConnection>> open_one(const ConnectOptions& options,
                                                          const std::string& url, BusEar& ear);
  explicit NatsConnection(std::unique_ptr<Handle> handle);
  std::unique_ptr<Handle> handle_;
};

// `nats://user:secret@host:4222` as `nats://host:4222`: for logs and errors.
std::string printable_url(std::string_view url);

// An unused reply subject root below `prefix`: `<prefix>.<nuid>`.
std::string unique_inbox(const std::string& prefix);

// True for what may be published to: tokens without wildcards, spaces or control characters.
bool is_literal_subject(std::string_view subject);

}  // namespace cara::host
