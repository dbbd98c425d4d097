// The limit that the agent is measured against: the same containers, networks and volumes made by
// the fewest calls to the Engine API, as many at once, with nothing around them.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "schema/result.h"
#include "services/agent/docker/http.h"

namespace cara::bench {

struct RawProject {
  std::string name;
  std::string image;
  std::size_t services = 1;
  std::string subnet = {};  // empty: the engine picks one
};

class RawEngine {
 public:
  explicit RawEngine(docker::Endpoint endpoint) : http_(endpoint), endpoint_(std::move(endpoint)) {}

  // Returns when an inspect of every container said that it runs. All services at once.
  Result<Ok> up(const RawProject& project) { return up({project}, project.services + 1); }
  // Returns when nothing of it is left.
  Result<Ok> down(const RawProject& project) { return down({project}, project.services); }
  // Many projects, at most `at_once` calls at a time.
  Result<Ok> up(const std::vector<RawProject>& projects, std::size_t at_once);
  Result<Ok> down(const std::vector<RawProject>& projects, std::size_t at_once);

  // One service after the other: each is made and started when the one before is healthy. How long
  // each took, in ms; the first with the network's time.
  Result<std::vector<double>> chain_up(const RawProject& project);

  // How many containers, networks and volumes carry the label.
  Result<std::size_t> count(const std::string& label);

 private:
  Result<std::string> call(docker::Method method, const std::string& path,
                           const std::string& body = "");
  Result<std::string> make_network(const RawProject& project);
  Result<Ok> make_volume(const RawProject& project);
  // The container's id.
  Result<std::string> make_container(const RawProject& project, const std::string& network,
                                     std::size_t index);
  Result<Ok> start_container(const std::string& id);
  Result<Ok> remove_container(const RawProject& project, std::size_t index);
  Result<Ok> remove_network(const RawProject& project);

  docker::HttpClient http_;
  docker::Endpoint endpoint_;
};

}  // namespace cara::bench
