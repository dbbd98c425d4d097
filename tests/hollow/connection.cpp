#include "tests/hollow/connection.h"

#include <netdb.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

#include "services/runtime/backoff.h"
#include "services/runtime/host/nats_connection.h"

namespace cara::hollow {
namespace {

using namespace std::chrono_literals;

// Those of the real host: connector.cpp, nats_connection.cpp.
constexpr runtime::Backoff kPause{.base = 200ms, .max = 5s};
constexpr Duration kConnectTimeout = 2s;
constexpr Duration kPingEvery = 5s;
constexpr int kMaxPingsOut = 2;

constexpr const char* kDefaultPort = "4222";

std::string system_words(int error) { return std::strerror(error); }

bool would_block(int error) { return error == EAGAIN || error == EWOULDBLOCK || error == EINTR; }

}  // namespace

Result<ServerAddress> resolve(const std::string& url) {
  constexpr std::string_view kScheme = "nats://";
  ServerAddress server;
  std::string_view rest = url;
  if (rest.starts_with(kScheme)) rest.remove_prefix(kScheme.size());
  if (const auto at = rest.rfind('@'); at != std::string_view::npos) {
    const std::string_view who = rest.substr(0, at);
    const auto colon = std::min(who.find(':'), who.size());
    server.user = who.substr(0, colon);
    server.password = who.substr(std::min(colon + 1, who.size()));
    rest.remove_prefix(at + 1);
  }
  const auto colon = std::min(rest.rfind(':'), rest.size());
  const std::string name(rest.substr(0, colon));
  const std::string port(rest.substr(std::min(colon + 1, rest.size())));
  addrinfo hints{};
  hints.ai_family = AF_INET;
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  const int status =
      ::getaddrinfo(name.c_str(), port.empty() ? kDefaultPort : port.c_str(), &hints, &found);
  if (status != 0) {
    return invalid("cannot find the host of " + host::printable_url(url) +
                   ", expected one such as nats://127.0.0.1:4222: " + ::gai_strerror(status));
  }
  std::memcpy(&server.address, found->ai_addr, sizeof server.address);
  ::freeaddrinfo(found);
  return server;
}

Connection::Connection(Loop& loop, const sockaddr_in& address, ClientHello hello,
                       ConnectionListener& listener, runtime::IdSource& random)
    : loop_(loop),
      address_(address),
      hello_(std::move(hello)),
      listener_(listener),
      random_(random) {}

Connection::~Connection() {
  if (fd_ >= 0) ::close(fd_);
}

// --- From one socket to the next -----------------------------------------------------------------

void Connection::open() {
  ++life_;
  fd_ = ::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd_ < 0) return close("cannot make a socket: " + system_words(errno));
  const int on = 1;
  ::setsockopt(fd_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  phase_ = Phase::kConnecting;
  parser_ = WireParser();
  pings_out_ = 0;
  last_error_.clear();
  watches_writing_ = true;
  loop_.watch(fd_, EPOLLIN | EPOLLOUT, *this);
  after(kConnectTimeout, [this] {
    if (!is_up()) close("the NATS server did not answer in time");
  });
  const auto* address = reinterpret_cast<const sockaddr*>(&address_);
  if (::connect(fd_, address, sizeof address_) != 0 && errno != EINPROGRESS) {
    close("cannot connect: " + system_words(errno));
  }
}

void Connection::close(const std::string& why) {
  ++life_;
  const bool was_up = is_up();
  phase_ = Phase::kClosed;
  if (fd_ >= 0) {
    if (!frozen_) loop_.forget(fd_);
    ::close(std::exchange(fd_, -1));
  }
  unsent_ = std::string();
  failures_ = was_up ? 1 : failures_ + 1;
  const auto longest = static_cast<std::uint64_t>(kPause.after(failures_).count());
  after(Duration(longest / 4 + random_.below(longest - longest / 4)), [this] { open(); });
  const std::string words = last_error_.empty() ? why : why + ", after: " + last_error_;
  if (was_up) {
    listener_.on_lost(words);
  } else {
    listener_.on_connect_failed(words);
  }
}

void Connection::drop() {
  if (fd_ >= 0) close("it was dropped");
}

void Connection::after(Duration delay, std::function<void()> action) {
  loop_.after(delay, [this, life = life_, action = std::move(action)] {
    if (life != life_) return;
    if (!frozen_) return action();
    held_.push_back([this, life, action] {
      if (life == life_) action();
    });
  });
}

void Connection::freeze() {
  if (frozen_) return;
  frozen_ = true;
  if (fd_ >= 0) loop_.forget(fd_);
}

void Connection::thaw() {
  if (!frozen_) return;
  frozen_ = false;
  if (fd_ >= 0) loop_.watch(fd_, EPOLLIN | (watches_writing_ ? EPOLLOUT : 0U), *this);
  for (const auto& action : std::exchange(held_, {})) action();
}

// --- Reading -------------------------------------------------------------------------------------

void Connection::on_ready(std::uint32_t events) {
  if (fd_ < 0 || frozen_) return;
  if (phase_ == Phase::kConnecting) return connected_socket();
  if ((events & EPOLLOUT) != 0) flush();
  if (fd_ >= 0 && (events & ~std::uint32_t{EPOLLOUT}) != 0) read_some();
}

void Connection::connected_socket() {
  int error = 0;
  socklen_t size = sizeof error;
  ::getsockopt(fd_, SOL_SOCKET, SO_ERROR, &error, &size);
  if (error != 0) return close("cannot connect: " + system_words(error));
  phase_ = Phase::kGreeting;
  watch_for_writing(false);
}

void Connection::read_some() {
  const auto buffer = loop_.buffer();
  const ssize_t got = ::recv(fd_, buffer.data(), buffer.size(), 0);
  if (got < 0 && would_block(errno)) return;
  if (got < 0) return close("the connection broke: " + system_words(errno));
  if (got == 0) return close("the NATS server closed the connection");
  std::vector<ServerOp> ops;
  const auto parsed = parser_.feed({buffer.data(), static_cast<std::size_t>(got)}, ops);
  const std::uint64_t life = life_;
  for (ServerOp& op : ops) {
    std::visit([this](auto& one) { take(one); }, op);
    if (life != life_) return;
  }
  if (!parsed) return close(parsed.error().message);
  flush();
}

void Connection::take(const ServerInfo& info) {
  max_payload_ = info.max_payload;
  if (phase_ != Phase::kGreeting) return;
  put_connect(unsent_, hello_);
  put_ping(unsent_);
}

void Connection::take(ServerMessage& message) { listener_.on_message(std::move(message)); }

void Connection::take(const ServerPing&) { put_pong(unsent_); }

void Connection::take(const ServerPong&) {
  pings_out_ = 0;
  if (phase_ != Phase::kGreeting) return;
  phase_ = Phase::kUp;
  failures_ = 0;
  ping_later();
  listener_.on_connected();
}

void Connection::take(const ServerError& error) {
  last_error_ = error.text;
  listener_.on_error(error.text);
}

void Connection::ping_later() {
  after(kPingEvery, [this] {
    if (pings_out_ == kMaxPingsOut) return close("the NATS server does not answer pings");
    ++pings_out_;
    put_ping(unsent_);
    ping_later();
    flush();
  });
}

// --- Writing -------------------------------------------------------------------------------------

void Connection::subscribe(std::string_view subject, std::string_view queue) {
  put_subscribe(unsent_, subject, queue, ++last_sid_);
}

void Connection::publish(std::string_view subject, std::string_view reply,
                         std::string_view payload) {
  put_publish(unsent_, subject, reply, payload);
}

void Connection::flush() {
  if (fd_ < 0 || frozen_ || phase_ == Phase::kConnecting || unsent_.empty()) return;
  std::size_t sent = 0;
  while (sent < unsent_.size()) {
    const ssize_t count = ::send(fd_, unsent_.data() + sent, unsent_.size() - sent, MSG_NOSIGNAL);
    if (count < 0 && would_block(errno)) break;
    if (count < 0) return close("cannot send: " + system_words(errno));
    sent += static_cast<std::size_t>(count);
  }
  // Most of the time nothing is left: a string that is given away keeps no memory.
  unsent_ = unsent_.substr(sent);
  if (unsent_.size() > kMaxUnsent) return close("the NATS server reads too slowly");
  watch_for_writing(!unsent_.empty());
}

void Connection::watch_for_writing(bool wanted) {
  if (wanted == watches_writing_) return;
  watches_writing_ = wanted;
  loop_.change(fd_, EPOLLIN | (wanted ? EPOLLOUT : 0U), *this);
}

}  // namespace cara::hollow
