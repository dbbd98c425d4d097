// Connector: the thread that opens connections to the bus, again and again with growing, jittered
// pauses, and lets dead ones go. All that may block for seconds happens here.
#pragma once

#include <chrono>
#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "schema/result.h"
#include "services/runtime/host/nats_connection.h"

namespace cara::host {

class Connector {
 public:
  using Outcome = Result<std::unique_ptr<NatsConnection>>;

  // `report` is called on the connector's thread, for each attempt. `ear` outlives the connector.
  Connector(ConnectOptions options, BusEar& ear, std::function<void(Outcome)> report);
  // Waits for a running attempt: for seconds, when servers are silent or names do not resolve.
  ~Connector();
  Connector(const Connector&) = delete;
  Connector& operator=(const Connector&) = delete;

  // Tries until one attempt succeeds. `dead` is destroyed first.
  void connect(std::unique_ptr<NatsConnection> dead);

  // No attempt starts any more. False: one still runs, and destroying the connector would wait.
  bool ends_within(std::chrono::microseconds patience);

 private:
  void work();
  template <class Work>
  void without(std::unique_lock<std::mutex>& lock, Work work);
  bool pause(std::unique_lock<std::mutex>& lock, std::uint32_t failures);

  const ConnectOptions options_;
  BusEar& ear_;
  const std::function<void(Outcome)> report_;
  std::mutex mutex_;
  std::condition_variable wake_;
  // All below: under mutex_, but the thread itself.
  bool wanted_ = false;
  bool stopping_ = false;
  bool busy_ = false;  // the thread is outside the lock
  std::vector<std::unique_ptr<NatsConnection>> dead_;
  std::thread thread_;
};

}  // namespace cara::host
