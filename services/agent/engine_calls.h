// EngineCalls: the queue in front of the engine. It bounds what runs there at once, so that no
// project holds up the others, and long pulls hold up nothing but pulls.
#pragma once

#include <cstddef>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "services/agent/engine.h"
#include "services/runtime/actor.h"
#include "services/runtime/ids.h"

namespace cara::agent {

// Docker serialises much of starting containers: more at once gain nothing.
inline constexpr std::size_t kMaxCalls = 16;
inline constexpr std::size_t kMaxCallsPerProject = 8;
inline constexpr std::size_t kMaxPulls = 16;
// What the host must be able to run at once; one more for what ends a pull and never blocks.
inline constexpr std::size_t kEngineWorkers = kMaxCalls + kMaxPulls + 1;

struct EngineCall {
  std::string project;  // empty: the node's own calls
  std::string key;
  EngineOp op;
};

// First: what takes something away that must not run here, or that others wait for.
enum class Turn { kFirst, kUsual };

class EngineCalls {
 public:
  // `ids` must outlive it.
  explicit EngineCalls(runtime::RequestIds& ids) : ids_(ids) {}

  // At most one call per project and key may be queued: what bounds the queue.
  void add(EngineCall call, Turn turn = Turn::kUsual);
  // What was not sent yet is not wanted any more.
  void drop_waiting();
  // Takes back what was not sent yet of this project: it ends without having been tried.
  std::vector<EngineCall> withdraw(const std::string& project);
  // Sends what may run now.
  void send(runtime::Effects& out);
  // The call that this answer ends; nothing if it is not the engine's.
  std::optional<EngineCall> take(runtime::RequestId id);
  std::size_t waiting() const { return first_.size() + waiting_.size(); }
  std::size_t running() const { return running_.size(); }

 private:
  void send_from(std::deque<EngineCall>& queue, runtime::Effects& out);
  bool may_run(const EngineCall& call) const;

  runtime::RequestIds& ids_;
  std::deque<EngineCall> first_;
  std::deque<EngineCall> waiting_;  // behind them
  std::map<runtime::RequestId, EngineCall> running_;
  std::map<std::string, std::size_t> calls_of_;  // running, by project; pulls apart
  std::size_t calls_ = 0;
  std::size_t pulls_ = 0;
};

// Longer than the engine's own limits, which say more when they are reached.
runtime::Duration time_limit(const EngineOp& op);

}  // namespace cara::agent
