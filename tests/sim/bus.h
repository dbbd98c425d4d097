// Bus: core NATS as the processes see it, with faults. Messages are lost, doubled, delayed and
// reordered; a process can be cut off in one direction or both. Nobody is told.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "schema/subjects.h"
#include "services/runtime/actor.h"
#include "services/runtime/ids.h"
#include "tests/sim/timeline.h"
#include "tests/sim/trace.h"

namespace cara::sim {

// Chances in percent, of one message.
struct BusFaults {
  std::uint64_t lost = 0;
  std::uint64_t doubled = 0;  // the second one comes up to `latest` later
  std::uint64_t late = 0;     // delayed by up to `latest` instead of less than a millisecond
  Duration latest = std::chrono::seconds(2);
};

// Which way a cut-off process cannot speak.
struct Cut {
  bool in = false;
  bool out = false;
};

class Bus {
 public:
  using Deliver = std::function<void(runtime::Event)>;

  Bus(Timeline& timeline, Trace& trace, runtime::Seed seed)
      : timeline_(timeline), trace_(trace), random_(seed) {}

  // A process connects. What was under way to its earlier connection is lost.
  void attach(const std::string& name, const schema::Identity& identity,
              std::vector<runtime::Subscription> subscriptions, Deliver deliver);
  void detach(const std::string& name);

  void publish(const std::string& from, const runtime::Publish& message);
  void request(const std::string& from, const runtime::Request& request);
  void respond(const std::string& from, const runtime::Respond& response);

  void set_faults(const BusFaults& faults) { faults_ = faults; }
  const BusFaults& faults() const { return faults_; }
  void set_cut(const std::string& name, Cut cut) { cuts_[name] = cut; }

 private:
  struct Connection {
    std::uint64_t number = 0;
    schema::Identity identity;
    std::vector<runtime::Subscription> subscriptions;
    Deliver deliver;
  };
  struct Asked {
    std::string by;
    std::uint64_t connection = 0;
    runtime::RequestId id = 0;
  };

  std::vector<std::string> receivers(std::string_view subject);
  // Calls `arrive` zero, one or two times, later, if the message gets through.
  void carry(const std::string& from, const std::string& to, std::function<void()> arrive);
  void deliver(const std::string& to, std::uint64_t connection, runtime::Event event);
  void end(const std::string& inbox, Result<runtime::Payload> body);
  std::uint64_t connection_of(const std::string& name) const;
  Duration travel_time();

  Timeline& timeline_;
  Trace& trace_;
  runtime::IdSource random_;
  BusFaults faults_;
  std::map<std::string, Cut> cuts_;
  std::map<std::string, Connection> connections_;
  std::map<std::string, Asked> asked_;  // by inbox
  std::uint64_t numbers_ = 0;
  std::map<std::string, std::uint64_t> sent_;     // messages to each
  std::map<std::string, std::uint64_t> arrived_;  // the last sent of those that came
};

// NATS wildcards: `*` is one token, `>` the rest.
bool subject_matches(std::string_view pattern, std::string_view subject);

}  // namespace cara::sim
