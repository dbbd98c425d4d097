// World: all processes of a cluster in one, under virtual time. It is the third host of the actors
// beside the real one: it steps them, performs their effects, crashes, freezes and restarts them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "services/agent/engine.h"
#include "services/agent/ingress.h"
#include "services/runtime/actor.h"
#include "services/runtime/ids.h"
#include "tests/sim/bus.h"
#include "tests/sim/timeline.h"
#include "tests/sim/trace.h"

namespace cara::sim {

// 2026-01-01T00:00:00Z: where every run begins.
inline constexpr Timestamp kEpoch{1'767'225'600'000};

struct ProcessSpec {
  std::string name;
  schema::Identity identity;
  // A fresh actor: nothing of an earlier life but what it keeps outside (store, engine).
  std::function<std::unique_ptr<runtime::Actor>(runtime::Seed)> make;
  // Serves `local.engine`.
  std::function<Result<agent::EngineReply>(const agent::EngineOp&)> engine;
  // Serves `local.ingress`.
  std::function<Result<agent::IngressReply>(const agent::IngressOp&)> ingress;
  // Serves `local.state`: a file that outlives the process.
  std::function<void(const std::string& bytes)> keep;
  Duration boot_offset{};           // hosts booted at different times,
  std::int64_t wall_offset_ms = 0;  // and their clocks do not agree
};

// How the engines behave, chances in percent of one operation.
struct EngineFaults {
  std::uint64_t refuses = 0;     // kUnavailable, nothing done
  std::uint64_t forgets = 0;     // done, but the answer is a timeout
  std::uint64_t event_lost = 0;  // the hint that something changed does not come
  Duration slowest = std::chrono::milliseconds(20);
};

// How the routers behave, likewise. They serve one operation after the other.
struct IngressFaults {
  std::uint64_t forgets = 0;  // done, but the answer comes too late
  std::uint64_t crawls = 0;   // takes long, whatever `slowest` says
  Duration slowest = std::chrono::milliseconds(5);
};

class World {
 public:
  explicit World(std::uint64_t seed);
  World(const World&) = delete;
  World& operator=(const World&) = delete;

  void add(ProcessSpec spec);
  void start(const std::string& name);  // REQUIRES: not running
  void crash(const std::string& name);  // between two steps
  // The next step's effects are performed up to the first `effects` of them; then it crashes.
  // Nothing: it does not, after all.
  void crash_inside(const std::string& name, std::optional<std::size_t> effects);
  bool is_running(const std::string& name) const;
  // SIGSTOP and SIGCONT: what comes meanwhile, timers too, waits for it. A crash ends it.
  void freeze(const std::string& name);
  void thaw(const std::string& name);
  bool is_frozen(const std::string& name) const;
  // Which way it cannot speak from now on; nobody is told.
  void cut(const std::string& name, Cut cut);
  // Since when it runs and is not frozen. Nothing: it does not, or is.
  std::optional<MonoTime> alive_since(const std::string& name) const;
  // When it was thawed last. Nothing: not in this life.
  std::optional<MonoTime> thawed_at(const std::string& name) const;
  // As alive_since(), and not cut off.
  std::optional<MonoTime> well_since(const std::string& name) const;
  // Its wall clock is set; the monotonic one is not.
  void step_clock(const std::string& name, std::int64_t by_ms);
  void resync(const std::string& name);  // its connection was made anew
  void engine_event(const std::string& name, const agent::EngineEvent& event);
  void ingress_event(const std::string& name, const agent::IngressEvent& event);
  std::vector<std::string> names() const;

  Bus& bus() { return bus_; }
  Trace& trace() { return trace_; }
  Timeline& timeline() { return timeline_; }
  MonoTime now() const { return timeline_.now(); }
  Timestamp wall() const { return {kEpoch.ms + now().us / 1000}; }
  void set_engine_faults(const EngineFaults& faults) { engine_faults_ = faults; }
  void set_ingress_faults(const IngressFaults& faults) { ingress_faults_ = faults; }

  // Observers, called synchronously. An event is seen before it is given to the actor, an effect
  // before it is performed, an operation of an engine when it is asked for and when it was done.
  std::function<void(const std::string& process, const runtime::Event&)> on_event;
  std::function<void(const std::string& process, const runtime::Effect&)> on_effect;
  std::function<void(const std::string& process)> after_step;
  std::function<void(const std::string& process, const agent::EngineOp&)> before_engine_op;
  std::function<void(const std::string& process, const agent::EngineOp&)> after_engine_op;
  // An operation of a router was done.
  std::function<void(const std::string& process, const agent::IngressOp&)> after_ingress_op;
  // A process ended by its own decision; it stays down until somebody starts it.
  std::function<void(const std::string& process, const std::string& reason)> on_stop;

 private:
  struct Process {
    ProcessSpec spec;
    std::unique_ptr<runtime::Actor> actor;  // null: down
    std::uint64_t life = 0;                 // counts starts
    std::vector<runtime::Event> inbox;
    bool step_is_due = false;
    std::map<runtime::TimerId, std::uint64_t> timers;  // the newest setting of each
    std::optional<std::size_t> crash_after;            // effects of the next step
    bool frozen = false;
    bool cut = false;
    MonoTime alive_at;  // it was started or thawed
    std::optional<MonoTime> thawed_at;
    MonoTime cut_at;          // it was cut off, or that was mended
    MonoTime router_free_at;  // its operations of before are done then
  };

  void give(const std::string& name, runtime::Event event);
  void put(Process& process, runtime::Event event);
  void step_soon(Process& process);
  void step(Process& process);
  void perform(Process& process, const runtime::Effects& effects);
  void perform_one(Process& process, const runtime::Effect& effect);
  void set_timer(Process& process, const runtime::SetTimer& timer);
  void stop(Process& process, const runtime::Stop& stop);
  void call_engine(Process& process, const runtime::Request& request);
  void keep(Process& process, const runtime::Request& request);
  void execute(Process& process, const agent::EngineOp& op, runtime::RequestId id,
               std::uint64_t life, Duration left);
  Duration engine_time(const agent::EngineOp& op);
  void call_ingress(Process& process, const runtime::Request& request);
  void note(const std::string& who, const std::string& what, const std::string& subject = "",
            const std::string& body = "");

  Timeline timeline_;
  Trace trace_;
  runtime::IdSource random_;
  Bus bus_;
  EngineFaults engine_faults_;
  IngressFaults ingress_faults_;
  std::map<std::string, Process> processes_;
  std::uint64_t timer_settings_ = 0;
};

}  // namespace cara::sim
