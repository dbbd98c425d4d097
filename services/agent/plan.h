// plan(): what can be done now to bring one project to what is wanted, and what to say about it.
//
// Pure and level-triggered: it sees the wanted state, the engine's objects and what the agent
// remembers, and returns the operations that may run now, all in parallel. When some have ended the
// agent plans again, until nothing is left. Any prefix of any plan can be lost in a crash: the next
// plan starts from what is there.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "schema/messages.h"
#include "services/agent/engine.h"
#include "services/agent/names.h"
#include "services/agent/restart.h"
#include "services/runtime/actor.h"

namespace cara::agent {

inline constexpr std::int64_t kStopGraceMs = 10'000;
inline constexpr std::int64_t kLogLines = 10;

struct Operation {
  std::string key;      // one of these runs at a time; the same work has the same key
  std::string subject;  // what it is for, in a user's words: "service `app`"
  EngineOp op;
};

// The last failure of an operation that is still wanted.
struct Failure {
  Error error;
  std::uint32_t count = 0;
  runtime::MonoTime retry_at;
};

struct Memory {
  std::map<std::string, ServiceMemory> services;
  std::map<std::string, Failure> failures;  // by operation key
  std::set<std::string> images;             // known to be present
  bool planned_before = false;              // false: the agent has just begun with this project
};

struct Situation {
  const Owner& owner;
  const std::string& project;
  const schema::DesiredProject* desired;  // null: not wanted on this node
  const Observation& seen;                // all objects of the project
  bool verified = false;                  // `seen` is as observed, not as our operations left it
  const std::set<std::string>& running;   // keys of operations that have not ended
  runtime::Instant now;
};

// What is reported to the apiserver.
struct Report {
  schema::Phase phase = schema::Phase::kScheduled;
  std::string reason;
  std::string message;
  std::vector<schema::ServiceStatus> services;
};

struct Plan {
  std::vector<Operation> operations;
  std::optional<runtime::MonoTime> again_at;  // look again then, at the latest
  std::optional<Report> report;               // nothing: what was said last still holds
  bool gone = false;                          // nothing is wanted and nothing is left
  Memory memory;                              // for the next plan
};

// Keys of image operations: those alone may go on for long, and touch no object of the project.
bool is_pull(const std::string& key);

Plan plan(const Situation& situation, Memory memory);

}  // namespace cara::agent
