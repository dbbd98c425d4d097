// ApiServer: the only writer of the cluster's state. Takes requests and heartbeats, one transaction
// per batch, answers after the commit, and tells the bus what changed.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "schema/messages.h"
#include "services/apiserver/batch.h"
#include "services/apiserver/context.h"
#include "services/runtime/actor.h"
#include "services/runtime/ids.h"

namespace cara::apiserver {

class ApiServer : public runtime::Actor {
 public:
  // `store` must outlive it.
  ApiServer(Store& store, Options options, runtime::Seed seed);

  std::vector<runtime::Subscription> subscriptions() const override;
  runtime::Effects step(std::span<const runtime::Event> batch, runtime::Instant now) override;

  std::map<std::string, std::int64_t> gauges() const override;

  const Refused& refused() const { return refused_; }  // since the start

 private:
  struct Rival {
    std::optional<std::string> stop_reason;
    runtime::Effects effects;
  };
  Rival meet_rivals(std::span<const runtime::Event> batch) const;
  Duties take_timers(std::span<const runtime::Event> batch, runtime::Instant now,
                     runtime::Effects& effects);
  runtime::Duration judge_interval() const;
  runtime::Payload alive() const;
  void report_refused(runtime::Effects& effects);

  Store& store_;
  Options options_;
  runtime::IdSource ids_;
  std::string instance_;
  NodeWatch watch_;
  Shares shares_;
  RouteWatch routes_;
  Timestamp started_at_;
  Refused refused_;
  std::int64_t reported_ = 0;
  BackupCalls backups_;
};

}  // namespace cara::apiserver
