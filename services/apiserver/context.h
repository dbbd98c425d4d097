// What a handler works with: the store's open transaction, the time, and the server's settings.
#pragma once

#include <chrono>
#include <string>

#include "schema/messages.h"
#include "schema/validate.h"
#include "services/apiserver/node_watch.h"
#include "services/apiserver/route_watch.h"
#include "services/apiserver/shares.h"
#include "services/apiserver/store/store.h"
#include "services/runtime/actor.h"
#include "services/runtime/ids.h"

namespace cara::apiserver {

struct Options {
  schema::IngressDomain domain;
  runtime::Duration node_timeout = std::chrono::seconds(15);         // silence -> NotReady
  runtime::Duration grace_period = std::chrono::seconds(60);         // NotReadyAt -> Pending
  runtime::Duration termination_timeout = std::chrono::minutes(10);  // TerminatingAt -> Terminated
  // More nodes than this share lost within the window: no project is moved. 0: whatever is lost.
  runtime::Duration mass_loss_window = std::chrono::minutes(5);
  std::int64_t mass_loss_share = 50;  // percent
  schema::PlacementStrategy placement = schema::PlacementStrategy::kSpread;
  // Nobody has permissions on the bus: inboxes that say of nobody whose they are get answers, too.
  bool open_bus = false;
};

// Of the events of what the apiserver does by itself.
inline constexpr const char* kOwnActor = "apiserver";

struct Context {
  Store& store;
  NodeWatch& watch;
  Shares& shares;
  RouteWatch& routes;
  runtime::IdSource& ids;
  const Options& options;
  const std::string& instance;
  runtime::Instant now;
  std::string actor = kOwnActor;  // of the events of what is done now
  runtime::Effects told = {};     // beside the answers; once, when the batch is done
  bool trial = false;             // what the request wrote was to see whether it can be: undo it
};

}  // namespace cara::apiserver
