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

inline constexpr std::int64_t kLogLines = 10;

// What the node's owner allows and wants: flags of the agent.
struct NodeRules {
  RestartRules restart;
  bool allow_privileged = true;
  std::vector<std::string> host_paths{"*"};  // allowed ones; `*` stands for any text
};

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

// Containers of one service that were made since the project last ran.
struct Making {
  std::uint32_t count = 0;
  runtime::MonoTime again_at;
};

// A container that requests may be sent to.
struct Target {
  std::string container;      // id
  std::string address;        // IP
  runtime::Duration grace{};  // for requests that are under way when it is to end
  bool operator==(const Target&) const = default;
};

// What the node's ingress may do for the project.
struct Serving {
  std::map<std::string, Target> targets;  // by service
  std::string reason;                     // why there are none; empty: it depends on the service
  std::map<std::string, Target> ending;   // those that are to stop, by id
  bool operator==(const Serving&) const = default;
};

// What it does, as it told last.
struct IngressView {
  Serving serving;      // what it was asked for last
  bool settled = true;  // false: that is under way
  // Nobody knows yet what the router was told by an earlier life of this agent: who is to stop
  // waits until the ingress was told of it.
  bool unsure = false;
  std::set<std::string> held;  // ids of containers that requests may still be sent to
  std::vector<schema::IngressReport> rules;
  bool operator==(const IngressView&) const = default;
};

struct Memory {
  std::map<std::string, ServiceMemory> services;
  std::map<std::string, Failure> failures;  // by operation key
  std::map<std::string, Making> made;       // by service
  std::set<std::string> images;             // known to be present, by image_key()
  std::optional<runtime::MonoTime> since;   // when this generation was first planned
  bool was_running = false;                 // this generation has been reported as Running
  bool serving = false;                     // requests may be sent to what is ready of it
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
  NodeRules rules = {};
  IngressView ingress = {};
};

// What is reported to the apiserver.
struct Report {
  schema::Phase phase = schema::Phase::kScheduled;
  std::string reason;
  std::string message;
  std::vector<schema::ServiceStatus> services;
  std::vector<schema::IngressReport> ingress = {};
  bool give_up = false;  // the healthy deadline of this update is over
};

// Something that users want to know of, beside what the phase says.
struct Occurrence {
  std::string reason;  // one CamelCase word
  std::string message;
  std::string about;  // later ones of the same reason about the same replace it; may be empty
};

struct Plan {
  std::vector<Operation> operations;
  std::optional<runtime::MonoTime> again_at;  // look again then, at the latest
  std::optional<Report> report;               // nothing: what was said last still holds
  std::vector<Occurrence> occurrences;
  Serving serving;
  bool gone = false;  // nothing is wanted and nothing is left
  Memory memory;      // for the next plan
};

// Keys of image operations: those alone may go on for long, and touch no object of the project.
bool is_pull(const std::string& key);
// An image as a service wants it: by reference and platform.
std::string image_key(const schema::ServiceDef& service);

Plan plan(const Situation& situation, Memory memory);

}  // namespace cara::agent
