// Connection: one connection of an agent to a nats-server, kept for ever: it comes back after
// jittered pauses, as services/runtime/host/connector does, and pings as nats_connection does.
// Nothing that was sent into a dead connection is sent again.
#pragma once

#include <netinet/in.h>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "schema/result.h"
#include "services/runtime/ids.h"
#include "tests/hollow/loop.h"
#include "tests/hollow/nats_wire.h"

namespace cara::hollow {

// Where a nats-server is, and what `nats://user:password@host:port` says about credentials.
struct ServerAddress {
  sockaddr_in address{};
  std::string user;
  std::string password;
};
Result<ServerAddress> resolve(const std::string& url);

class ConnectionListener {
 public:
  virtual ~ConnectionListener() = default;
  virtual void on_connected() = 0;
  virtual void on_lost(const std::string& why) = 0;            // after on_connected
  virtual void on_connect_failed(const std::string& why) = 0;  // it goes on trying
  virtual void on_message(ServerMessage message) = 0;
  virtual void on_error(const std::string& words) = 0;  // of the server, such as a refusal
};

class Connection final : private Watcher {
 public:
  // What may wait for the server to read it; more, and the connection is of no use.
  static constexpr std::size_t kMaxUnsent = 8 * 1024 * 1024;

  // All but `hello` must outlive it.
  Connection(Loop& loop, const sockaddr_in& address, ClientHello hello,
             ConnectionListener& listener, runtime::IdSource& random);
  ~Connection() override;
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  void start() { open(); }
  bool is_up() const { return phase_ == Phase::kUp; }
  std::size_t max_payload() const { return max_payload_; }

  // Buffered until flush(). REQUIRES: is_up()
  void subscribe(std::string_view subject, std::string_view queue);
  void publish(std::string_view subject, std::string_view reply, std::string_view payload);
  void flush();

  // Neither reads nor keeps a deadline until thaw(): what a stopped process does. The socket stays.
  void freeze();
  void thaw();
  // As if the network had cut it.
  void drop();

 private:
  enum class Phase { kClosed, kConnecting, kGreeting, kUp };

  void on_ready(std::uint32_t events) override;
  void open();
  void close(const std::string& why);
  void connected_socket();
  void read_some();
  void take(const ServerInfo& info);
  void take(ServerMessage& message);
  void take(const ServerPing&);
  void take(const ServerPong&);
  void take(const ServerOk&) {}
  void take(const ServerError& error);
  void ping_later();
  // Not done if the connection is another one by then; done later if it is frozen.
  void after(Duration delay, std::function<void()> action);
  void watch_for_writing(bool wanted);

  Loop& loop_;
  const sockaddr_in& address_;
  const ClientHello hello_;
  ConnectionListener& listener_;
  runtime::IdSource& random_;

  Phase phase_ = Phase::kClosed;
  int fd_ = -1;
  bool frozen_ = false;
  bool watches_writing_ = false;
  std::uint64_t life_ = 0;      // counts sockets and pauses
  std::uint32_t failures_ = 0;  // to connect, in a row
  WireParser parser_;
  std::string unsent_;
  std::size_t max_payload_ = 0;
  std::uint64_t last_sid_ = 0;
  int pings_out_ = 0;
  std::string last_error_;                   // the server's word before it closes
  std::vector<std::function<void()>> held_;  // came due while it was frozen
};

}  // namespace cara::hollow
