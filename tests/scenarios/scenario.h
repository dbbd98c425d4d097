// Scenario: a cluster without faults that is driven by text commands and answers in text.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "tests/sim/cluster.h"

namespace cara::sim {

class Scenario {
 public:
  // What one command (see README.md) prints, every line ended.
  std::string run(const std::string& command);

 private:
  using Words = std::vector<std::string>;

  std::string start(const Words& words);
  std::string apply(const Words& words);
  std::string remove(const Words& words);
  std::string ask(const std::string& operation, const std::string& body);
  std::string messages(Duration time);
  std::string settle();
  std::string show();
  void pass(Duration time);

  std::unique_ptr<Cluster> cluster_;
  std::vector<TraceEntry>* heard_ = nullptr;  // while messages are collected
  std::vector<runtime::Answered> answers_;    // to the user
  std::int64_t requests_ = 0;
};

}  // namespace cara::sim
