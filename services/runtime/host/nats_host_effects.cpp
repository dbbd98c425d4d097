// What NatsHost does with an actor's effects.
#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <exception>
#include <utility>

#include "schema/codec.h"
#include "services/runtime/host/clock.h"
#include "services/runtime/host/nats_host.h"

namespace cara::host {
namespace {

spdlog::level::level_enum log_level(runtime::Level level) {
  switch (level) {
    case runtime::Level::kDebug:
      return spdlog::level::debug;
    case runtime::Level::kInfo:
      return spdlog::level::info;
    case runtime::Level::kWarn:
      return spdlog::level::warn;
    case runtime::Level::kError:
      return spdlog::level::err;
  }
  return spdlog::level::err;
}

Result<runtime::Payload> call(const NatsHost::LocalHandler& handler, std::string_view body) {
  try {
    return handler(body);
  } catch (const std::exception& e) {
    return internal(e.what());
  }
}

}  // namespace

bool NatsHost::is_local(std::string_view subject) { return subject.starts_with("local."); }

bool NatsHost::perform_all(runtime::Effects effects) {
  for (runtime::Effect& effect : effects) {
    std::visit([this](auto& value) { perform(std::move(value)); }, effect);
    if (std::holds_alternative<runtime::Stop>(effect)) return false;
  }
  return true;
}

void NatsHost::perform(runtime::Publish publish) {
  if (!connection_) return;  // a hint: its readers pull when the bus is back
  const auto sent = connection_->publish(publish.subject, "", publish.body);
  if (!sent) spdlog::warn("cannot publish to {}: {}", publish.subject, sent.error().message);
}

void NatsHost::perform(runtime::Request request) {
  const std::uint64_t token = ++last_token_;
  pending_.emplace(token, Pending{.id = request.id, .subject = request.subject});
  timeouts_.set(token, mono_now() + request.timeout);
  if (is_local(request.subject)) {
    start_local(token, std::move(request));
  } else {
    send_request(token, request);
  }
}

void NatsHost::send_request(std::uint64_t token, const runtime::Request& request) {
  if (!connection_) {
    answer(token, unavailable("not connected to the bus"));
    return;
  }
  const auto sent =
      connection_->publish(request.subject, fmt::format("{}.{}", inbox_, token), request.body);
  if (!sent) answer(token, sent.error());
}

void NatsHost::start_local(std::uint64_t token, runtime::Request request) {
  const auto it = locals_.find(request.subject);
  if (it == locals_.end()) {
    answer(token, unavailable(fmt::format("nobody serves {}", request.subject)));
    return;
  }
  const LocalHandler& handler = it->second.handler;
  const bool accepted =
      it->second.pool->submit([this, &handler, token, body = std::move(request.body)] {
        mailbox_.put(LocalDone{.token = token, .body = call(handler, body)});
      });
  if (!accepted) {
    answer(token, unavailable(fmt::format("too many calls wait for {}", request.subject)));
  }
}

void NatsHost::perform(runtime::Respond respond) {
  if (!connection_) return;  // the asker timed out, or asks again
  const auto sent = connection_->publish(respond.to.subject, "", respond.body);
  if (sent) return;
  spdlog::warn("cannot answer to {}: {}", respond.to.subject, sent.error().message);
  if (sent.error().code == Code::kInvalid) {
    (void)connection_->publish(respond.to.subject, "", schema::pack_error(sent.error()));
  }
}

void NatsHost::perform(const runtime::SetTimer& timer) {
  timers_.set(timer.id, mono_now() + timer.after);
}

void NatsHost::perform(const runtime::Note& note) {
  spdlog::log(log_level(note.level), "{}", note.text);
}

void NatsHost::perform(const runtime::Stop& stop) {
  exit_code_ = stop.exit_code;
  spdlog::log(stop.exit_code == 0 ? spdlog::level::info : spdlog::level::critical, "{}",
              stop.reason);
}

}  // namespace cara::host
