// Client: a user with a script. Applies, updates and deletes its own projects, one thing at a time
// per name, repeats a request with the same id until it has an answer, and keeps a journal of what
// was promised to it. Its projects ask for memory, host ports, labels of nodes, hosts of their own
// and one that several want, and tolerate taints. Every third update changes the hosts alone.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "schema/types.h"
#include "services/runtime/actor.h"
#include "services/runtime/calls.h"
#include "services/runtime/ids.h"

namespace cara::sim {

// An image that no engine has: its project becomes Failed.
inline constexpr const char* kMissingImage = "missing:1";
inline constexpr const char* kGoodImage = "app:1";
// Which operation wrote a project: a label, so that the journal finds its own in the store.
inline constexpr const char* kMarker = "marker";
// A label of nodes, with one of these values each.
inline constexpr const char* kZone = "zone";
inline constexpr std::array kZones{"east", "west"};

enum class Verb { kApply, kDelete, kForceDelete };
enum class Outcome { kOpen, kDone, kRefused };

struct JournalEntry {
  std::int64_t marker = 0;
  Verb verb = Verb::kApply;
  std::string name;
  std::optional<Timestamp> expire_at;
  Outcome outcome = Outcome::kOpen;
  std::string error;
  runtime::MonoTime begun;  // by the client's own clock
  runtime::MonoTime ended;
};

struct ClientOptions {
  std::string id;
  std::vector<std::string> names;
  runtime::Duration every;  // between two operations, on average
};

class Client : public runtime::Actor {
 public:
  Client(ClientOptions options, runtime::Seed seed);

  std::vector<runtime::Subscription> subscriptions() const override { return {}; }
  runtime::Effects step(std::span<const runtime::Event> batch, runtime::Instant now) override;

  // Begins nothing new; what is open is still carried to its end.
  void finish() { finishing_ = true; }
  bool is_idle() const { return open_.empty(); }
  const std::vector<JournalEntry>& journal() const { return journal_; }

 private:
  struct Open {
    std::size_t entry = 0;  // in journal_
    std::string operation;
    runtime::Payload body;
  };

  void begin(runtime::Instant now, runtime::Effects& out);
  // What of a name's projects is the same in all their lives.
  struct Kind {
    schema::OnNodeLoss on_node_loss = schema::OnNodeLoss::kMove;
    bool tolerates = false;
  };

  Verb choose(const std::string& name);
  schema::Project make_project(JournalEntry& entry, runtime::Instant now);
  void add_wishes(schema::ProjectSpec& spec);
  void add_rules(const std::string& name, schema::ProjectSpec& spec);
  void send(const std::string& name, runtime::Effects& out);
  void on_answer(const std::string& name, const runtime::Answered& answer, runtime::MonoTime now,
                 runtime::Effects& out);

  ClientOptions options_;
  schema::Identity identity_;
  runtime::IdSource random_;
  runtime::RequestIds ids_;
  runtime::Waiting<std::string> waiting_;  // names
  std::map<std::string, Open> open_;       // by name
  std::map<std::string, Kind> kinds_;
  std::map<std::string, bool> exists_;                // as far as this client knows
  std::map<std::string, schema::ProjectSpec> specs_;  // what was asked for last
  std::vector<JournalEntry> journal_;
  bool finishing_ = false;
};

}  // namespace cara::sim
