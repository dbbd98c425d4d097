// BusClient: the blocking client of a command-line tool. One connection, one thread that calls.
#pragma once

#include <chrono>
#include <condition_variable>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "schema/result.h"
#include "schema/subjects.h"
#include "services/runtime/actor.h"
#include "services/runtime/host/nats_connection.h"

namespace cara::host {

struct BusClientOptions {
  std::string url;
  schema::Identity identity{schema::Role::kAdmin, "user"};
  std::chrono::milliseconds connect_timeout{2'000};
  BusAccess access{};
};

// The one place where a client's options become its connection's.
ConnectOptions connect_options(const BusClientOptions& options);

class BusClient final : private BusListener {
 public:
  static constexpr std::size_t kMaxWaiting = 16'384;  // messages nobody took yet; more are dropped

  // kUnavailable: no server there; kForbidden: it refuses us; kTimeout: it does not answer.
  static Result<std::unique_ptr<BusClient>> connect(const BusClientOptions& options);
  ~BusClient() override = default;
  BusClient(const BusClient&) = delete;
  BusClient& operator=(const BusClient&) = delete;

  // `operation` is `<kind>.<verb>`; the body of the answer, which may be an error of the
  // apiserver's (schema/wire.h). kUnavailable: no apiserver is there, or the connection is lost;
  // kForbidden: the server does not permit it; kTimeout: it may or may not have happened.
  Result<runtime::Payload> request(const std::string& operation, runtime::Payload body,
                                   std::chrono::milliseconds timeout);

  // What everybody who hears `subject` answers, as it comes, until `done` says so or the time is
  // over. None: nobody listens.
  struct Heard {
    runtime::Payload body;
    std::chrono::microseconds after{};  // since the question was sent
  };
  using IsDone = std::function<bool(const std::vector<Heard>& so_far)>;
  Result<std::vector<Heard>> ask_all(const std::string& subject, std::chrono::milliseconds patience,
                                     const IsDone& done);

  // Messages are taken with next(). Returns when the server knows of it, or refused.
  Result<Ok> subscribe(const std::string& subject);
  // Nothing: no message in time. kUnavailable: the connection is lost; kGone: messages were
  // dropped since the last call: list again.
  Result<std::optional<BusMessage>> next(std::chrono::milliseconds timeout);

 private:
  explicit BusClient(const BusClientOptions& options);

  void on_message(BusMessage message) override;
  void on_closed() override;
  void on_denied(std::string sentence) override;
  void on_missed() override;

  // What the server refused since the last look.
  std::optional<Error> take_denied();

  const schema::Identity identity_;
  const std::string inbox_;
  const std::string many_inbox_;  // one that processes other than the apiserver may publish to
  std::uint64_t last_token_ = 0;

  std::mutex mutex_;
  std::condition_variable changed_;
  // Under mutex_:
  std::deque<BusMessage> waiting_;
  std::string awaited_;  // the reply subject of the running request
  std::optional<BusMessage> reply_;
  std::deque<std::pair<BusMessage, std::chrono::steady_clock::time_point>> heard_;
  bool listening_ = false;  // to answers of everybody
  std::optional<std::string> denied_;
  bool closed_ = false;
  bool missed_ = false;

  BusEar ear_;
  std::unique_ptr<NatsConnection> connection_;
};

}  // namespace cara::host
