#include "services/agent/engine_calls.h"

#include <utility>

namespace cara::agent {
namespace {

constexpr runtime::Duration kReadLimit = std::chrono::seconds(15);
constexpr runtime::Duration kWriteLimit = std::chrono::seconds(70);
constexpr runtime::Duration kPullLimit = std::chrono::minutes(61);

bool is_pull(const EngineCall& call) { return std::holds_alternative<EnsureImage>(call.op); }
// Must not wait for what it ends, and takes no time.
bool is_unbounded(const EngineCall& call) { return std::holds_alternative<CancelPull>(call.op); }

struct Limit {
  runtime::Duration operator()(const GetInfo&) const { return kReadLimit; }
  runtime::Duration operator()(const Observe&) const { return kReadLimit; }
  runtime::Duration operator()(const TailLogs&) const { return kReadLimit; }
  runtime::Duration operator()(const EnsureImage&) const { return kPullLimit; }
  runtime::Duration operator()(const StopContainer& stop) const {
    return kWriteLimit + std::chrono::milliseconds(stop.grace_ms);
  }
  runtime::Duration operator()(const auto&) const { return kWriteLimit; }
};

}  // namespace

runtime::Duration time_limit(const EngineOp& op) { return std::visit(Limit{}, op); }

bool EngineCalls::may_run(const EngineCall& call) const {
  if (is_unbounded(call)) return true;
  if (is_pull(call)) return pulls_ < kMaxPulls;
  const auto own = calls_of_.find(call.project);
  return calls_ < kMaxCalls && (own == calls_of_.end() || own->second < kMaxCallsPerProject);
}

void EngineCalls::add(EngineCall call, Turn turn) {
  (turn == Turn::kFirst ? first_ : waiting_).push_back(std::move(call));
}

void EngineCalls::drop_waiting() {
  first_.clear();
  waiting_.clear();
}

std::vector<EngineCall> EngineCalls::withdraw(const std::string& project) {
  std::vector<EngineCall> withdrawn;
  for (std::deque<EngineCall>* queue : {&first_, &waiting_}) {
    for (auto it = queue->begin(); it != queue->end();) {
      if (it->project != project) {
        ++it;
        continue;
      }
      withdrawn.push_back(std::move(*it));
      it = queue->erase(it);
    }
  }
  return withdrawn;
}

void EngineCalls::send(runtime::Effects& out) {
  send_from(first_, out);
  send_from(waiting_, out);
}

void EngineCalls::send_from(std::deque<EngineCall>& queue, runtime::Effects& out) {
  for (auto it = queue.begin(); it != queue.end();) {
    if (!may_run(*it)) {
      ++it;
      continue;
    }
    EngineCall call = std::move(*it);
    it = queue.erase(it);
    if (is_pull(call)) {
      ++pulls_;
    } else if (!is_unbounded(call)) {
      ++calls_;
      ++calls_of_[call.project];
    }
    const runtime::RequestId id = ids_.next();
    out.push_back(runtime::Request{id, kEngineSubject, encode(call.op), time_limit(call.op)});
    running_.emplace(id, std::move(call));
  }
}

std::optional<EngineCall> EngineCalls::take(runtime::RequestId id) {
  const auto found = running_.find(id);
  if (found == running_.end()) return std::nullopt;
  EngineCall call = std::move(found->second);
  running_.erase(found);
  if (is_pull(call)) {
    --pulls_;
  } else if (!is_unbounded(call)) {
    --calls_;
    const auto own = calls_of_.find(call.project);
    if (--own->second == 0) calls_of_.erase(own);
  }
  return call;
}

}  // namespace cara::agent
