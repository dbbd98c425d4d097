// Chronicle: brings what happened to projects to the apiserver, for `caractrl events`. Best effort:
// bounded, late by a moment so that many travel together, and given up when the node is elsewhere.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "schema/history.h"
#include "schema/subjects.h"
#include "services/agent/plan.h"
#include "services/runtime/actor.h"
#include "services/runtime/ids.h"

namespace cara::agent {

struct ChronicleOptions {
  std::string node;
  runtime::Duration delay = std::chrono::milliseconds(500);  // from the first one to its sending
  runtime::Duration retry = std::chrono::seconds(5);
  runtime::TimerId timer = 0;
};

class Chronicle {
 public:
  // `ids` must outlive it.
  Chronicle(ChronicleOptions options, runtime::RequestIds& ids);

  void add(const std::string& project, const std::string& uid, const Occurrence& occurrence,
           runtime::Effects& out);
  // True if the event was its own.
  bool handle(const runtime::Event& event, std::int64_t registration, runtime::Effects& out);

 private:
  void send(std::int64_t registration, runtime::Effects& out);

  const ChronicleOptions options_;
  const schema::Identity identity_;
  runtime::RequestIds& ids_;
  std::vector<schema::ReportedEvent> waiting_;  // at most kMaxReportedEvents, the newest
  std::vector<schema::ReportedEvent> sent_;     // until their answer
  std::optional<runtime::RequestId> sending_;
  bool timer_runs_ = false;
};

}  // namespace cara::agent
