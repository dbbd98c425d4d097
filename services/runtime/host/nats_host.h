// NatsHost: runs one Actor on a NATS server. It owns what an actor may not have: the connection,
// the clock, threads.
//
// One thread, the one that calls the methods below, owns everything and calls the actor; every
// other thread only puts items into the mailbox. The bus being away is no error: the actor runs,
// its requests are answered with kUnavailable, and it gets a Resync whenever messages may have been
// missed: after each connect, and after an overflow.
#pragma once

#include <atomic>
#include <chrono>
#include <functional>
#include <future>
#include <map>
#include <memory>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "schema/result.h"
#include "schema/subjects.h"
#include "services/runtime/actor.h"
#include "services/runtime/host/connector.h"
#include "services/runtime/host/deadlines.h"
#include "services/runtime/host/mailbox.h"
#include "services/runtime/host/micro.h"
#include "services/runtime/host/pulse.h"
#include "services/runtime/host/worker_pool.h"

namespace cara::host {

struct BusOptions {
  std::string url;
  schema::Identity identity;  // its inbox is `_INBOX.<role>.<id>.>`
  std::string client_name;
  std::chrono::milliseconds connect_timeout{2'000};
  BusAccess access{};
  MailboxLimits mailbox{};
  PulseOptions pulse{};
  MicroOptions micro{};
  std::string metrics_listen{};  // ADDRESS:PORT of its figures by HTTP; empty: not by HTTP
};

class NatsHost final : private BusListener {
 public:
  static constexpr std::size_t kMaxBatch = 512;  // events of one step
  static constexpr std::size_t kMaxDenied = 64;  // remembered refusals of the server
  static constexpr std::chrono::milliseconds kDrainPatience{2'000};

  // Serves a `local.*` request; called on worker threads, several at once; may block.
  using LocalHandler = std::function<Result<runtime::Payload>(std::string_view body)>;

  explicit NatsHost(BusOptions options);
  ~NatsHost() override;
  NatsHost(const NatsHost&) = delete;
  NatsHost& operator=(const NatsHost&) = delete;

  // Starts connecting, for ever; the error is the last attempt's when none succeeds in time.
  Result<Ok> connect(runtime::Duration patience);
  // One request before run(): is there another apiserver?
  Result<runtime::Payload> ask(const std::string& subject, runtime::Payload body,
                               runtime::Duration timeout);
  // Before run(). What it captures outlives the host.
  void serve_local(const std::string& subject, LocalHandler handler, std::size_t workers);

  // Steps the actor until stop() or its Stop effect; returns the exit code. What was received
  // before stop() is still handled, its answers sent.
  int run(runtime::Actor& actor);

  // Any thread.
  void post(runtime::Event event);
  void stop();
  // The process's figures in Prometheus' text format. kTimeout: the owner's thread does not go
  // round.
  Result<std::string> metrics(runtime::Duration patience);
  const std::string& metrics_listen() const { return options_.metrics_listen; }

  // After run(). False: a local call or an attempt to connect still runs, and destroying the host
  // would wait for it.
  bool local_calls_end_within(runtime::Duration patience);
  bool connecting_ends_within(runtime::Duration patience);

  // What the server did not permit, in its words: a wrong permission looks like a dead peer
  // otherwise.
  const std::set<std::string>& denied() const { return denied_; }

 private:
  struct Connected {
    std::unique_ptr<NatsConnection> connection;
  };
  struct ConnectFailed {
    Error error;
  };
  struct Closed {};
  struct Missed {};
  struct Denied {
    std::string sentence;
  };
  struct Arrived {
    BusMessage message;
    runtime::MonoTime at;
  };
  struct Scrape {
    std::shared_ptr<std::promise<std::string>> figures;
  };
  struct LocalDone {
    std::uint64_t token = 0;
    Result<runtime::Payload> body;
  };
  using Item = std::variant<Arrived, runtime::Event, Connected, ConnectFailed, Closed, Missed,
                            Denied, LocalDone, Scrape>;

  // A message that the actor has, or gets with the next step, and that an endpoint counts.
  struct Counted {
    std::size_t endpoint = 0;
    runtime::MonoTime at;
  };

  // A request whose answer is awaited, by the token in its reply subject.
  struct Pending {
    runtime::RequestId id = 0;
    std::string subject;
  };
  struct Local {
    LocalHandler handler;
    std::unique_ptr<WorkerPool> pool;
  };

  // BusListener: cnats' threads.
  void on_message(BusMessage message) override;
  void on_closed() override;
  void on_denied(std::string sentence) override;
  void on_missed() override;

  void report(Connector::Outcome outcome);  // the connector's thread

  // The rest: the owner's thread. `collect` turns items, timeouts and timers into events_.
  void collect(runtime::Duration longest);
  runtime::Duration time_to_next(runtime::Duration longest) const;
  void expire();
  void take(Arrived arrived);
  void take(runtime::Event event);
  void take(Connected connected);
  void take(ConnectFailed failed);
  void take(Closed);
  void take(Missed);
  void take(Denied denied);
  void take(LocalDone done);
  void take(const Scrape& scrape);
  void start_connecting(std::unique_ptr<NatsConnection> dead);
  void subscribe(const std::string& subject, const std::string& queue_group);
  void lost();
  void resync();
  void answer(std::uint64_t token, Result<runtime::Payload> body);

  // Served by this process's own workers.
  static bool is_local(std::string_view subject);

  // --- nats_host_micro.cpp: what the process says about itself.
  MicroSnapshot snapshot();
  bool may_tell(const std::string& reply) const;
  void tell_about_itself(const Arrived& asked);
  void count_errors(std::span<const runtime::Event> batch, const runtime::Effects& effects);
  void count_served(runtime::MonoTime begun);

  void beat();
  // False: the actor stopped.
  bool step(runtime::Actor& actor);
  bool perform_all(runtime::Effects effects);
  void perform(runtime::Publish publish);
  void perform(runtime::Request request);
  void perform(runtime::Respond respond);
  void perform(const runtime::SetTimer& timer);
  void perform(const runtime::Note& note);
  void send_request(std::uint64_t token, const runtime::Request& request);
  void start_local(std::uint64_t token, runtime::Request request);
  void perform(const runtime::Stop& stop);
  void drain(runtime::Actor& actor);

  const BusOptions options_;
  const std::string inbox_;
  Mailbox<Item> mailbox_;
  std::atomic<bool> stop_requested_ = false;

  std::unique_ptr<NatsConnection> connection_;  // null while the bus is away
  bool connecting_ = false;
  std::vector<runtime::Subscription> subscriptions_;
  std::vector<runtime::Event> events_;  // what the next step gets
  std::map<std::uint64_t, Pending> pending_;
  std::uint64_t last_token_ = 0;
  Deadlines<std::uint64_t> timeouts_;
  Deadlines<runtime::TimerId> timers_;
  std::map<std::string, Local> locals_;
  std::set<std::string> denied_;
  Error connect_error_;  // of the last attempt
  std::string bus_is_;   // connected to where, or why it is not: for people
  std::string logged_error_;
  runtime::MonoTime log_again_;
  int exit_code_ = 0;
  Pulse pulse_;
  Micro micro_;
  std::vector<Counted> counted_;
  const runtime::Actor* actor_ = nullptr;  // that runs
  std::map<std::string, std::int64_t> gauges_;
  runtime::MonoTime gauges_until_{};

  BusEar ear_;
  Connector connector_;  // last: its thread uses the members above
};

}  // namespace cara::host
