#include "services/runtime/host/bus_client.h"

#include <fmt/format.h>

#include <utility>

namespace cara::host {
namespace {

constexpr const char* kLost = "the connection to the NATS server is lost";
constexpr std::chrono::milliseconds kSubscribePatience{2'000};
constexpr std::chrono::milliseconds kSlice{20};  // how often somebody is asked whether it is enough

// Users have no log to look into: the sentence says what to do.
Error with_advice(Error error) {
  if (error.message.starts_with("no NATS server")) {
    error.message += "; is nats-server running there, and is it the right --nats?";
  }
  return error;
}

// `words` name the subject that is not permitted: `Permissions Violation for Publish to "..."`.
Error not_permitted(const schema::Identity& identity, const std::string& words) {
  return forbidden(
      fmt::format("not permitted: the NATS server refuses it to {}/{} ({}); ask whoever runs it, "
                  "or be somebody else by --user and other credentials",
                  schema::to_string(identity.role), identity.id, words));
}

}  // namespace

ConnectOptions connect_options(const BusClientOptions& options) {
  return {.url = options.url,
          .client_name = "caractrl",
          .connect_timeout = options.connect_timeout,
          .access = options.access};
}

BusClient::BusClient(const BusClientOptions& options)
    : identity_(options.identity),
      inbox_(unique_inbox(schema::inbox_prefix(options.identity))),
      many_inbox_(unique_inbox(schema::inbox_prefix(options.identity) + ".srv")),
      ear_(*this) {}

Result<std::unique_ptr<BusClient>> BusClient::connect(const BusClientOptions& options) {
  std::unique_ptr<BusClient> client(new BusClient(options));
  auto opened = NatsConnection::open(connect_options(options), client->ear_);
  if (!opened) return with_advice(opened.error());
  client->connection_ = std::move(*opened);
  const auto subscribed = client->connection_->subscribe(client->inbox_ + ".*", "");
  if (!subscribed) return subscribed.error();
  return client;
}

Result<runtime::Payload> BusClient::request(const std::string& operation, runtime::Payload body,
                                            std::chrono::milliseconds timeout) {
  const std::string reply = fmt::format("{}.{}", inbox_, ++last_token_);
  {
    const std::lock_guard lock(mutex_);
    awaited_ = reply;
    reply_.reset();
    // Without its inbox no answer ever comes.
    if (denied_ && denied_->find(inbox_) == std::string::npos) denied_.reset();
  }
  const auto sent = connection_->publish(schema::api_subject(identity_, operation), reply, body);
  if (!sent) return sent.error();

  std::unique_lock lock(mutex_);
  changed_.wait_for(lock, timeout, [this] { return reply_ || denied_ || closed_; });
  awaited_.clear();
  if (reply_) {
    if (!reply_->no_responders) return std::move(reply_->body);
    return unavailable("no control plane answers on this NATS server: is cara-apiserver running?");
  }
  if (denied_) return not_permitted(identity_, *denied_);
  if (closed_) return unavailable(kLost);
  return timed_out(fmt::format("no answer to {} within {} ms: it may or may not have happened",
                               operation, timeout.count()));
}

Result<std::vector<BusClient::Heard>> BusClient::ask_all(const std::string& subject,
                                                         std::chrono::milliseconds patience,
                                                         const IsDone& done) {
  using Clock = std::chrono::steady_clock;
  const std::string reply = fmt::format("{}.{}", many_inbox_, ++last_token_);
  if (Result<Ok> subscribed = subscribe(reply); !subscribed) return subscribed.error();
  {
    const std::lock_guard lock(mutex_);
    heard_.clear();
    listening_ = true;
  }
  const Clock::time_point sent_at = Clock::now();
  const auto sent = connection_->publish(subject, reply, "");
  std::vector<Heard> all;
  std::unique_lock lock(mutex_);
  while (sent && !closed_ && !denied_ && Clock::now() < sent_at + patience && !done(all)) {
    changed_.wait_for(lock, kSlice, [this] { return !heard_.empty() || denied_ || closed_; });
    for (auto& [message, at] : std::exchange(heard_, {})) {
      if (message.no_responders) return all;
      all.push_back({.body = std::move(message.body),
                     .after = std::chrono::duration_cast<std::chrono::microseconds>(at - sent_at)});
    }
  }
  listening_ = false;
  if (!sent) return sent.error();
  if (closed_) return unavailable(kLost);
  if (denied_) return forbidden(fmt::format("the NATS server refuses: {}", *denied_));
  return all;
}

Result<Ok> BusClient::subscribe(const std::string& subject) {
  const auto subscribed = connection_->subscribe(subject, "");
  if (!subscribed) return subscribed.error();
  const auto flushed = connection_->flush(kSubscribePatience);
  if (!flushed) return flushed.error();
  if (auto denied = take_denied()) return std::move(*denied);
  return Ok{};
}

Result<std::optional<BusMessage>> BusClient::next(std::chrono::milliseconds timeout) {
  std::unique_lock lock(mutex_);
  changed_.wait_for(lock, timeout, [this] { return !waiting_.empty() || closed_ || missed_; });
  if (std::exchange(missed_, false)) return gone("messages were missed");
  if (!waiting_.empty()) {
    std::optional<BusMessage> message = std::move(waiting_.front());
    waiting_.pop_front();
    return message;
  }
  if (closed_) return unavailable(kLost);
  return std::optional<BusMessage>{};
}

std::optional<Error> BusClient::take_denied() {
  const std::lock_guard lock(mutex_);
  if (!denied_) return std::nullopt;
  return not_permitted(identity_, *std::exchange(denied_, {}));
}

void BusClient::on_message(BusMessage message) {
  const std::lock_guard lock(mutex_);
  if (message.subject.starts_with(inbox_)) {
    if (message.subject == awaited_) reply_ = std::move(message);
  } else if (message.subject.starts_with(many_inbox_)) {
    if (listening_ && heard_.size() < kMaxWaiting) {
      heard_.emplace_back(std::move(message), std::chrono::steady_clock::now());
    }
  } else if (waiting_.size() < kMaxWaiting) {
    waiting_.push_back(std::move(message));
  } else {
    missed_ = true;
  }
  changed_.notify_all();
}

void BusClient::on_closed() {
  const std::lock_guard lock(mutex_);
  closed_ = true;
  changed_.notify_all();
}

void BusClient::on_denied(std::string sentence) {
  const std::lock_guard lock(mutex_);
  denied_ = std::move(sentence);
  changed_.notify_all();
}

void BusClient::on_missed() {
  const std::lock_guard lock(mutex_);
  missed_ = true;
  changed_.notify_all();
}

}  // namespace cara::host
