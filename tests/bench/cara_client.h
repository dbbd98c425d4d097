// A client that applies, deletes and watches, as `caractrl` does.
#pragma once

#include <chrono>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "schema/result.h"
#include "schema/types.h"
#include "services/runtime/host/bus_client.h"

namespace cara::bench {

double ms_since(std::chrono::steady_clock::time_point start);
double median(std::vector<double> values);

class CaraClient {
 public:
  // Sees every change from here on.
  static Result<std::unique_ptr<CaraClient>> connect(const std::string& url);

  Result<Ok> apply(const schema::Project& project);
  Result<Ok> remove(const std::string& project);
  // Return when each of them is Running, or its record is gone; kTimeout after `patience`.
  Result<Ok> wait_running(std::set<std::string> projects, std::chrono::seconds patience);
  Result<Ok> wait_gone(std::set<std::string> projects, std::chrono::seconds patience);

 private:
  explicit CaraClient(std::unique_ptr<host::BusClient> bus) : bus_(std::move(bus)) {}
  Result<Ok> wait_for(const std::string& what, std::set<std::string> projects,
                      std::chrono::seconds patience);

  std::unique_ptr<host::BusClient> bus_;
};

}  // namespace cara::bench
