// HollowAgent: the real agent actor on a model engine and a connection of its own. It is a host
// beside services/runtime/host/nats_host and gives the actor the same events in the same cases.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "services/agent/agent.h"
#include "services/runtime/ids.h"
#include "tests/hollow/connection.h"
#include "tests/hollow/loop.h"
#include "tests/hollow/totals.h"
#include "tests/sim/model_engine.h"

namespace cara::hollow {

struct HollowOptions {
  agent::AgentOptions agent;
  ClientHello hello;
  agent::EngineInfo machine;
};

// What all agents of a process share; outlives them.
struct Shared {
  Loop& loop;
  const sockaddr_in address;
  runtime::IdSource random;
  Totals totals = {};
};

class HollowAgent final : private ConnectionListener {
 public:
  HollowAgent(Shared& shared, HollowOptions options);

  void start();
  // A stopped process with an engine that goes on: no step, no byte is read or sent.
  void freeze();
  void thaw();
  void drop_connection() { connection_.drop(); }

  const std::string& node() const { return node_; }
  bool is_frozen() const { return frozen_; }
  bool is_connected() const { return connection_.is_up(); }
  bool is_registered() const { return registered_; }
  // When the last heartbeat was answered; not set: none was.
  std::optional<MonoTime> heard_at() const { return heard_at_; }
  const sim::ModelEngine& engine() const { return engine_; }

 private:
  // What an answer means to the counts.
  enum class About { kOther, kRegistration, kHeartbeat, kLocal };
  struct Pending {
    runtime::RequestId id = 0;
    std::string subject;
    About about = About::kOther;
    MonoTime asked_at;
  };

  void on_connected() override;
  void on_lost(const std::string& why) override;
  void on_connect_failed(const std::string& why) override;
  void on_message(ServerMessage message) override;
  void on_error(const std::string& words) override;

  void put(runtime::Event event);
  void put_resync();
  void step_soon();
  void step();
  void perform(runtime::Publish publish);
  void perform(runtime::Request request);
  void perform(runtime::Respond respond);
  void perform(const runtime::SetTimer& timer);
  void perform(const runtime::Note& note);
  void perform(const runtime::Stop& stop);
  About about(const std::string& subject) const;
  void send_request(std::uint64_t token, const runtime::Request& request);
  void call_engine(std::uint64_t token, const std::string& body);
  void keep_state(std::uint64_t token);
  void answer(std::uint64_t token, Result<runtime::Payload> body);
  void count(const Pending& request, const Result<runtime::Payload>& body);
  void heard(const runtime::Payload& reply);
  std::optional<Error> why_not_sent(const std::string& subject, std::size_t size) const;
  Duration engine_latency();

  Shared& shared_;
  const std::string node_;
  const std::string inbox_;
  const std::string heartbeat_subject_;
  agent::Agent actor_;
  const std::vector<runtime::Subscription> subscriptions_;
  sim::ModelEngine engine_;
  Connection connection_;

  bool frozen_ = false;
  bool stopped_ = false;  // by the actor
  bool step_is_due_ = false;
  std::vector<runtime::Event> events_;  // what the next step gets
  std::map<std::uint64_t, Pending> pending_;
  std::uint64_t last_token_ = 0;
  std::map<runtime::TimerId, std::uint64_t> timers_;  // the newest setting of each
  std::uint64_t timer_settings_ = 0;

  bool registered_ = false;
  std::optional<MonoTime> heard_at_;
};

}  // namespace cara::hollow
