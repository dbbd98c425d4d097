// Fleet: N hollow agents, what they count together, and commands that break some of them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "schema/result.h"
#include "tests/hollow/hollow_agent.h"

namespace cara::hollow {

// `hollow-0001` for 1: nodes of one fleet sort by number.
std::string node_name(const std::string& prefix, std::size_t number);

class Fleet {
 public:
  // The options of the agent with this name.
  using MakeOptions = std::function<HollowOptions(const std::string& node)>;

  // `shared` must outlive it.
  Fleet(Shared& shared, std::size_t count, const std::string& prefix, const MakeOptions& make);

  // `rate` per second; 0: all at once.
  void start(std::size_t rate);

  // `freeze WHICH`, `thaw [WHICH]`, `drop WHICH`, `reset`, `quit`. WHICH is a number of agents, a
  // share such as `20%` (the first ones by name), a node's name, or `all`.
  Result<Ok> command(std::string_view line);

  // One line of JSON: README.md says what is in it.
  std::string statistics() const;

 private:
  using Agents = std::vector<HollowAgent*>;
  Result<Agents> choose(std::string_view which) const;

  Shared& shared_;
  std::vector<std::unique_ptr<HollowAgent>> agents_;
};

}  // namespace cara::hollow
