// Origin: a small HTTP server on a loopback port, as a container would have one. It keeps every
// byte it gets, and says back what it was asked.
//
// `GET /drop` on a connection that was used before closes it, as a server does that has just given
// up waiting. `GET /hold` is answered when the test says so, `GET /stream` half at once and half
// then; a request with `Upgrade` gets 101, and then its bytes back, one with `X-Garbage` what is
// not HTTP.
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <set>
#include <string>
#include <thread>
#include <vector>

namespace cara::test {

class Origin {
 public:
  // `port` 0: a free one.
  explicit Origin(std::string name, const std::string& ip = "127.0.0.1", std::uint16_t port = 0);
  ~Origin();
  Origin(const Origin&) = delete;
  Origin& operator=(const Origin&) = delete;

  std::string address() const;
  std::uint16_t port() const { return port_; }
  void release();                 // those that hold
  void close_idle_connections();  // now, all of them
  int requests() const { return requests_; }
  std::string received() const;
  std::size_t open_connections() const;

 private:
  void accept_all();
  void serve(int file);
  bool answer(int file, const std::string& head);

  std::string name_;
  std::string ip_;
  std::uint16_t port_ = 0;
  int listener_ = -1;
  std::atomic<int> requests_ = 0;
  mutable std::mutex lock_;
  std::condition_variable released_;
  bool is_released_ = false;
  std::string received_;
  std::set<int> open_;
  std::vector<std::thread> threads_;
  std::thread acceptor_;
};

// Client: one TCP connection to HAProxy.
class Client {
 public:
  explicit Client(std::uint16_t port, const std::string& ip = "127.0.0.1");
  ~Client();
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;

  struct Answer {
    int status = 0;  // 0: none, the connection was closed
    std::string head;
    std::string body;
  };
  void send(const std::string& bytes) const;
  // The next one on this connection.
  Answer read();
  Answer ask(const std::string& bytes) {
    send(bytes);
    return read();
  }
  // Behind an upgrade.
  std::string read_bytes(std::size_t count);
  bool is_open() const;

 private:
  bool more();

  int file_;
  std::string buffer_;
};

// `GET path` with this Host and more header lines, each with its line end.
std::string get(const std::string& host, const std::string& path, const std::string& more = "");

}  // namespace cara::test
