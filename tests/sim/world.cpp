#include "tests/sim/world.h"

#include <algorithm>
#include <utility>

#include "schema/check.h"
#include "services/agent/desired_cache.h"

namespace cara::sim {
namespace {

constexpr std::uint64_t kStepDelayUs = 200;  // events of this long make one batch
// Whoever waits for longer than this (a pull) is told that the connection is cut.
constexpr Duration kPatience = std::chrono::seconds(85);
constexpr std::uint64_t kPullUs = 400'000;     // of an image, at most
constexpr std::uint64_t kCrawlUs = 1'000'000;  // of a router, at most
constexpr std::uint64_t kDiskUs = 30'000;      // for a small file to be on disk, at most

}  // namespace

World::World(std::uint64_t seed) : random_({1, seed}), bus_(timeline_, trace_, {2, seed}) {}

void World::note(const std::string& who, const std::string& what, const std::string& subject,
                 const std::string& body) {
  trace_.add({now(), who, what, subject, body});
}

void World::add(ProcessSpec spec) {
  const std::string name = spec.name;
  CARA_CHECK(processes_
                 .try_emplace(name, Process{.spec = std::move(spec),
                                            .actor = nullptr,
                                            .life = 0,
                                            .inbox = {},
                                            .step_is_due = false,
                                            .timers = {},
                                            .crash_after = {},
                                            .frozen = false,
                                            .cut = false,
                                            .alive_at = {},
                                            .thawed_at = {},
                                            .cut_at = {},
                                            .router_free_at = {}})
                 .second);
}

void World::start(const std::string& name) {
  Process& process = processes_.at(name);
  CARA_CHECK(process.actor == nullptr);
  note(name, "starts");
  const runtime::Seed seed{random_.bits(), random_.bits()};
  process.actor = process.spec.make(seed);
  process.frozen = false;
  process.alive_at = now();
  process.thawed_at.reset();
  const std::uint64_t life = ++process.life;
  bus_.attach(name, process.spec.identity, process.actor->subscriptions(),
              [this, &process, life](runtime::Event event) {
                if (process.life == life && process.actor) put(process, std::move(event));
              });
  put(process, runtime::Started{});
}

void World::crash(const std::string& name) {
  Process& process = processes_.at(name);
  if (!process.actor) return;
  note(name, "crashes");
  process.actor.reset();
  process.inbox.clear();
  process.timers.clear();
  process.crash_after.reset();
  bus_.detach(name);
}

void World::crash_inside(const std::string& name, std::optional<std::size_t> effects) {
  processes_.at(name).crash_after = effects;
}

bool World::is_running(const std::string& name) const {
  return processes_.at(name).actor != nullptr;
}

void World::freeze(const std::string& name) {
  Process& process = processes_.at(name);
  if (!process.actor || process.frozen) return;
  note(name, "freezes");
  trace_.faults.count(Fault::kFreeze);
  process.frozen = true;
}

void World::thaw(const std::string& name) {
  Process& process = processes_.at(name);
  if (!process.actor || !process.frozen) return;
  note(name, "thaws");
  process.frozen = false;
  process.alive_at = now();
  process.thawed_at = now();
  if (!process.inbox.empty()) step_soon(process);
}

bool World::is_frozen(const std::string& name) const {
  const Process& process = processes_.at(name);
  return process.actor != nullptr && process.frozen;
}

void World::cut(const std::string& name, Cut cut) {
  Process& process = processes_.at(name);
  process.cut = cut.in || cut.out;
  process.cut_at = now();
  if (process.cut) {
    trace_.faults.count(!cut.out ? Fault::kCutIn : !cut.in ? Fault::kCutOut : Fault::kCutBoth);
  }
  bus_.set_cut(name, cut);
}

std::optional<MonoTime> World::alive_since(const std::string& name) const {
  const Process& process = processes_.at(name);
  if (!process.actor || process.frozen) return std::nullopt;
  return process.alive_at;
}

std::optional<MonoTime> World::thawed_at(const std::string& name) const {
  return processes_.at(name).thawed_at;
}

std::optional<MonoTime> World::well_since(const std::string& name) const {
  const Process& process = processes_.at(name);
  const auto alive = alive_since(name);
  if (!alive || process.cut) return std::nullopt;
  return std::max(*alive, process.cut_at);
}

void World::step_clock(const std::string& name, std::int64_t by_ms) {
  note(name, "clock steps", std::to_string(by_ms) + " ms");
  trace_.faults.count(Fault::kClockStep);
  processes_.at(name).spec.wall_offset_ms += by_ms;
}

void World::resync(const std::string& name) {
  trace_.faults.count(Fault::kResync);
  give(name, runtime::Resync{});
}

void World::engine_event(const std::string& name, const agent::EngineEvent& event) {
  if (random_.below(100) < engine_faults_.event_lost) {
    return trace_.faults.count(Fault::kEngineEventLost);
  }
  give(name, runtime::Delivered{agent::kEngineEventSubject, agent::encode(event), std::nullopt});
}

void World::ingress_event(const std::string& name, const agent::IngressEvent& event) {
  give(name, runtime::Delivered{agent::kIngressEventSubject, agent::encode(event), std::nullopt});
}

void World::give(const std::string& name, runtime::Event event) {
  Process& process = processes_.at(name);
  if (process.actor) put(process, std::move(event));
}

std::vector<std::string> World::names() const {
  std::vector<std::string> names;
  for (const auto& [name, process] : processes_) names.push_back(name);
  return names;
}

void World::put(Process& process, runtime::Event event) {
  process.inbox.push_back(std::move(event));
  step_soon(process);
}

void World::step_soon(Process& process) {
  if (process.step_is_due) return;
  process.step_is_due = true;
  timeline_.after(Duration(10 + random_.below(kStepDelayUs)), [this, &process] {
    process.step_is_due = false;
    if (process.actor && !process.frozen && !process.inbox.empty()) step(process);
  });
}

void World::step(Process& process) {
  const std::vector<runtime::Event> batch = std::exchange(process.inbox, {});
  for (const runtime::Event& event : batch) {
    if (on_event) on_event(process.spec.name, event);
    if (const auto* message = std::get_if<runtime::Delivered>(&event)) {
      note(process.spec.name, "gets", message->subject, message->body);
    } else if (const auto* answer = std::get_if<runtime::Answered>(&event)) {
      note(process.spec.name, "hears", "answer " + std::to_string(answer->id),
           answer->body.ok() ? *answer->body : answer->body.error().message);
    }
  }
  const runtime::Instant instant{now() + process.spec.boot_offset,
                                 {wall().ms + process.spec.wall_offset_ms}};
  const runtime::Effects effects = process.actor->step(batch, instant);
  perform(process, effects);
  if (after_step) after_step(process.spec.name);
}

void World::perform(Process& process, const runtime::Effects& effects) {
  const auto crash_after = std::exchange(process.crash_after, std::nullopt);
  for (std::size_t i = 0; i < effects.size(); ++i) {
    if (crash_after && i >= *crash_after) break;
    if (on_effect) on_effect(process.spec.name, effects[i]);
    perform_one(process, effects[i]);
    if (!process.actor) return;
  }
  if (!crash_after) return;
  trace_.faults.count(Fault::kCrashInsideStep);
  crash(process.spec.name);
}

void World::perform_one(Process& process, const runtime::Effect& effect) {
  const std::string& name = process.spec.name;
  if (const auto* message = std::get_if<runtime::Publish>(&effect)) {
    note(name, "tells", message->subject, message->body);
    bus_.publish(name, *message);
  } else if (const auto* request = std::get_if<runtime::Request>(&effect)) {
    if (request->subject == agent::kEngineSubject) return call_engine(process, *request);
    if (request->subject == agent::kIngressSubject) return call_ingress(process, *request);
    if (request->subject == agent::kStateSubject) return keep(process, *request);
    note(name, "asks", std::to_string(request->id) + " " + request->subject, request->body);
    bus_.request(name, *request);
  } else if (const auto* response = std::get_if<runtime::Respond>(&effect)) {
    note(name, "answers", response->to.subject, response->body);
    bus_.respond(name, *response);
  } else if (const auto* timer = std::get_if<runtime::SetTimer>(&effect)) {
    set_timer(process, *timer);
  } else if (const auto* line = std::get_if<runtime::Note>(&effect)) {
    note(name, "notes", line->text);
    if (line->text.ends_with("list again")) trace_.faults.count(Fault::kWatcherTooFarBehind);
  } else if (const auto* end = std::get_if<runtime::Stop>(&effect)) {
    stop(process, *end);
  }
}

void World::set_timer(Process& process, const runtime::SetTimer& timer) {
  const std::uint64_t setting = ++timer_settings_;
  process.timers[timer.id] = setting;
  timeline_.after(timer.after, [this, &process, id = timer.id, setting, life = process.life] {
    if (process.life != life || !process.actor) return;
    const auto found = process.timers.find(id);
    if (found == process.timers.end() || found->second != setting) return;
    process.timers.erase(found);
    put(process, runtime::TimerFired{id});
  });
}

void World::stop(Process& process, const runtime::Stop& stop) {
  note(process.spec.name, "stops", stop.reason);
  crash(process.spec.name);
  if (on_stop) on_stop(process.spec.name, stop.reason);
}

Duration World::engine_time(const agent::EngineOp& op) {
  const auto slowest = static_cast<std::uint64_t>(engine_faults_.slowest.count());
  const std::uint64_t us = random_.below(slowest) + 100;
  if (std::holds_alternative<agent::EnsureImage>(op)) return Duration(us + random_.below(kPullUs));
  return Duration(us);
}

void World::call_engine(Process& process, const runtime::Request& request) {
  CARA_CHECK(process.spec.engine);
  auto op = agent::decode_op(request.body);
  CARA_CHECK(op.ok());
  if (before_engine_op) before_engine_op(process.spec.name, *op);
  note(process.spec.name, "engine", std::to_string(request.id), request.body);
  const Duration before = engine_time(*op);
  // What was handed to the engine happens, also when the agent is gone by then.
  timeline_.after(before,
                  [this, &process, op = *op, id = request.id, life = process.life,
                   left = request.timeout - before] { execute(process, op, id, life, left); });
}

// What has not been done when the agent dies is never done: nobody but it asks the router.
void World::call_ingress(Process& process, const runtime::Request& request) {
  CARA_CHECK(process.spec.ingress);
  auto op = agent::decode_ingress_op(request.body);
  CARA_CHECK(op.ok());
  note(process.spec.name, "ingress", std::to_string(request.id), request.body);
  const bool crawls = random_.below(100) < ingress_faults_.crawls;
  const auto slowest = static_cast<std::uint64_t>(ingress_faults_.slowest.count());
  if (crawls) trace_.faults.count(Fault::kRouterCrawls);
  const Duration takes(50 + random_.below(crawls ? kCrawlUs : slowest));
  process.router_free_at = std::max(process.router_free_at, now()) + takes;
  const bool forgets = random_.below(100) < ingress_faults_.forgets;
  if (forgets) trace_.faults.count(Fault::kRouterForgets);
  const MonoTime give_up = now() + request.timeout;
  timeline_.after(process.router_free_at - now(), [this, &process, op = *op, id = request.id,
                                                   life = process.life, forgets, give_up] {
    if (process.life != life || !process.actor) return;
    Result<runtime::Payload> body = agent::encode(process.spec.ingress(op));
    if (after_ingress_op) after_ingress_op(process.spec.name, op);
    if (forgets) body = timed_out("the router did not answer in time");
    const Duration back = forgets ? give_up - now() : Duration(50 + random_.below(1'000));
    timeline_.after(back, [this, &process, id, life, body] {
      if (process.life == life && process.actor) put(process, runtime::Answered{id, body});
    });
  });
}

// The file is as before when the process dies first.
void World::keep(Process& process, const runtime::Request& request) {
  CARA_CHECK(process.spec.keep);
  note(process.spec.name, "keeps", std::to_string(request.id), request.body);
  timeline_.after(Duration(100 + random_.below(kDiskUs)),
                  [this, &process, bytes = request.body, id = request.id, life = process.life] {
                    if (process.life != life || !process.actor) return;
                    process.spec.keep(bytes);
                    put(process, runtime::Answered{id, runtime::Payload()});
                  });
}

void World::execute(Process& process, const agent::EngineOp& op, runtime::RequestId id,
                    std::uint64_t life, Duration left) {
  const bool refuses = random_.below(100) < engine_faults_.refuses;
  const bool forgets = random_.below(100) < engine_faults_.forgets;
  Result<agent::EngineReply> reply = unavailable("the engine does not answer");
  if (refuses) trace_.faults.count(Fault::kEngineRefuses);
  if (forgets) trace_.faults.count(Fault::kEngineForgets);
  const auto too_late = agent::is_too_late(op, (now() + process.spec.boot_offset).us);
  if (!refuses) reply = too_late ? *too_late : process.spec.engine(op);
  if (!refuses && !too_late && after_engine_op) after_engine_op(process.spec.name, op);
  const Duration back = engine_time(agent::GetInfo{});
  const bool late = back > left || (forgets && left < kPatience);
  // The host ends a request with an error of its own; the engine's errors travel in the payload.
  Result<runtime::Payload> body = agent::encode(reply);
  if (forgets) body = unavailable("the connection to the engine was cut");
  if (late) body = timed_out("the engine did not answer in time");
  if (late) trace_.faults.count(Fault::kEngineTooLate);
  timeline_.after(late ? std::max(left, Duration(0)) : back, [this, &process, id, life, body] {
    if (process.life == life && process.actor) put(process, runtime::Answered{id, body});
  });
}

}  // namespace cara::sim
