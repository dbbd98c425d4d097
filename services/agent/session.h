// Session: the node's membership. It registers, keeps heartbeating, and registers again when the
// apiserver does not know it any more. It also watches whether the engine answers, because that is
// what registration and heartbeats say about the node.
//
// What the apiserver acknowledges renews the node's lease: for as long as the apiserver waits for a
// silent node, counted from when the message was *sent*, so it ends here before it ends there. The
// boot clock measures it: a lease that ended while the machine slept has ended.
#pragma once

#include <map>
#include <optional>
#include <string>

#include "schema/messages.h"
#include "schema/subjects.h"
#include "services/agent/capacity.h"
#include "services/agent/engine.h"
#include "services/agent/pressure.h"
#include "services/runtime/actor.h"
#include "services/runtime/backoff.h"
#include "services/runtime/ids.h"

namespace cara::agent {

struct SessionOptions {
  std::string node;
  std::string agent_id;  // stable over restarts
  std::string machine_id;
  std::string boot_id;
  std::string agent_version;
  std::string address;
  std::map<std::string, std::string> labels;
  std::optional<schema::NodeIngress> ingress;  // its address may be the unspecified one
  CapacityOptions capacity;
  LeastFree least_disk;
  LeastFree least_memory;
  runtime::Duration heartbeat_every = std::chrono::seconds(5);
  runtime::Duration probe_every = std::chrono::seconds(10);  // of the engine
  runtime::Backoff register_backoff = {.base = std::chrono::milliseconds(200),
                                       .max = std::chrono::seconds(5)};
  runtime::TimerId beat_timer = 0;
  runtime::TimerId register_timer = 0;
  runtime::TimerId probe_timer = 0;
  runtime::TimerId lease_timer = 0;
};

class Session {
 public:
  // `ids` must outlive it.
  Session(SessionOptions options, runtime::RequestIds& ids);

  struct News {
    bool registered = false;               // a new registration: pull
    bool renewed = false;                  // the lease
    bool returned = false;                 // it had ended: the node may have been given up as lost
    std::optional<std::int64_t> revision;  // the newest that concerns the node, by a heartbeat
    bool engine_answers_again = false;
  };
  // Takes the events that are its own; nothing for all others.
  std::optional<News> handle(const runtime::Event& event, runtime::MonoTime now,
                             runtime::Effects& out);
  void start(runtime::Effects& out);
  // The bus is back: whatever waits for its backoff is done now.
  void retry_now(runtime::MonoTime now, runtime::Effects& out);
  // The apiserver refused this registration.
  void register_again(runtime::Effects& out);
  // How a call to the engine ended, of whoever.
  void engine_said(const std::optional<Error>& error, runtime::MonoTime now, runtime::Effects& out);
  // Objects that nobody removes, in words; empty: there are none.
  void set_strays(std::string strays, runtime::MonoTime now, runtime::Effects& out);
  // Why the node's ingress does not run; empty: it does, or there is none.
  void set_ingress_trouble(std::string trouble, runtime::MonoTime now, runtime::Effects& out);
  // Since when the engine has been away, if it has since the last call of this.
  std::optional<runtime::MonoTime> take_away_since();

  // 0: not registered.
  std::int64_t registration() const { return registration_; }
  const std::string& cluster() const { return cluster_; }
  // No other node may have been given what this one holds. A step is made when it ends.
  bool has_lease(runtime::MonoTime now) const { return now < lease_end_; }
  runtime::MonoTime lease_end() const { return lease_end_; }

 private:
  void probe(runtime::Effects& out);
  News probed(const runtime::Answered& answer, runtime::MonoTime now, runtime::Effects& out);
  void enroll(runtime::MonoTime now, runtime::Effects& out);
  News enrolled(const runtime::Answered& answer, runtime::MonoTime now, runtime::Effects& out);
  void beat(runtime::MonoTime now, runtime::Effects& out);
  News beaten(const runtime::Answered& answer, runtime::MonoTime now, runtime::Effects& out);
  News take_beat(const runtime::Answered& answer, runtime::MonoTime now, runtime::Effects& out);
  void renew_lease(runtime::MonoTime sent_at, runtime::MonoTime now, runtime::Effects& out);
  void read_pressure(const Readings& readings, runtime::MonoTime now, runtime::Effects& out);
  std::map<std::string, std::string> all_labels() const;
  schema::NodeInfo node_info() const;
  std::optional<schema::NodeIngress> ingress() const;
  std::vector<schema::NodeTrouble> troubles() const;
  std::string engine_message() const;
  void complain(const std::string& sentence, runtime::Effects& out);

  const SessionOptions options_;
  const schema::Identity identity_;
  runtime::RequestIds& ids_;

  std::int64_t registration_ = 0;
  std::string cluster_;
  std::optional<runtime::RequestId> enrolling_;
  std::optional<runtime::RequestId> beating_;
  bool beat_again_ = false;  // when the one under way has ended: there is news
  std::optional<runtime::RequestId> probing_;
  runtime::MonoTime enroll_sent_at_;
  runtime::MonoTime beat_sent_at_;
  runtime::Duration lease_length_{};
  runtime::MonoTime lease_end_;  // in the past: there is none
  std::uint32_t failures_ = 0;   // to register, in a row
  std::string complaint_;        // the last one logged

  bool engine_known_ = false;  // it answered or failed once
  bool engine_ready_ = false;
  std::string engine_error_;
  EngineInfo info_;
  Readings readings_;
  PressureGauge disk_;
  PressureGauge memory_;
  std::string strays_;
  std::string ingress_trouble_;
  std::optional<runtime::MonoTime> away_since_;
};

}  // namespace cara::agent
