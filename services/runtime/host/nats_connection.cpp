#include "services/runtime/host/nats_connection.h"

#include <fmt/format.h>
#include <nats/nats.h>

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <mutex>
#include <optional>
#include <utility>

#include "services/runtime/host/connect_watch.h"
#include "services/runtime/host/nats_access.h"

namespace cara::host {

// Outlives every connection that was given it.
struct BusEar::Slot {
  std::mutex mutex;
  BusListener* listener = nullptr;  // under mutex
};

namespace {

constexpr std::int64_t kPingIntervalMs = 5'000;  // a frozen server is noticed after three of them
constexpr int kMaxPingsOut = 2;
constexpr std::int64_t kWriteDeadlineMs = 5'000;  // a publish never blocks its owner for longer
constexpr int kDeliveryThreads = 2;  // shared by all subscriptions of the process; they only post
constexpr std::uint16_t kDefaultPort = 4222;
// cnats before 3.8.0 loses one signature of an NKey in 256 (nats.c #705).
constexpr int kAttempts = 2;

struct OptionsDeleter {
  void operator()(natsOptions* options) const { natsOptions_Destroy(options); }
};
using OptionsPtr = std::unique_ptr<natsOptions, OptionsDeleter>;

template <class Call>
void tell(void* closure, Call call) {
  auto& slot = *static_cast<BusEar::Slot*>(closure);
  const std::lock_guard lock(slot.mutex);
  if (slot.listener != nullptr) call(*slot.listener);
}

std::string text_or_empty(const char* text) { return text == nullptr ? "" : text; }

void handle_message(natsConnection*, natsSubscription*, natsMsg* msg, void* closure) {
  BusMessage message{
      .subject = text_or_empty(natsMsg_GetSubject(msg)),
      .reply = text_or_empty(natsMsg_GetReply(msg)),
      .body = {natsMsg_GetData(msg), static_cast<std::size_t>(natsMsg_GetDataLength(msg))},
      .no_responders = natsMsg_IsNoResponders(msg)};
  natsMsg_Destroy(msg);
  tell(closure, [&](BusListener& listener) { listener.on_message(std::move(message)); });
}

void handle_closed(natsConnection*, void* closure) {
  tell(closure, [](BusListener& listener) { listener.on_closed(); });
}

// The subscription may be freed already (nats.c #659): it is not looked at.
void handle_error(natsConnection* connection, natsSubscription*, natsStatus status, void* closure) {
  if (status == NATS_SLOW_CONSUMER) {
    tell(closure, [](BusListener& listener) { listener.on_missed(); });
  } else if (status == NATS_NOT_PERMITTED) {
    const char* words = nullptr;
    natsConnection_GetLastError(connection, &words);
    tell(closure, [&](BusListener& listener) { listener.on_denied(text_or_empty(words)); });
  }
}

std::vector<std::string> split_urls(std::string_view list) {
  std::vector<std::string> urls;
  while (!list.empty()) {
    const std::size_t comma = std::min(list.find(','), list.size());
    if (comma > 0) urls.emplace_back(list.substr(0, comma));
    list.remove_prefix(std::min(comma + 1, list.size()));
  }
  return urls;
}

// Of a printable URL.
std::string host_of(std::string_view url) {
  const std::size_t scheme = url.find("://");
  if (scheme != std::string_view::npos) url.remove_prefix(scheme + 3);
  if (url.starts_with('[')) return std::string(url.substr(1, url.find(']') - 1));
  return std::string(url.substr(0, url.find_first_of(":/")));
}

std::uint16_t port_of(std::string_view url) {
  const std::size_t colon = url.find_last_of(':');
  if (colon == std::string_view::npos) return kDefaultPort;
  std::uint16_t port = kDefaultPort;
  const std::string_view digits = url.substr(colon + 1);
  std::from_chars(digits.data(), digits.data() + digits.size(), port);
  return port;
}

Error no_url(const std::string& url) {
  return invalid(
      fmt::format("`{}` is no NATS URL, such as nats://127.0.0.1:4222", printable_url(url)));
}

Result<OptionsPtr> make_options(const ConnectOptions& options, const std::string& url,
                                BusEar::Slot& slot) {
  natsOptions* raw = nullptr;
  if (natsOptions_Create(&raw) != NATS_OK) return internal("out of memory");
  OptionsPtr made(raw);

  natsStatus status = NATS_OK;
  const auto check = [&status](natsStatus next) { status = status == NATS_OK ? next : status; };
  check(natsOptions_SetURL(raw, url.c_str()));
  if (status != NATS_OK) return no_url(url);
  check(natsOptions_SetName(raw, options.client_name.c_str()));
  check(natsOptions_SetTimeout(raw, options.connect_timeout.count()));
  check(natsOptions_SetAllowReconnect(raw, false));
  check(natsOptions_SetIgnoreDiscoveredServers(raw, true));
  check(natsOptions_SetPingInterval(raw, kPingIntervalMs));
  check(natsOptions_SetMaxPingsOut(raw, kMaxPingsOut));
  check(natsOptions_SetWriteDeadline(raw, kWriteDeadlineMs));
  check(natsOptions_SetSendAsap(raw, true));
  check(natsOptions_UseGlobalMessageDelivery(raw, true));
  check(natsOptions_SetClosedCB(raw, handle_closed, &slot));
  check(natsOptions_SetErrorHandler(raw, handle_error, &slot));
  if (status != NATS_OK) return internal(natsStatus_GetText(status));
  const auto added =
      add_access(raw, options.access, host_of(printable_url(url)), options.access.wants_tls(url));
  if (!added) return added.error();
  return made;
}

// One attempt at one server.
natsStatus handshake(natsConnection** made, natsOptions* options, const std::string& url,
                     std::chrono::milliseconds timeout) {
  const ConnectWatch watch({port_of(printable_url(url))}, timeout * 2);
  return natsConnection_Connect(made, options);
}

}  // namespace

BusEar::BusEar(BusListener& listener)
    : slot_([]() -> Slot& {
        static std::mutex mutex;
        static auto* const slots = new std::vector<std::unique_ptr<Slot>>;
        const std::lock_guard lock(mutex);
        return *slots->emplace_back(std::make_unique<Slot>());
      }()) {
  const std::lock_guard lock(slot_.mutex);
  slot_.listener = &listener;
}

BusEar::~BusEar() {
  const std::lock_guard lock(slot_.mutex);
  slot_.listener = nullptr;
}

struct NatsConnection::Handle {
  natsConnection* connection = nullptr;
  std::vector<natsSubscription*> subscriptions;
  BusEar::Slot* slot = nullptr;
};

NatsConnection::NatsConnection(std::unique_ptr<Handle> handle) : handle_(std::move(handle)) {}

Result<std::unique_ptr<NatsConnection>> NatsConnection::open(const ConnectOptions& options,
                                                             BusEar& ear) {
  const std::vector<std::string> urls = split_urls(options.url);
  if (urls.empty()) return no_url(options.url);
  nats_SetMessageDeliveryPoolSize(kDeliveryThreads);  // refused when larger already: fine
  // One after the other, beginning anywhere: each has a name of its own in its certificate.
  const auto first = static_cast<std::size_t>(nats_NowInNanoSeconds() / 1'000) % urls.size();
  std::optional<Error> error;
  for (std::size_t i = 0; i < urls.size(); ++i) {
    auto opened = open_one(options, urls[(first + i) % urls.size()], ear);
    if (opened) return opened;
    // A server that is there and refuses says more than one that is away.
    if (!error || error->code == Code::kUnavailable) error = opened.error();
  }
  return *error;
}

Result<std::unique_ptr<NatsConnection>> NatsConnection::open_one(const ConnectOptions& options,
                                                                 const std::string& url,
                                                                 BusEar& ear) {
  auto made = make_options(options, url, ear.slot());
  if (!made) return made.error();
  auto handle = std::make_unique<Handle>();
  handle->slot = &ear.slot();
  natsStatus status = NATS_OK;
  for (int attempt = 0; attempt < kAttempts; ++attempt) {
    status = handshake(&handle->connection, made->get(), url, options.connect_timeout);
    if (status != NATS_CONNECTION_AUTH_FAILED || options.access.nkey_file.empty()) break;
  }
  if (status != NATS_OK) {
    return connect_error(status, options.access, printable_url(url),
                         text_or_empty(nats_GetLastError(nullptr)));
  }
  return std::unique_ptr<NatsConnection>(new NatsConnection(std::move(handle)));
}

NatsConnection::~NatsConnection() {
  // Closing ends the reader thread first; only then is no message on its way to a subscription,
  // which cnats before 3.6.1 needs (nats.c #637).
  natsConnection_Close(handle_->connection);
  for (natsSubscription* subscription : handle_->subscriptions) {
    natsSubscription_Destroy(subscription);
  }
  natsConnection_Destroy(handle_->connection);
}

bool NatsConnection::is_closed() const { return natsConnection_IsClosed(handle_->connection); }

std::size_t NatsConnection::max_payload() const {
  return static_cast<std::size_t>(
      std::max<std::int64_t>(0, natsConnection_GetMaxPayload(handle_->connection)));
}

Result<Ok> NatsConnection::subscribe(const std::string& subject, const std::string& queue_group) {
  natsSubscription* made = nullptr;
  const natsStatus status =
      queue_group.empty()
          ? natsConnection_Subscribe(&made, handle_->connection, subject.c_str(), handle_message,
                                     handle_->slot)
          : natsConnection_QueueSubscribe(&made, handle_->connection, subject.c_str(),
                                          queue_group.c_str(), handle_message, handle_->slot);
  if (status != NATS_OK) {
    return unavailable(
        fmt::format("cannot subscribe to {}: {}", subject, natsStatus_GetText(status)));
  }
  handle_->subscriptions.push_back(made);
  return Ok{};
}

Result<Ok> NatsConnection::publish(const std::string& subject, const std::string& reply,
                                   std::string_view payload) {
  if (!is_literal_subject(subject) || (!reply.empty() && !is_literal_subject(reply))) {
    return invalid("not a subject that can be published to");
  }
  if (payload.size() > max_payload()) {
    return invalid(fmt::format("the message has {} bytes, the bus takes at most {}", payload.size(),
                               max_payload()));
  }
  const int size = static_cast<int>(payload.size());
  const natsStatus status =
      reply.empty()
          ? natsConnection_Publish(handle_->connection, subject.c_str(), payload.data(), size)
          : natsConnection_PublishRequest(handle_->connection, subject.c_str(), reply.c_str(),
                                          payload.data(), size);
  if (status == NATS_OK) return Ok{};
  // Part of the message may be on the wire: nothing can follow it on this connection.
  natsConnection_Close(handle_->connection);
  return unavailable(fmt::format("cannot send to the bus: {}", natsStatus_GetText(status)));
}

Result<Ok> NatsConnection::flush(std::chrono::milliseconds timeout) {
  const natsStatus status = natsConnection_FlushTimeout(handle_->connection, timeout.count());
  if (status == NATS_OK) return Ok{};
  return unavailable(fmt::format("the bus does not answer: {}", natsStatus_GetText(status)));
}

void NatsConnection::drain_subscriptions(std::chrono::milliseconds timeout) {
  for (natsSubscription* subscription : handle_->subscriptions) {
    natsSubscription_DrainTimeout(subscription, timeout.count());
  }
  for (natsSubscription* subscription : handle_->subscriptions) {
    natsSubscription_WaitForDrainCompletion(subscription, timeout.count());
  }
}

std::string printable_url(std::string_view list) {
  std::string printable;
  for (const std::string& url : split_urls(list)) {
    const std::size_t scheme = url.find("://");
    const std::size_t host = scheme == std::string::npos ? 0 : scheme + 3;
    const std::size_t at = url.find_last_of('@');
    if (!printable.empty()) printable += ',';
    printable += url.substr(0, host);
    printable += url.substr(at == std::string::npos || at < host ? host : at + 1);
  }
  return printable;
}

std::string unique_inbox(const std::string& prefix) {
  static constexpr std::string_view kLibraryPrefix = "_INBOX.";
  natsInbox* inbox = nullptr;
  CARA_CHECK(natsInbox_Create(&inbox) == NATS_OK);
  std::string unique = prefix + "." + std::string(inbox).substr(kLibraryPrefix.size());
  natsInbox_Destroy(inbox);
  return unique;
}

bool is_literal_subject(std::string_view subject) {
  bool token_is_empty = true;
  for (const char c : subject) {
    if (c == '.') {
      if (token_is_empty) return false;
      token_is_empty = true;
      continue;
    }
    if (static_cast<unsigned char>(c) <= ' ' || c == 0x7f || c == '*' || c == '>') return false;
    token_is_empty = false;
  }
  return !token_is_empty;
}

}  // namespace cara::host
