#include "services/runtime/host/nats_host.h"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <charconv>
#include <iterator>
#include <optional>
#include <utility>

#include "services/runtime/host/clock.h"

namespace cara::host {
namespace {

using runtime::Duration;

// The wait for the mailbox does not count while the machine sleeps, deadlines do.
constexpr Duration kMaxNap = std::chrono::seconds(1);
constexpr Duration kLogConnectErrorEvery = std::chrono::seconds(30);
constexpr std::chrono::milliseconds kLastFlush{1'000};
constexpr runtime::RequestId kAskId = ~runtime::RequestId{0};  // no actor counts that far

std::optional<std::uint64_t> parse_token(std::string_view text) {
  std::uint64_t token = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), token);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return token;
}

// The subject in the server's words: `Permissions Violation for Publish to "cara.v1.x"`.
std::string_view quoted(std::string_view sentence) {
  const std::size_t open = sentence.find('"');
  if (open == std::string_view::npos) return {};
  const std::size_t close = sentence.find('"', open + 1);
  return sentence.substr(open + 1, close == std::string_view::npos ? close : close - open - 1);
}

std::size_t size_of(const BusMessage& message) {
  return message.subject.size() + message.reply.size() + message.body.size();
}

std::size_t size_of(const runtime::Event& event) {
  const auto* delivered = std::get_if<runtime::Delivered>(&event);
  return delivered == nullptr ? 0 : delivered->subject.size() + delivered->body.size();
}

}  // namespace

NatsHost::NatsHost(BusOptions options)
    : options_(std::move(options)),
      inbox_(unique_inbox(schema::inbox_prefix(options_.identity))),
      mailbox_(options_.mailbox),
      bus_is_("connecting to " + printable_url(options_.url)),
      pulse_(options_.pulse),
      micro_(options_.micro, now().wall),
      ear_(*this),
      connector_({.url = options_.url,
                  .client_name = options_.client_name,
                  .connect_timeout = options_.connect_timeout,
                  .access = options_.access},
                 ear_, [this](Connector::Outcome outcome) { report(std::move(outcome)); }) {}

NatsHost::~NatsHost() = default;

// --- Other threads: into the mailbox, nothing else ---------------------------------------------

void NatsHost::on_message(BusMessage message) {
  const std::size_t bytes = size_of(message);
  mailbox_.offer(Arrived{std::move(message), mono_now()}, bytes);
}

void NatsHost::on_closed() { mailbox_.put(Closed{}); }

void NatsHost::on_denied(std::string sentence) {
  const std::size_t bytes = sentence.size();
  mailbox_.offer(Denied{std::move(sentence)}, bytes);
}

void NatsHost::on_missed() { mailbox_.put(Missed{}); }

void NatsHost::report(Connector::Outcome outcome) {
  if (outcome) {
    mailbox_.put(Connected{std::move(*outcome)});
  } else {
    mailbox_.put(ConnectFailed{outcome.error()});
  }
}

void NatsHost::post(runtime::Event event) {
  const std::size_t bytes = size_of(event);
  mailbox_.offer(std::move(event), bytes);
}

void NatsHost::stop() {
  stop_requested_ = true;
  mailbox_.wake();
}

// --- Before run() ------------------------------------------------------------------------------

Result<Ok> NatsHost::connect(Duration patience) {
  const runtime::MonoTime end = mono_now() + patience;
  connect_error_ = timed_out(
      fmt::format("the NATS server at {} did not answer in time", printable_url(options_.url)));
  start_connecting(nullptr);
  while (!connection_ && !stop_requested_ && mono_now() < end) collect(end - mono_now());
  if (connection_) return Ok{};
  return connect_error_;
}

Result<runtime::Payload> NatsHost::ask(const std::string& subject, runtime::Payload body,
                                       Duration timeout) {
  perform(runtime::Request{
      .id = kAskId, .subject = subject, .body = std::move(body), .timeout = timeout});
  const auto is_answer = [](const runtime::Event& event) {
    const auto* answered = std::get_if<runtime::Answered>(&event);
    return answered != nullptr && answered->id == kAskId;
  };
  while (!stop_requested_) {
    const auto it = std::find_if(events_.begin(), events_.end(), is_answer);
    if (it != events_.end()) {
      Result<runtime::Payload> answer = std::move(std::get<runtime::Answered>(*it).body);
      events_.erase(it);
      return answer;
    }
    collect(kMaxNap);
  }
  return unavailable("the process is stopping");
}

void NatsHost::serve_local(const std::string& subject, LocalHandler handler, std::size_t workers) {
  CARA_CHECK(is_local(subject));
  locals_[subject] = {std::move(handler), std::make_unique<WorkerPool>(workers)};
}

// --- Running -----------------------------------------------------------------------------------

int NatsHost::run(runtime::Actor& actor) {
  subscriptions_ = actor.subscriptions();
  actor_ = &actor;
  if (micro_.is_enabled()) {
    if (!micro_.has_endpoints()) micro_.serve(subscriptions_);
    for (const std::string& subject : micro_.subjects()) subscriptions_.push_back({subject, ""});
  }
  events_.insert(events_.begin(), runtime::Started{});
  if (connection_) {
    for (const auto& [subject, queue] : subscriptions_) subscribe(subject, queue);
    resync();
  }
  start_connecting(nullptr);
  bool running = true;
  while (running && !stop_requested_) {
    running = step(actor);
    beat();
    if (running) collect(kMaxNap);
  }
  pulse_.stopping();
  if (running) drain(actor);
  if (connection_) (void)connection_->flush(kLastFlush);
  return exit_code_;
}

void NatsHost::beat() { pulse_.beat(mono_now(), connection_ != nullptr, bus_is_); }

bool NatsHost::step(runtime::Actor& actor) {
  if (events_.empty()) return true;
  std::vector<runtime::Event> batch = std::exchange(events_, {});
  if (batch.size() > kMaxBatch) {
    const auto cut = batch.begin() + kMaxBatch;
    events_.assign(std::make_move_iterator(cut), std::make_move_iterator(batch.end()));
    batch.erase(cut, batch.end());
  }
  const runtime::MonoTime begun = mono_now();
  runtime::Effects effects = actor.step(batch, now());
  count_errors(batch, effects);
  const bool running = perform_all(std::move(effects));
  count_served(begun);
  return running;
}

void NatsHost::drain(runtime::Actor& actor) {
  const runtime::MonoTime end = mono_now() + kDrainPatience;
  if (connection_) connection_->drain_subscriptions(kDrainPatience / 2);
  collect(Duration(0));
  while (!events_.empty() && mono_now() < end) {
    if (!step(actor)) return;
    if (!mailbox_.empty()) collect(Duration(0));
  }
}

bool NatsHost::local_calls_end_within(Duration patience) {
  const runtime::MonoTime end = mono_now() + patience;
  return std::all_of(locals_.begin(), locals_.end(), [end](const auto& local) {
    return local.second.pool->stop(std::max(Duration(0), end - mono_now()));
  });
}

bool NatsHost::connecting_ends_within(Duration patience) {
  return connector_.ends_within(patience);
}

// --- Collecting events -------------------------------------------------------------------------

void NatsHost::collect(Duration longest) {
  const bool waiting_events = !events_.empty();
  const Duration nap = waiting_events ? Duration(0) : time_to_next(longest);
  auto batch = mailbox_.take(kMaxBatch, nap);
  for (Item& item : batch.items) {
    std::visit([this](auto& value) { take(std::move(value)); }, item);
  }
  if (batch.dropped > 0) {
    spdlog::warn("{} messages were dropped: more came than this process handles", batch.dropped);
    resync();
  }
  expire();
}

Duration NatsHost::time_to_next(Duration longest) const {
  Duration nap = std::min(longest, kMaxNap);
  for (const auto& next : {timeouts_.next(), timers_.next()}) {
    if (next) nap = std::min(nap, *next - mono_now());
  }
  return std::max(nap, Duration(0));
}

void NatsHost::expire() {
  const runtime::MonoTime time = mono_now();
  while (const auto token = timeouts_.pop(time)) {
    const auto it = pending_.find(*token);
    if (it == pending_.end()) continue;
    const std::string subject = it->second.subject;
    answer(*token, timed_out(fmt::format("no answer from {} in time", subject)));
  }
  while (const auto timer = timers_.pop(time)) events_.push_back(runtime::TimerFired{*timer});
}

void NatsHost::take(Arrived arrived) {
  BusMessage& message = arrived.message;
  if (!message.subject.starts_with(inbox_)) {
    if (micro_.is_asked_on(message.subject)) return tell_about_itself(arrived);
    if (micro_.is_enabled()) counted_.push_back({micro_.endpoint_of(message.subject), arrived.at});
    std::optional<runtime::ReplyTo> reply;
    if (!message.reply.empty()) reply = runtime::ReplyTo{std::move(message.reply)};
    events_.push_back(runtime::Delivered{.subject = std::move(message.subject),
                                         .body = std::move(message.body),
                                         .reply = std::move(reply)});
    return;
  }
  const std::size_t dot = message.subject.find_last_of('.');
  const auto token = parse_token(std::string_view(message.subject).substr(dot + 1));
  const auto it = token ? pending_.find(*token) : pending_.end();
  if (it == pending_.end()) return;  // late, doubled, or garbage
  if (message.no_responders) {
    answer(*token, unavailable(fmt::format("nobody answers on {}", it->second.subject)));
  } else {
    answer(*token, std::move(message.body));
  }
}

void NatsHost::take(runtime::Event event) { events_.push_back(std::move(event)); }

void NatsHost::take(Connected connected) {
  connecting_ = false;
  connection_ = std::move(connected.connection);
  logged_error_.clear();
  bus_is_ = fmt::format("connected to the NATS server at {}", printable_url(options_.url));
  spdlog::info("{}", bus_is_);
  // The server reads in order: what these subscriptions miss, the pull that follows sees.
  subscribe(inbox_ + ".*", "");
  for (const auto& [subject, queue] : subscriptions_) subscribe(subject, queue);
  resync();
  if (connection_->is_closed()) lost();
}

void NatsHost::take(ConnectFailed failed) {
  connect_error_ = std::move(failed.error);
  bus_is_ = connect_error_.message;
  const runtime::MonoTime time = mono_now();
  if (connect_error_.message == logged_error_ && time < log_again_) return;
  spdlog::warn("{}; trying again", connect_error_.message);
  logged_error_ = connect_error_.message;
  log_again_ = time + kLogConnectErrorEvery;
}

void NatsHost::take(Closed) {
  if (connection_ && connection_->is_closed()) lost();
}

void NatsHost::take(Missed) {
  spdlog::warn("the NATS library dropped messages: this process reads too slowly");
  resync();
}

void NatsHost::take(Denied denied) {
  if (denied_.size() < kMaxDenied && denied_.insert(denied.sentence).second) {
    spdlog::error("the NATS server refuses: {}", denied.sentence);
  }
  const std::string_view subject = quoted(denied.sentence);
  std::vector<std::uint64_t> refused;
  for (const auto& [token, request] : pending_) {
    if (request.subject == subject) refused.push_back(token);
  }
  for (const std::uint64_t token : refused) answer(token, forbidden(denied.sentence));
}

void NatsHost::take(LocalDone done) { answer(done.token, std::move(done.body)); }

void NatsHost::start_connecting(std::unique_ptr<NatsConnection> dead) {
  if (connection_ || connecting_) return;
  connecting_ = true;
  connector_.connect(std::move(dead));
}

void NatsHost::subscribe(const std::string& subject, const std::string& queue_group) {
  const auto subscribed = connection_->subscribe(subject, queue_group);
  if (!subscribed) spdlog::error("{}", subscribed.error().message);
}

void NatsHost::lost() {
  bus_is_ =
      fmt::format("the connection to the NATS server at {} is lost", printable_url(options_.url));
  spdlog::warn("{}", bus_is_);
  std::unique_ptr<NatsConnection> dead = std::move(connection_);
  std::vector<std::uint64_t> unanswered;
  for (const auto& [token, request] : pending_) {
    if (!is_local(request.subject)) unanswered.push_back(token);
  }
  for (const std::uint64_t token : unanswered) {
    answer(token, timed_out("the connection to the bus was lost before the answer came"));
  }
  start_connecting(std::move(dead));
}

void NatsHost::resync() {
  const auto is_resync = [](const runtime::Event& event) {
    return std::holds_alternative<runtime::Resync>(event);
  };
  if (std::none_of(events_.begin(), events_.end(), is_resync)) {
    events_.push_back(runtime::Resync{});
  }
}

void NatsHost::answer(std::uint64_t token, Result<runtime::Payload> body) {
  const auto it = pending_.find(token);
  if (it == pending_.end()) return;  // a late result: the timeout was the answer
  events_.push_back(runtime::Answered{.id = it->second.id, .body = std::move(body)});
  pending_.erase(it);
  timeouts_.clear(token);
}

}  // namespace cara::host
