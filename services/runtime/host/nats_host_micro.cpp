// What the process that NatsHost runs says about itself.
#include <map>

#include "schema/codec.h"
#include "services/runtime/host/clock.h"
#include "services/runtime/host/nats_host.h"

namespace cara::host {
namespace {

// An actor may have to look them up: whoever asks all the time does not slow it down.
constexpr runtime::Duration kGaugesAge = std::chrono::milliseconds(100);

// A map with the only key `error`: what schema::pack_error() makes.
constexpr std::string_view kErrorReply =
    "\x81\xa5"
    "error";

}  // namespace

MicroSnapshot NatsHost::snapshot() {
  const runtime::MonoTime time = mono_now();
  if (actor_ != nullptr && time >= gauges_until_) {
    gauges_ = actor_->gauges();
    gauges_until_ = time + kGaugesAge;
  }
  const std::size_t waiting = mailbox_.size() + events_.size();
  return {.queue_depth = static_cast<std::int64_t>(waiting), .gauges = gauges_};
}

// Whoever asks names the subject of the answer.
bool NatsHost::may_tell(const std::string& reply) const {
  if (schema::is_srv_inbox(reply)) return true;
  return !logs_in(options_.url, options_.access) && reply.starts_with("_INBOX.");
}

void NatsHost::tell_about_itself(const Arrived& asked) {
  if (!connection_ || !may_tell(asked.message.reply)) return;
  const runtime::MonoTime begun = mono_now();
  const auto answer = micro_.answer(asked.message.subject, snapshot());
  if (!answer) return;
  const auto sent = connection_->publish(asked.message.reply, "", *answer);
  const runtime::MonoTime end = mono_now();
  const std::size_t endpoint = micro_.endpoint_of(asked.message.subject);
  micro_.served(endpoint, end - begun, end - asked.at);
  if (!sent) micro_.failed(endpoint, sent.error().message);
}

void NatsHost::count_errors(std::span<const runtime::Event> batch,
                            const runtime::Effects& effects) {
  if (!micro_.is_enabled()) return;
  std::map<std::string_view, std::string_view> asked;  // subject by reply subject, once needed
  for (const runtime::Effect& effect : effects) {
    const auto* respond = std::get_if<runtime::Respond>(&effect);
    if (respond == nullptr || !respond->body.starts_with(kErrorReply)) continue;
    if (asked.empty()) {
      for (const runtime::Event& event : batch) {
        const auto* message = std::get_if<runtime::Delivered>(&event);
        if (message != nullptr && message->reply) asked[message->reply->subject] = message->subject;
      }
    }
    const auto found = asked.find(respond->to.subject);
    const std::size_t endpoint =
        found == asked.end() ? Micro::kNone : micro_.endpoint_of(found->second);
    if (endpoint == Micro::kNone) continue;
    const auto reply = schema::open_reply(respond->body);
    micro_.failed(endpoint, reply ? "" : reply.error().message);
  }
}

// The actor takes a batch as a whole: each of its messages has had an equal part of the time. What
// is left for the next step is counted with it.
void NatsHost::count_served(runtime::MonoTime begun) {
  if (counted_.empty() || !events_.empty()) return;
  const runtime::MonoTime end = mono_now();
  const runtime::Duration share = (end - begun) / static_cast<std::int64_t>(counted_.size());
  for (const Counted& counted : counted_) micro_.served(counted.endpoint, share, end - counted.at);
  counted_.clear();
}

void NatsHost::take(const Scrape& scrape) { scrape.figures->set_value(micro_.metrics(snapshot())); }

Result<std::string> NatsHost::metrics(runtime::Duration patience) {
  Scrape scrape{std::make_shared<std::promise<std::string>>()};
  std::future<std::string> figures = scrape.figures->get_future();
  mailbox_.put(std::move(scrape));
  if (figures.wait_for(patience) != std::future_status::ready) {
    return timed_out("the process does not come to it: its thread is busy or stands still");
  }
  return figures.get();
}

}  // namespace cara::host
