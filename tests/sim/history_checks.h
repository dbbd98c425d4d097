// HistoryChecks: whoever reads is told what is: a project as it was at some moment between question
// and answer, a list as it was at one revision, and nothing that is not for its eyes.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "tests/sim/snapshot.h"

namespace cara::sim {

class HistoryChecks {
 public:
  // What it refers to must outlive it.
  HistoryChecks(Cluster& cluster, Fail fail) : cluster_(cluster), fail_(std::move(fail)) {}

  // The store has changed.
  void look(const Snapshot& now);
  // The reader asks for something, or is about to be given an event.
  void on_request(const runtime::Request& request);
  void on_event(const runtime::Event& event);

 private:
  using Revisions = std::map<std::string, std::int64_t>;  // of the projects that there are
  // What a batch left.
  struct State {
    MonoTime from;
    std::int64_t revision = 0;  // of the store
    Revisions projects;
    std::map<std::string, std::string> uids;  // of these
  };
  struct Question {
    std::string project;  // empty: all of them
    MonoTime asked;
  };

  void check_one(const Question& question, const runtime::Answered& answer);
  void check_list(const Question& question, const runtime::Answered& answer);
  void check_secrets(const schema::Project& project);
  // Calls `fits(before, state)` for the states of the time since then, until it is true of one.
  template <class Fits>
  bool any_since(MonoTime asked, const Fits& fits) const;

  Cluster& cluster_;
  Fail fail_;
  std::vector<State> states_{State{}};  // oldest first, one at least
  std::map<runtime::RequestId, Question> open_;
};

}  // namespace cara::sim
