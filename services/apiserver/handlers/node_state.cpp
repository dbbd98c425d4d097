#include "services/apiserver/handlers/node_state.h"

#include <algorithm>
#include <array>

#include "schema/formats.h"
#include "services/apiserver/handlers/common.h"
#include "services/apiserver/handlers/handlers.h"
#include "services/apiserver/handlers/held.h"

namespace cara::apiserver {

using schema::Node;
using schema::NodeState;
using schema::Project;

namespace {

constexpr std::array kTroubles{schema::kConditionDiskPressure, schema::kConditionMemoryPressure,
                               schema::kConditionStrayContainers, schema::kConditionIngressDown};

}  // namespace

bool set_engine(const Context& context, Node& node, const EngineReport& report) {
  const schema::Condition* old = find_condition(node.status.conditions, schema::kConditionEngine);
  const std::string status = report.ready ? "True" : "False";
  // Only the answer is a change: an engine that fails words each failure differently.
  if (old != nullptr && old->status == status) return false;
  set_condition(node.status.conditions,
                {.type = schema::kConditionEngine,
                 .status = status,
                 .reason = report.ready ? "EngineReady" : "EngineUnavailable",
                 .message = schema::printable(report.message, kMaxMessageBytes),
                 .last_transition_time = context.now.wall});
  return true;
}

Result<Ok> tell_engine(Context& context, const Node& node) {
  const schema::Condition* engine =
      find_condition(node.status.conditions, schema::kConditionEngine);
  CARA_CHECK(engine != nullptr);
  const bool ready = engine->status == "True";
  return tell(context, node, {engine->reason, ready ? "Docker answers" : engine->message});
}

Result<bool> set_troubles(Context& context, Node& node,
                          const std::vector<schema::NodeTrouble>& troubles) {
  bool changed = false;
  for (const char* type : kTroubles) {
    const bool was = find_condition(node.status.conditions, type) != nullptr;
    const auto found = std::find_if(troubles.begin(), troubles.end(),
                                    [&](const auto& trouble) { return trouble.type == type; });
    const bool is = found != troubles.end();
    // Only that it is there is news: its figures change all the time.
    if (was == is) continue;
    changed = true;
    if (!is) {
      clear_condition(node.status.conditions, type);
      const Cause over{std::string(type) + "Over", "It is over"};
      if (Result<Ok> done = tell(context, node, over); !done) return done.error();
      continue;
    }
    const Cause cause{type, schema::printable(found->message, kMaxMessageBytes)};
    set_condition(node.status.conditions, {.type = type,
                                           .reason = cause.reason,
                                           .message = cause.message,
                                           .last_transition_time = context.now.wall});
    if (Result<Ok> done = tell(context, node, cause); !done) return done.error();
  }
  return changed;
}

Result<Ok> make_ready(Context& context, Node& node, const std::string& reason) {
  const bool was_lost = node.status.state == NodeState::kNotReady;
  node.status.state = NodeState::kReady;
  node.status.last_heartbeat = context.now.wall;
  if (was_lost) {
    const Cause cause{reason, "The agent is heard"};
    set_condition(node.status.conditions, {.type = schema::kConditionReady,
                                           .reason = cause.reason,
                                           .message = cause.message,
                                           .last_transition_time = context.now.wall});
    if (Result<Ok> done = tell(context, node, cause); !done) return done;
  }
  context.watch.heard(node.metadata.name, context.now.mono);
  if (Result<Ok> done = save(context, node, {.schedulers = true}); !done) return done;
  if (!was_lost) return Ok{};
  Result<std::vector<Project>> projects = bound_projects(context, node.metadata.name);
  if (!projects) return projects.error();
  for (Project& project : *projects) {
    const std::size_t before = project.status.conditions.size();
    clear_condition(project.status.conditions, schema::kConditionNotReadyAt);
    clear_condition(project.status.conditions, schema::kConditionTerminatingAt);
    context.watch.waits_no_more(project.metadata.uid);
    if (project.status.conditions.size() == before) continue;
    if (Result<Ok> done = save(context, project, {}); !done) return done;
  }
  return note_return(context);
}

Result<Ok> lose_node(Context& context, const std::string& name) {
  Result<std::optional<Node>> found = context.store.find_node(name);
  if (!found) return found.error();
  if (!*found || (*found)->status.state == NodeState::kNotReady) {
    // Forgotten only now that it is on disk: a write that failed is tried again.
    context.watch.forget(name);
    return Ok{};
  }
  Node& node = **found;
  const auto timeout =
      std::chrono::duration_cast<std::chrono::milliseconds>(context.options.node_timeout);
  node.status.state = NodeState::kNotReady;
  const Cause cause{"HeartbeatLost", "No heartbeat for " + format_duration_ms(timeout.count())};
  set_condition(node.status.conditions, {.type = schema::kConditionReady,
                                         .status = "False",
                                         .reason = cause.reason,
                                         .message = cause.message,
                                         .last_transition_time = context.now.wall});
  context.watch.lost(name, context.now.mono);
  if (Result<Ok> done = tell(context, node, cause); !done) return done;
  if (Result<Ok> done = save(context, node, {.schedulers = true}); !done) return done;
  Result<std::vector<Project>> projects = bound_projects(context, name);
  if (!projects) return projects.error();
  for (Project& project : *projects) {
    if (Result<Ok> done = mark_lost(context, project); !done) return done;
    if (Result<Ok> done = save(context, project, {.gc = true}); !done) return done;
  }
  return Ok{};
}

Result<schema::HeartbeatReply> heartbeat(Context& context, const std::string& name,
                                         const schema::Heartbeat& beat) {
  Result<std::optional<Node>> found = context.store.find_node(name);
  if (!found) return found.error();
  if (!*found || (*found)->status.registration != beat.registration) {
    return schema::HeartbeatReply{.registered = false, .revision = 0};
  }
  Node& node = **found;
  context.watch.heard(name, context.now.mono);
  const bool engine_changed = set_engine(context, node, {beat.engine_ready, beat.engine_message});
  if (engine_changed) {
    if (Result<Ok> done = tell_engine(context, node); !done) return done.error();
  }
  const Result<bool> troubles_changed = set_troubles(context, node, beat.troubles);
  if (!troubles_changed) return troubles_changed.error();
  if (node.status.state == NodeState::kNotReady || engine_changed || *troubles_changed) {
    if (Result<Ok> done = make_ready(context, node, "HeartbeatSeen"); !done) return done.error();
  }
  const Result<std::int64_t> revision = context.store.newest_for_node(name);
  if (!revision) return revision.error();
  return schema::HeartbeatReply{.registered = true, .revision = *revision};
}

Result<Ok> watch_all_nodes(Context& context) {
  const Result<std::vector<Node>> nodes = all_nodes(context);
  if (!nodes) return nodes.error();
  for (const Node& node : *nodes) {
    const std::string& name = node.metadata.name;
    const auto* ready = find_condition(node.status.conditions, schema::kConditionReady);
    if (node.status.state == NodeState::kReady) {
      context.watch.heard(name, context.now.mono);
    } else if (ready != nullptr) {
      const auto ago =
          std::chrono::milliseconds(context.now.wall.ms - ready->last_transition_time.ms);
      context.watch.lost(name, context.now.mono + runtime::Duration(-ago));
    }
  }
  return Ok{};
}

}  // namespace cara::apiserver
