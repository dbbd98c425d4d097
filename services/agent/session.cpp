#include "services/agent/session.h"

#include <utility>

#include "services/agent/engine_calls.h"
#include "services/runtime/calls.h"

namespace cara::agent {

using runtime::Answered;
using runtime::Effects;
using runtime::Level;
using runtime::note;
using runtime::SetTimer;

Session::Session(SessionOptions options, runtime::RequestIds& ids)
    : options_(std::move(options)),
      identity_{schema::Role::kAgent, schema::node_token(options_.node)},
      ids_(ids) {}

std::optional<Session::News> Session::handle(const runtime::Event& event, runtime::MonoTime now,
                                             Effects& out) {
  if (const auto* fired = std::get_if<runtime::TimerFired>(&event)) {
    if (fired->id == options_.beat_timer) {
      beat(out);
    } else if (fired->id == options_.register_timer) {
      enroll(out);
    } else if (fired->id == options_.probe_timer) {
      probe(out);
    } else {
      return std::nullopt;
    }
    return News{};
  }
  const auto* answer = std::get_if<Answered>(&event);
  if (answer == nullptr) return std::nullopt;
  if (answer->id == probing_) return probed(*answer, now, out);
  if (answer->id == enrolling_) return enrolled(*answer, out);
  if (answer->id == beating_) return beaten(*answer, out);
  return std::nullopt;
}

// The engine is asked first: registration tells what the node is.
void Session::start(Effects& out) { probe(out); }

void Session::retry_now(Effects& out) {
  failures_ = 0;
  if (registration_ != 0) {
    beat(out);
  } else if (engine_known_) {
    enroll(out);
  }
}

// Not at once: an apiserver that registers and refuses in turns is not to be flooded.
void Session::register_again(Effects& out) {
  registration_ = 0;
  out.push_back(SetTimer{options_.register_timer, options_.register_backoff.base});
}

// --- The engine ---------------------------------------------------------------------------------

void Session::probe(Effects& out) {
  if (probing_) return;
  probing_ = ids_.next();
  const EngineOp op = GetInfo{};
  out.push_back(runtime::Request{*probing_, kEngineSubject, encode(op), time_limit(op)});
}

Session::News Session::probed(const Answered& answer, runtime::MonoTime now, Effects& out) {
  probing_.reset();
  out.push_back(SetTimer{options_.probe_timer, options_.probe_every});
  const auto reply =
      answer.body.ok() ? decode_reply(*answer.body) : Result<EngineReply>(answer.body.error());
  const bool first = !std::exchange(engine_known_, true);
  const bool was_ready = engine_ready_;
  bool another = false;
  if (reply.ok()) another = !(std::exchange(info_, reply->info) == reply->info);
  engine_said(reply.ok() ? std::nullopt : std::optional(reply.error()), now, out);
  if (first || another) {
    registration_ = 0;
    enroll(out);
  }
  return {.engine_answers_again = reply.ok() && !was_ready};
}

void Session::engine_said(const std::optional<Error>& error, runtime::MonoTime now, Effects& out) {
  const bool silent = error && (error->code == Code::kUnavailable || error->code == Code::kTimeout);
  if (error && !silent) return;  // it answers; only this one call failed
  // An engine that was never there is news as well: nothing was said about it yet.
  const bool changed = engine_ready_ == silent || (silent && engine_error_.empty());
  if (silent && !away_since_) away_since_ = now;
  engine_ready_ = !silent;
  engine_error_ = silent ? error->message : "";
  if (!changed) return;
  out.push_back(silent ? note(Level::kWarn, "the engine does not answer: " + error->message)
                       : note(Level::kInfo, "the engine answers"));
  beat(out);
}

void Session::set_remark(std::string remark, Effects& out) {
  if (remark == remark_) return;
  remark_ = std::move(remark);
  if (!remark_.empty()) out.push_back(note(Level::kWarn, remark_));
  beat(out);
}

std::optional<runtime::MonoTime> Session::take_away_since() {
  return std::exchange(away_since_, std::nullopt);
}

std::string Session::engine_message() const {
  if (!engine_ready_) return engine_error_;
  return remark_.empty() ? "Docker " + info_.engine_version : remark_;
}

// --- Registration -------------------------------------------------------------------------------

void Session::enroll(Effects& out) {
  if (enrolling_ || registration_ != 0) return;
  enrolling_ = ids_.next();
  const schema::RegisterRequest request{.node = options_.node,
                                        .agent_id = options_.agent_id,
                                        .labels = options_.labels,
                                        .info = {.address = options_.address,
                                                 .os = info_.os,
                                                 .kernel = info_.kernel,
                                                 .architecture = info_.architecture,
                                                 .engine_version = info_.engine_version,
                                                 .agent_version = options_.agent_version,
                                                 .cpus = info_.cpus,
                                                 .memory_bytes = info_.memory_bytes},
                                        .engine_ready = engine_ready_,
                                        .engine_message = engine_message()};
  out.push_back(runtime::call(*enrolling_, identity_, "node.register", request));
}

Session::News Session::enrolled(const Answered& answer, Effects& out) {
  enrolling_.reset();
  const auto reply = runtime::open<schema::RegisterReply>(answer);
  if (!reply.ok()) {
    ++failures_;
    complain("cannot register: " + reply.error().message, out);
    out.push_back(SetTimer{options_.register_timer, options_.register_backoff.after(failures_)});
    return {};
  }
  failures_ = 0;
  complaint_.clear();
  registration_ = reply->registration;
  cluster_ = reply->cluster;
  out.push_back(note(Level::kInfo, "registered as node " + options_.node + ", registration " +
                                       std::to_string(registration_)));
  out.push_back(SetTimer{options_.beat_timer, options_.heartbeat_every});
  return {.registered = true};
}

// --- Heartbeats ---------------------------------------------------------------------------------

void Session::beat(Effects& out) {
  if (registration_ == 0 || beating_) return;
  beating_ = ids_.next();
  const schema::Heartbeat beat{.registration = registration_,
                               .engine_ready = engine_ready_,
                               .engine_message = engine_message()};
  out.push_back(runtime::Request{*beating_, schema::heartbeat_subject(options_.node),
                                 schema::pack_message(beat), options_.heartbeat_every});
  out.push_back(SetTimer{options_.beat_timer, options_.heartbeat_every});
}

Session::News Session::beaten(const Answered& answer, Effects& out) {
  beating_.reset();
  const auto reply = runtime::open<schema::HeartbeatReply>(answer);
  if (!reply.ok()) {
    complain("a heartbeat was lost: " + reply.error().message, out);
    return {};
  }
  if (!reply->registered) {
    register_again(out);
    return {};
  }
  complaint_.clear();
  return {.revision = reply->revision};
}

// The same words once, not with every attempt.
void Session::complain(const std::string& sentence, Effects& out) {
  if (sentence == complaint_) return;
  complaint_ = sentence;
  out.push_back(note(Level::kWarn, sentence));
}

}  // namespace cara::agent
