// Actor: a deterministic state machine. Events in, effects out; a process is an actor plus a host.
//
// An actor has no clock, thread, socket or source of randomness. `Instant` tells it the time and
// its constructor takes a seed, so one seed replays one run, on the real host or in the simulator.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <variant>
#include <vector>

#include "schema/result.h"
#include "schema/time.h"

namespace cara::runtime {

using Duration = std::chrono::microseconds;

// A point on this host's boot clock (it goes on while the machine sleeps). Never sent anywhere.
struct MonoTime {
  std::int64_t us = 0;
  auto operator<=>(const MonoTime&) const = default;
  friend MonoTime operator+(MonoTime t, Duration d) { return {t.us + d.count()}; }
  friend Duration operator-(MonoTime a, MonoTime b) { return Duration(a.us - b.us); }
};

struct Instant {
  MonoTime mono;   // for every wait, lease and timeout
  Timestamp wall;  // for people, and for expireAt
};

using Payload = std::string;       // one msgpack map
using RequestId = std::uint64_t;   // chosen by the actor, unique within its life
using TimerId = std::uint64_t;     // chosen by the actor

struct ReplyTo {
  std::string subject;
};

// --- Events -------------------------------------------------------------------------------------
struct Started {};
// Messages may have been missed: the bus was (re)connected or a queue overflowed. Pull again.
struct Resync {};
struct Delivered {
  std::string subject;
  Payload body;
  std::optional<ReplyTo> reply;
};
// The end of a Request. "Nobody listens" is kUnavailable at once, silence is kTimeout.
struct Answered {
  RequestId id = 0;
  Result<Payload> body;
};
struct TimerFired {
  TimerId id = 0;
};
using Event = std::variant<Started, Resync, Delivered, Answered, TimerFired>;

// --- Effects ------------------------------------------------------------------------------------
struct Publish {
  std::string subject;
  Payload body;
};
// Subjects that start with `local.` are served inside the process by a worker pool (Docker).
struct Request {
  RequestId id = 0;
  std::string subject;
  Payload body;
  Duration timeout{};
};
struct Respond {
  ReplyTo to;
  Payload body;
};
// Fires once. Setting a timer that is already set moves it.
struct SetTimer {
  TimerId id = 0;
  Duration after{};
};
enum class Level { kDebug, kInfo, kWarn, kError };
// A log line is an effect, so that a replayed run logs the same.
struct Note {
  Level level = Level::kInfo;
  std::string text;
};
// The actor cannot go on (a failed commit, a rival). Effects behind it are not performed; the
// process exits with `exit_code`.
struct Stop {
  std::string reason;
  int exit_code = 1;
};
using Effect = std::variant<Publish, Request, Respond, SetTimer, Note, Stop>;
using Effects = std::vector<Effect>;

struct Subscription {
  std::string subject;
  std::string queue_group;  // empty: every subscriber gets every message
};

class Actor {
 public:
  virtual ~Actor() = default;
  // Constant over the actor's life.
  virtual std::vector<Subscription> subscriptions() const = 0;
  // One thread. Takes every event that is waiting (never none); the effects are performed in order
  // after it returns.
  virtual Effects step(std::span<const Event> batch, Instant now) = 0;
  // What operators want to see of it, by snake_case name: sizes, revisions, totals.
  virtual std::map<std::string, std::int64_t> gauges() const { return {}; }
};

}  // namespace cara::runtime
