// CopyChecks: what agents start, and how many copies of a project run.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>

#include "tests/sim/snapshot.h"

namespace cara::sim {

class CopyChecks {
 public:
  // What it refers to must outlive it.
  CopyChecks(Cluster& cluster, const Orders& orders, Fail fail)
      : cluster_(cluster), orders_(orders), fail_(std::move(fail)) {}

  // The store has changed.
  void look(const Snapshot& now);
  // An agent asks for something, is about to be given an event, or asks its engine.
  void on_request(const std::string& process, const runtime::Request& request);
  void on_event(const std::string& process, const runtime::Event& event);
  void before_engine_op(const std::string& node, const agent::EngineOp& op);
  // The newest set that an agent was told has the project, and so had those since `lately`.
  bool was_told_of(const std::string& process, const std::string& project, Duration lately) const;
  // Something may have changed on a node.
  void look_at(const std::string& node, const agent::Observation& seen);

 private:
  struct Epoch {
    std::string uid;
    std::int64_t assignment = 0;
  };
  using Epochs = std::map<std::string, Epoch>;  // by project
  // What an agent was told it should have, by the newest answer to the newest question.
  struct Told {
    std::optional<runtime::RequestId> asked;
    std::optional<Epochs> set;
    std::map<std::string, MonoTime> left;  // projects: when a set did not have them any more
  };
  // A project's copies that run: uid -> node -> assignment.
  using Copies = std::map<std::string, std::map<std::string, std::int64_t>>;

  void check_copies();
  bool is_excused(const std::string& node) const;
  void count(const std::string& node, const agent::Observation& seen);

  Cluster& cluster_;
  const Orders& orders_;
  Fail fail_;
  std::set<std::string> exclusive_;                                         // uids
  Copies copies_;                                                           // of these
  std::map<std::string, Told> told_;                                        // by process
  std::map<std::string, std::map<std::string, agent::Labels>> containers_;  // node -> id -> labels
};

}  // namespace cara::sim
