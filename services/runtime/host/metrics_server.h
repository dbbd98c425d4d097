// MetricsServer: `GET /metrics` over HTTP, and nothing else. One thread, one connection at a time,
// each with a deadline: a scraper every few seconds is all it is for.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <string>
#include <thread>

#include "schema/result.h"

namespace cara::host {

class MetricsServer {
 public:
  using Figures = std::function<Result<std::string>()>;  // called on the server's thread

  // `address` is ADDRESS:PORT. kInvalid: it is none; kUnavailable: it cannot be listened on.
  static Result<std::unique_ptr<MetricsServer>> start(const std::string& address, Figures figures);
  ~MetricsServer();
  MetricsServer(const MetricsServer&) = delete;
  MetricsServer& operator=(const MetricsServer&) = delete;

 private:
  MetricsServer(int listener, Figures figures);
  void run();
  void serve(int client) const;

  const int listener_;
  const Figures figures_;
  std::atomic<bool> stop_ = false;
  std::thread thread_;
};

}  // namespace cara::host
