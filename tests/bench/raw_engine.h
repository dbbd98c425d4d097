// The limit that apply -> Running is measured against: the same containers, network and volume made
// by the fewest calls to the Engine API, services in parallel, with nothing around them.
#pragma once

#include <cstddef>
#include <string>

#include "schema/result.h"
#include "services/agent/docker/http.h"

namespace cara::bench {

struct RawProject {
  std::string name;
  std::string image;
  std::size_t services = 1;
};

class RawEngine {
 public:
  explicit RawEngine(docker::Endpoint endpoint) : http_(std::move(endpoint)) {}

  // Returns when an inspect of every container said that it runs.
  Result<Ok> up(const RawProject& project);
  // Returns when nothing of it is left.
  Result<Ok> down(const RawProject& project);

 private:
  Result<std::string> call(docker::Method method, const std::string& path,
                           const std::string& body = "");
  Result<Ok> start_service(const RawProject& project, const std::string& network,
                           std::size_t index);
  Result<Ok> remove_network(const RawProject& project);

  docker::HttpClient http_;
};

}  // namespace cara::bench
