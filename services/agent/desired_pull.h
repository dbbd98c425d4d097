// DesiredPull: reads the complete set of projects that this node should have, page by page.
//
// Half a set is never shown, nor one that changed while it was read, nor one for another
// registration or cluster: a project that is missing from a set is removed from the engine.
#pragma once

#include <map>
#include <optional>
#include <string>

#include "schema/messages.h"
#include "schema/subjects.h"
#include "services/runtime/actor.h"
#include "services/runtime/backoff.h"
#include "services/runtime/ids.h"

namespace cara::agent {

struct PullOptions {
  std::string node;
  runtime::Duration every = std::chrono::seconds(30);
  runtime::Backoff backoff = {.base = std::chrono::milliseconds(200),
                              .max = std::chrono::seconds(5)};
  runtime::TimerId timer = 0;
};

using DesiredSet = std::map<std::string, schema::DesiredProject>;

class DesiredPull {
 public:
  // `ids` must outlive it.
  DesiredPull(PullOptions options, runtime::RequestIds& ids);

  // From now on for this registration and cluster: what was read before does not count.
  void restart(std::int64_t registration, std::string cluster, runtime::Effects& out);
  // There may be something newer: asks now, or again behind the request that is under way.
  void pull(runtime::Effects& out);
  // Pulls if the set that was read is older.
  void pull_if_older(std::int64_t revision, runtime::Effects& out);

  struct News {
    std::optional<DesiredSet> complete;
    bool refused = false;  // the apiserver does not know the registration
  };
  // Takes the events that are its own; nothing for all others.
  std::optional<News> handle(const runtime::Event& event, runtime::Effects& out);

  std::int64_t revision() const { return have_revision_; }  // of what was read last; -1: nothing

 private:
  void ask(runtime::Effects& out);
  News answered(const runtime::Answered& answer, runtime::Effects& out);
  News failed(const Error& error, runtime::Effects& out);

  const PullOptions options_;
  const schema::Identity identity_;
  runtime::RequestIds& ids_;

  std::int64_t registration_ = 0;
  std::string cluster_;
  std::int64_t have_revision_ = -1;  // of the last complete set
  std::optional<runtime::RequestId> asked_;
  bool again_ = false;
  DesiredSet reading_;
  std::int64_t reading_revision_ = 0;
  std::string after_;  // the last name of the page before
  std::uint32_t failures_ = 0;
  std::string complaint_;
};

}  // namespace cara::agent
