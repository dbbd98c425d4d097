// RoutePull: which project has which host, and which node has the project, as the apiserver says.
// Read once in pages, then followed by what changed. Half a list is never shown.
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

struct RoutePullOptions {
  std::string node;
  runtime::Duration every = std::chrono::seconds(30);
  runtime::Backoff backoff = {.base = std::chrono::milliseconds(200),
                              .max = std::chrono::seconds(5)};
  runtime::TimerId timer = 0;
};

struct ClusterRoutes {
  std::map<std::string, schema::ProjectRoutes> projects;  // those with rules
  std::map<std::string, std::string> nodes;               // addresses of their ingresses
  std::string hop_key;
};

class RoutePull {
 public:
  // `ids` must outlive it.
  RoutePull(RoutePullOptions options, runtime::RequestIds& ids);

  // From now on for this registration and cluster. Of another cluster nothing is kept.
  void restart(std::int64_t registration, const std::string& cluster, runtime::Effects& out);
  // Pulls if what was read is older.
  void pull_if_older(std::int64_t revision, runtime::Effects& out);

  struct News {
    bool changed = false;
  };
  // Takes the events that are its own; nothing for all others.
  std::optional<News> handle(const runtime::Event& event, runtime::Effects& out);

  // Nothing until all was read once.
  const std::optional<ClusterRoutes>& routes() const { return shown_; }

 private:
  void pull(runtime::Effects& out);
  void ask(runtime::Effects& out);
  News answered(const runtime::Answered& answer, runtime::Effects& out);
  void list_anew();
  bool take_page(schema::RoutesReply reply);
  bool take_changes(schema::RoutesReply reply);
  void failed(const Error& error, runtime::Effects& out);

  const RoutePullOptions options_;
  const schema::Identity identity_;
  runtime::RequestIds& ids_;

  std::int64_t registration_ = 0;
  std::string cluster_;
  std::optional<ClusterRoutes> shown_;
  std::int64_t revision_ = 0;  // of what is shown; 0: all is to be read
  ClusterRoutes reading_;
  std::int64_t reading_revision_ = 0;
  std::string after_;  // the last name of the page before
  std::optional<runtime::RequestId> asked_;
  bool again_ = false;  // a hint came while a request was under way
  std::uint32_t failures_ = 0;
  std::string complaint_;
};

}  // namespace cara::agent
