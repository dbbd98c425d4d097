#include "services/agent/session.h"

#include <algorithm>
#include <utility>

#include "schema/address.h"
#include "schema/formats.h"
#include "services/agent/engine_calls.h"
#include "services/runtime/calls.h"

namespace cara::agent {
namespace {

constexpr int kTriesPerBeat = 3;  // when a heartbeat was refused or lost

}  // namespace

using runtime::Answered;
using runtime::Effects;
using runtime::Level;
using runtime::MonoTime;
using runtime::note;
using runtime::SetTimer;

Session::Session(SessionOptions options, runtime::RequestIds& ids)
    : options_(std::move(options)),
      identity_{schema::Role::kAgent, schema::node_token(options_.node)},
      ids_(ids),
      disk_(schema::kConditionDiskPressure, options_.least_disk),
      memory_(schema::kConditionMemoryPressure, options_.least_memory) {}

std::optional<Session::News> Session::handle(const runtime::Event& event, MonoTime now,
                                             Effects& out) {
  if (const auto* fired = std::get_if<runtime::TimerFired>(&event)) {
    if (fired->id == options_.beat_timer) {
      beat(now, out);
    } else if (fired->id == options_.register_timer) {
      enroll(now, out);
    } else if (fired->id == options_.probe_timer) {
      probe(out);
    } else if (fired->id != options_.lease_timer) {
      return std::nullopt;
    }
    return News{};
  }
  const auto* answer = std::get_if<Answered>(&event);
  if (answer == nullptr) return std::nullopt;
  if (answer->id == probing_) return probed(*answer, now, out);
  if (answer->id == enrolling_) return enrolled(*answer, now, out);
  if (answer->id == beating_) return beaten(*answer, now, out);
  return std::nullopt;
}

// The engine is asked first: registration tells what the node is.
void Session::start(Effects& out) { probe(out); }

void Session::retry_now(MonoTime now, Effects& out) {
  failures_ = 0;
  if (registration_ != 0) {
    beat(now, out);
  } else if (engine_known_) {
    enroll(now, out);
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

Session::News Session::probed(const Answered& answer, MonoTime now, Effects& out) {
  probing_.reset();
  out.push_back(SetTimer{options_.probe_timer, options_.probe_every});
  const auto reply =
      answer.body.ok() ? decode_reply(*answer.body) : Result<EngineReply>(answer.body.error());
  const bool first = !std::exchange(engine_known_, true);
  const bool was_ready = engine_ready_;
  bool another = false;
  if (reply.ok()) {
    another = !(std::exchange(info_, reply->info) == reply->info);
    readings_ = reply->readings;
    read_pressure(readings_, now, out);
  }
  engine_said(reply.ok() ? std::nullopt : std::optional(reply.error()), now, out);
  if (first || another) {
    registration_ = 0;
    enroll(now, out);
  }
  return {.engine_answers_again = reply.ok() && !was_ready};
}

void Session::engine_said(const std::optional<Error>& error, MonoTime now, Effects& out) {
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
  beat(now, out);
}

void Session::set_strays(std::string strays, MonoTime now, Effects& out) {
  if (strays == strays_) return;
  strays_ = std::move(strays);
  if (!strays_.empty()) out.push_back(note(Level::kWarn, strays_));
  beat(now, out);
}

void Session::set_ingress_trouble(std::string trouble, MonoTime now, Effects& out) {
  if (trouble == ingress_trouble_) return;
  ingress_trouble_ = std::move(trouble);
  beat(now, out);
}

void Session::read_pressure(const Readings& readings, MonoTime now, Effects& out) {
  const bool disk = disk_.read(readings.disk_free_bytes, readings.disk_bytes);
  const bool memory = memory_.read(readings.memory_free_bytes, info_.memory_bytes);
  for (const auto& [changed, gauge] : {std::pair(disk, &disk_), std::pair(memory, &memory_)}) {
    if (!changed) continue;
    const schema::NodeTrouble trouble = gauge->trouble();
    out.push_back(gauge->is_high()
                      ? note(Level::kWarn, trouble.type + ": " + trouble.message)
                      : note(Level::kInfo, "the " + trouble.type + " of this node is over"));
  }
  if (disk || memory) beat(now, out);
}

std::vector<schema::NodeTrouble> Session::troubles() const {
  std::vector<schema::NodeTrouble> all;
  for (const PressureGauge* gauge : {&disk_, &memory_}) {
    if (gauge->is_high()) all.push_back(gauge->trouble());
  }
  if (!strays_.empty()) all.push_back({schema::kConditionStrayContainers, strays_});
  if (!ingress_trouble_.empty()) all.push_back({schema::kConditionIngressDown, ingress_trouble_});
  return all;
}

std::optional<MonoTime> Session::take_away_since() {
  return std::exchange(away_since_, std::nullopt);
}

std::string Session::engine_message() const {
  return engine_ready_ ? "Docker " + info_.engine_version : engine_error_;
}

// --- Registration -------------------------------------------------------------------------------

// What every node has, unless its owner says otherwise.
std::map<std::string, std::string> Session::all_labels() const {
  std::map<std::string, std::string> labels = options_.labels;
  labels.emplace(schema::kLabelHostname, options_.node);
  labels.emplace(schema::kLabelOs, "linux");
  if (!info_.architecture.empty()) labels.emplace(schema::kLabelArch, info_.architecture);
  std::erase_if(labels, [&](const auto& label) {
    return !options_.labels.contains(label.first) &&
           schema::check_format(schema::Format::kLabelValue, label.second);
  });
  return labels;
}

schema::NodeInfo Session::node_info() const {
  return {.address = options_.address,
          .addresses = readings_.addresses,
          .os = info_.os,
          .kernel = info_.kernel,
          .architecture = info_.architecture,
          .engine_version = info_.engine_version,
          .agent_version = options_.agent_version,
          .cpus = info_.cpus,
          .memory_bytes = info_.memory_bytes,
          .disk_bytes = readings_.disk_bytes,
          .allocatable = allocatable(info_, options_.capacity),
          .ingress = ingress()};
}

// One that listens on all addresses is reached at the node's own.
std::optional<schema::NodeIngress> Session::ingress() const {
  std::optional<schema::NodeIngress> ingress = options_.ingress;
  if (!ingress) return ingress;
  const auto listen = schema::parse_address(ingress->address);
  if (!listen || (listen->ip != "0.0.0.0" && listen->ip != "::")) return ingress;
  // A name would be for each other node to resolve, whenever it does.
  const bool is_ip = !schema::check_format(schema::Format::kIp, options_.address);
  std::string ip = is_ip ? options_.address : "";
  if (ip.empty() && !readings_.addresses.empty()) ip = readings_.addresses.front();
  const bool is_ipv6 = ip.find(':') != std::string::npos;
  ingress->address =
      ip.empty() ? "" : schema::to_string(schema::Address{ip, listen->port, is_ipv6});
  return ingress;
}

void Session::enroll(MonoTime now, Effects& out) {
  if (enrolling_ || registration_ != 0) return;
  enrolling_ = ids_.next();
  enroll_sent_at_ = now;
  const schema::RegisterRequest request{.node = options_.node,
                                        .agent_id = options_.agent_id,
                                        .machine_id = options_.machine_id,
                                        .boot_id = options_.boot_id,
                                        .labels = all_labels(),
                                        .info = node_info(),
                                        .engine_ready = engine_ready_,
                                        .engine_message = engine_message(),
                                        .troubles = troubles()};
  out.push_back(runtime::call(*enrolling_, identity_, "node.register", request));
}

Session::News Session::enrolled(const Answered& answer, MonoTime now, Effects& out) {
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
  lease_length_ = std::chrono::milliseconds(reply->node_timeout_ms);
  renew_lease(enroll_sent_at_, now, out);
  return {.registered = true, .renewed = true};
}

// --- Heartbeats ---------------------------------------------------------------------------------

void Session::beat(MonoTime now, Effects& out) {
  if (registration_ == 0) return;
  if (beating_) {
    beat_again_ = true;
    return;
  }
  beating_ = ids_.next();
  beat_sent_at_ = now;
  const schema::Heartbeat beat{.registration = registration_,
                               .engine_ready = engine_ready_,
                               .engine_message = engine_message(),
                               .troubles = troubles()};
  out.push_back(runtime::Request{*beating_, schema::heartbeat_subject(options_.node),
                                 schema::pack_message(beat), options_.heartbeat_every});
  out.push_back(SetTimer{options_.beat_timer, options_.heartbeat_every});
}

Session::News Session::beaten(const Answered& answer, MonoTime now, Effects& out) {
  beating_.reset();
  News news = take_beat(answer, now, out);
  if (std::exchange(beat_again_, false)) beat(now, out);
  return news;
}

Session::News Session::take_beat(const Answered& answer, MonoTime now, Effects& out) {
  const auto reply = runtime::open<schema::HeartbeatReply>(answer);
  if (!reply.ok()) {
    complain("a heartbeat was lost: " + reply.error().message, out);
    // Whoever restarts the apiserver is not to wait for a whole beat of silence on top.
    out.push_back(SetTimer{options_.beat_timer, options_.heartbeat_every / kTriesPerBeat});
    return {};
  }
  if (!reply->registered) {
    register_again(out);
    return {};
  }
  complaint_.clear();
  const bool returned = !has_lease(now);
  renew_lease(beat_sent_at_, now, out);
  return {.renewed = true, .returned = returned, .revision = reply->revision};
}

void Session::renew_lease(MonoTime sent_at, MonoTime now, Effects& out) {
  lease_end_ = std::max(lease_end_, sent_at + lease_length_);
  if (has_lease(now)) out.push_back(SetTimer{options_.lease_timer, lease_end_ - now});
}

// The same words once, not with every attempt.
void Session::complain(const std::string& sentence, Effects& out) {
  if (sentence == complaint_) return;
  complaint_ = sentence;
  out.push_back(note(Level::kWarn, sentence));
}

}  // namespace cara::agent
