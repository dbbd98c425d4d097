#include "tests/hollow/hollow_agent.h"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <charconv>
#include <iterator>
#include <utility>

#include "schema/codec.h"
#include "schema/messages.h"
#include "schema/wire.h"
#include "services/runtime/host/clock.h"
#include "services/runtime/host/nats_connection.h"

namespace cara::hollow {
namespace {

using namespace std::chrono_literals;
using host::mono_now;

constexpr std::size_t kMaxBatch = 512;  // NatsHost's
// What Docker takes for most of its calls, and a disk for a small file.
constexpr Duration kFastestCall = 5ms;
constexpr Duration kSlowestCall = 30ms;
constexpr Duration kDiskTime = 2ms;

// The subject in the server's words: `Permissions Violation for Publish to "cara.v1.x"`.
std::string_view quoted(std::string_view words) {
  const std::size_t open = words.find('"');
  if (open == std::string_view::npos) return {};
  const std::size_t close = words.find('"', open + 1);
  return words.substr(open + 1, close == std::string_view::npos ? close : close - open - 1);
}

std::optional<std::uint64_t> token_of(std::string_view subject) {
  const std::string_view text = subject.substr(subject.find_last_of('.') + 1);
  std::uint64_t token = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), token);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return token;
}

std::string inbox_of(const std::string& node, runtime::IdSource& random) {
  return schema::inbox_prefix({schema::Role::kAgent, schema::node_token(node)}) + "." +
         random.next();
}

// Never goes back, as a wall clock may.
Timestamp engine_time() {
  static const std::int64_t boot_ms = host::now().wall.ms - mono_now().us / 1'000;
  return {boot_ms + mono_now().us / 1'000};
}

}  // namespace

HollowAgent::HollowAgent(Shared& shared, HollowOptions options)
    : shared_(shared),
      node_(options.agent.node),
      inbox_(inbox_of(node_, shared.random)),
      heartbeat_subject_(schema::heartbeat_subject(node_)),
      actor_(std::move(options.agent)),
      subscriptions_(actor_.subscriptions()),
      engine_(engine_time()),
      connection_(shared.loop, shared.address, std::move(options.hello), *this, shared.random) {
  engine_.machine() = std::move(options.machine);
  engine_.set_event_sink([this](const agent::EngineEvent& event) {
    put(runtime::Delivered{agent::kEngineEventSubject, agent::encode(event), std::nullopt});
  });
}

void HollowAgent::start() {
  put(runtime::Started{});
  put(runtime::Delivered{agent::kEngineEventSubject,
                         agent::encode(agent::EngineEvent{.action = agent::kStreamOpened}),
                         std::nullopt});
  connection_.start();
}

void HollowAgent::freeze() {
  frozen_ = true;
  connection_.freeze();
}

void HollowAgent::thaw() {
  frozen_ = false;
  connection_.thaw();
  if (!events_.empty()) step_soon();
}

// --- From the bus --------------------------------------------------------------------------------

void HollowAgent::on_connected() {
  // The server reads in order: what these subscriptions miss, the pull that follows sees.
  connection_.subscribe(inbox_ + ".*", "");
  for (const auto& [subject, queue] : subscriptions_) connection_.subscribe(subject, queue);
  put_resync();
}

void HollowAgent::on_lost(const std::string& why) {
  ++shared_.totals.losses;
  spdlog::debug("{}: the connection is lost: {}", node_, why);
  std::vector<std::uint64_t> unanswered;
  for (const auto& [token, request] : pending_) {
    if (request.about != About::kLocal) unanswered.push_back(token);
  }
  for (const std::uint64_t token : unanswered) {
    answer(token, timed_out("the connection to the bus was lost before the answer came"));
  }
}

void HollowAgent::on_connect_failed(const std::string& why) {
  ++shared_.totals.failed_connects;
  spdlog::debug("{}: {}", node_, why);
}

void HollowAgent::on_message(ServerMessage message) {
  ++shared_.totals.messages_in;
  if (!message.subject.starts_with(inbox_)) {
    std::optional<runtime::ReplyTo> reply;
    if (!message.reply.empty()) reply = runtime::ReplyTo{std::move(message.reply)};
    return put(runtime::Delivered{std::move(message.subject), std::move(message.payload),
                                  std::move(reply)});
  }
  const auto token = token_of(message.subject);
  const auto found = token ? pending_.find(*token) : pending_.end();
  if (found == pending_.end()) return;  // late, doubled, or garbage
  if (message.status == kNoResponders) {
    answer(*token, unavailable(fmt::format("nobody answers on {}", found->second.subject)));
  } else {
    answer(*token, std::move(message.payload));
  }
}

void HollowAgent::on_error(const std::string& words) {
  const std::string_view subject = quoted(words);
  if (subject.empty()) return;  // it closes the connection, too
  ++shared_.totals.denied;
  spdlog::error("{}: the NATS server refuses: {}", node_, words);
  std::vector<std::uint64_t> refused;
  for (const auto& [token, request] : pending_) {
    if (request.subject == subject) refused.push_back(token);
  }
  for (const std::uint64_t token : refused) answer(token, forbidden(words));
}

// --- Stepping ------------------------------------------------------------------------------------

void HollowAgent::put(runtime::Event event) {
  if (stopped_) return;
  events_.push_back(std::move(event));
  step_soon();
}

void HollowAgent::put_resync() {
  const auto is_resync = [](const runtime::Event& event) {
    return std::holds_alternative<runtime::Resync>(event);
  };
  if (std::none_of(events_.begin(), events_.end(), is_resync)) put(runtime::Resync{});
}

// What else is ready by then is in the same batch.
void HollowAgent::step_soon() {
  if (step_is_due_ || frozen_) return;
  step_is_due_ = true;
  shared_.loop.after(Duration(0), [this] {
    step_is_due_ = false;
    if (!frozen_) step();
  });
}

void HollowAgent::step() {
  if (events_.empty() || stopped_) return;
  std::vector<runtime::Event> batch = std::exchange(events_, {});
  if (batch.size() > kMaxBatch) {
    const auto cut = batch.begin() + kMaxBatch;
    events_.assign(std::make_move_iterator(cut), std::make_move_iterator(batch.end()));
    batch.erase(cut, batch.end());
    step_soon();
  }
  ++shared_.totals.steps;
  runtime::Effects effects = actor_.step(batch, host::now());
  for (runtime::Effect& effect : effects) {
    std::visit([this](auto& one) { perform(std::move(one)); }, effect);
    if (stopped_) break;
  }
  connection_.flush();
}

std::optional<Error> HollowAgent::why_not_sent(const std::string& subject, std::size_t size) const {
  if (!connection_.is_up()) return unavailable("not connected to the bus");
  if (!host::is_literal_subject(subject)) {
    return invalid("not a subject that can be published to");
  }
  if (size > connection_.max_payload()) {
    return invalid(fmt::format("the message has {} bytes, the bus takes at most {}", size,
                               connection_.max_payload()));
  }
  return std::nullopt;
}

void HollowAgent::perform(runtime::Publish publish) {
  if (why_not_sent(publish.subject, publish.body.size())) return;
  ++shared_.totals.messages_out;
  connection_.publish(publish.subject, "", publish.body);
}

void HollowAgent::perform(runtime::Respond respond) {
  perform(runtime::Publish{std::move(respond.to.subject), std::move(respond.body)});
}

void HollowAgent::perform(const runtime::SetTimer& timer) {
  const std::uint64_t setting = ++timer_settings_;
  timers_[timer.id] = setting;
  shared_.loop.after(timer.after, [this, id = timer.id, setting] {
    const auto found = timers_.find(id);
    if (found == timers_.end() || found->second != setting) return;
    timers_.erase(found);
    put(runtime::TimerFired{id});
  });
}

void HollowAgent::perform(const runtime::Note& note) {
  if (note.level == runtime::Level::kWarn) ++shared_.totals.warnings;
  if (note.level == runtime::Level::kError) ++shared_.totals.errors;
  spdlog::debug("{}: {}", node_, note.text);
}

void HollowAgent::perform(const runtime::Stop& stop) {
  stopped_ = true;
  ++shared_.totals.stopped;
  spdlog::critical("{}: {}", node_, stop.reason);
}

// --- Requests ------------------------------------------------------------------------------------

HollowAgent::About HollowAgent::about(const std::string& subject) const {
  if (subject.starts_with("local.")) return About::kLocal;
  if (subject == heartbeat_subject_) return About::kHeartbeat;
  return subject.ends_with(".node.register") ? About::kRegistration : About::kOther;
}

void HollowAgent::perform(runtime::Request request) {
  const std::uint64_t token = ++last_token_;
  pending_.emplace(token, Pending{.id = request.id,
                                  .subject = request.subject,
                                  .about = about(request.subject),
                                  .asked_at = mono_now()});
  shared_.loop.after(request.timeout, [this, token] {
    const auto found = pending_.find(token);
    if (found == pending_.end()) return;
    answer(token, timed_out(fmt::format("no answer from {} in time", found->second.subject)));
  });
  if (request.subject == agent::kEngineSubject) {
    call_engine(token, request.body);
  } else if (request.subject == agent::kStateSubject) {
    keep_state(token);
  } else {
    send_request(token, request);
  }
}

void HollowAgent::send_request(std::uint64_t token, const runtime::Request& request) {
  if (const auto error = why_not_sent(request.subject, request.body.size())) {
    return answer(token, *error);
  }
  ++shared_.totals.messages_out;
  connection_.publish(request.subject, fmt::format("{}.{}", inbox_, token), request.body);
}

Duration HollowAgent::engine_latency() {
  const auto range = static_cast<std::uint64_t>((kSlowestCall - kFastestCall).count());
  return kFastestCall + Duration(shared_.random.below(range));
}

// Every image is in the registry, and its containers run until they are stopped. What was handed to
// the engine happens, also while the agent is frozen.
void HollowAgent::call_engine(std::uint64_t token, const std::string& body) {
  auto op = agent::decode_op(body);
  if (!op) return answer(token, op.error());
  ++shared_.totals.engine_calls;
  shared_.loop.after(engine_latency(), [this, token, op = std::move(*op)] {
    engine_.advance(engine_time());
    const auto* pull = std::get_if<agent::EnsureImage>(&op);
    if (pull != nullptr && !engine_.has_image(pull->image)) {
      engine_.add_image(pull->image, {}, sim::Source::kRegistry);
    }
    answer(token, agent::encode(engine_.execute(op)));
  });
}

// Nobody reads it: a hollow agent is not started again.
void HollowAgent::keep_state(std::uint64_t token) {
  shared_.loop.after(kDiskTime, [this, token] { answer(token, runtime::Payload()); });
}

void HollowAgent::answer(std::uint64_t token, Result<runtime::Payload> body) {
  const auto found = pending_.find(token);
  if (found == pending_.end()) return;  // a late result: the timeout was the answer
  const Pending request = std::move(found->second);
  pending_.erase(found);
  count(request, body);
  put(runtime::Answered{request.id, std::move(body)});
}

// --- Counting ------------------------------------------------------------------------------------

void HollowAgent::count(const Pending& request, const Result<runtime::Payload>& body) {
  if (request.about == About::kLocal) return;
  Totals& totals = shared_.totals;
  if (!body) {
    ++totals.unanswered;
    return;
  }
  totals.longest_answer = std::max(totals.longest_answer, mono_now() - request.asked_at);
  if (request.about == About::kOther) return;
  if (!schema::open_reply(*body)) {
    ++totals.refused;
  } else if (request.about == About::kHeartbeat) {
    heard(*body);
  } else {
    registered_ = true;
    ++totals.registrations;
  }
}

void HollowAgent::heard(const runtime::Payload& body) {
  const auto reply = schema::unpack_reply<schema::HeartbeatReply>(body);
  if (!reply) return;
  registered_ = reply->registered;
  if (!registered_) return;
  const MonoTime now = mono_now();
  if (heard_at_) {
    shared_.totals.longest_silence = std::max(shared_.totals.longest_silence, now - *heard_at_);
  }
  heard_at_ = now;
}

}  // namespace cara::hollow
