#include "services/apiserver/handlers/common.h"

#include "schema/formats.h"
#include "schema/lifecycle.h"
#include "schema/routes.h"
#include "schema/secrets.h"
#include "schema/wire.h"

namespace cara::apiserver {

using schema::Identity;
using schema::Node;
using schema::NodeState;
using schema::Phase;
using schema::Project;

std::string called(std::string_view kind, std::string_view name) {
  return std::string(kind) + "/" + schema::printable(name);
}

Result<Project> find_project(Context& context, const std::string& name, const std::string& uid) {
  Result<std::optional<Project>> found = context.store.find_project(name);
  if (!found) return found.error();
  if (!*found) return not_found(called("project", name) + " does not exist");
  if (!uid.empty() && (*found)->metadata.uid != uid) {
    return conflict(called("project", name) + " was deleted and made again since");
  }
  return std::move(**found);
}

Result<Node> find_node(Context& context, const std::string& name, const std::string& uid) {
  Result<std::optional<Node>> found = context.store.find_node(name);
  if (!found) return found.error();
  if (!*found) return not_found(called("node", name) + " does not exist");
  if (!uid.empty() && (*found)->metadata.uid != uid) {
    return conflict(called("node", name) + " was deleted and made again since");
  }
  return std::move(**found);
}

namespace {

// All objects of a walk of the store.
template <class Object, class WalkStore>
Result<std::vector<Object>> collect(std::string_view kind, const WalkStore& walk) {
  std::vector<Object> objects;
  Result<Ok> read = Ok{};
  const Result<Ok> done = walk([&](const Packed& packed) {
    Result<Object> object = schema::unpack_message<Object>(packed.body);
    if (!object) {
      read = internal(called(kind, packed.name) +
                      " cannot be read from the store: " + object.error().message);
      return Walk::kEnd;
    }
    objects.push_back(std::move(*object));
    return Walk::kOn;
  });
  if (!done) return done.error();
  if (!read) return read.error();
  return objects;
}

}  // namespace

Result<std::vector<Project>> bound_projects(Context& context, const std::string& node) {
  return collect<Project>("project", [&](const OnPacked& on_object) {
    return context.store.walk_bound(node, "", on_object);
  });
}

Result<std::vector<Node>> all_nodes(Context& context) {
  return collect<Node>(
      "node", [&](const OnPacked& on_object) { return context.store.walk("node", "", on_object); });
}

Result<Node> registered_node(Context& context, const Identity& caller, const std::string& node,
                             std::int64_t registration) {
  if (schema::node_token(node) != caller.id) {
    return forbidden("an agent speaks for its own node only");
  }
  Result<Node> found = find_node(context, node, "");
  if (!found && found.error().code == Code::kNotFound) {
    return conflict(called("node", node) + " is not registered");
  }
  if (found && found->status.registration != registration) {
    return conflict(called("node", node) + " was registered again since");
  }
  return found;
}

Result<std::vector<ChangeRow>> changes_after(Context& context, std::int64_t since,
                                             const std::string& what) {
  if (since < context.store.floor() || since > context.store.revision()) {
    return gone(what + " since revision " + std::to_string(since) +
                " are not known here; list again");
  }
  std::vector<ChangeRow> rows;
  const Result<Ok> done = context.store.walk_changes(since, [&](const ChangeRow& row) {
    rows.push_back(row);
    return rows.size() <= kMaxChangesPerReply ? Walk::kOn : Walk::kEnd;
  });
  if (!done) return done.error();
  return rows;
}

void settle_ingress(Project& project) {
  const Phase phase = project.status.phase;
  const schema::Condition* lost =
      find_condition(project.status.conditions, schema::kConditionNotReadyAt);
  const bool serves = phase == Phase::kRunning || phase == Phase::kFailed;
  if (serves && lost == nullptr) return;
  for (schema::IngressStatus& rule : project.status.ingress) {
    rule.ready = false;
    rule.reason = lost != nullptr ? lost->message : schema::why_unreachable(project);
  }
}

Result<Ok> save(Context& context, Project& project, const Notify& notify) {
  settle_ingress(project);
  project.metadata.updated_at = context.now.wall;
  return context.store.put(project, notify);
}

Result<Ok> save(Context& context, Node& node, const Notify& notify) {
  node.metadata.updated_at = context.now.wall;
  return context.store.put(node, notify);
}

Result<Ok> move(Context& context, Project& project, Phase to, const Cause& cause) {
  move_to(project, to, cause.reason, cause.message, context.now.wall);
  return tell(context, project, cause);
}

Result<Ok> tell(Context& context, const Project& project, const Cause& cause,
                const std::string& about, std::int64_t count) {
  const std::string message = schema::mask_secrets(project.spec, cause.message);
  return context.store.add_event(
      {.kind = "project",
       .name = project.metadata.name,
       .uid = project.metadata.uid,
       .last = context.now.wall,
       .actor = context.actor,
       .reason = cause.reason,
       .message = schema::printable_lines(message, kMaxEventMessageBytes),
       .count = count},
      about);
}

Result<Ok> tell(Context& context, const Node& node, const Cause& cause) {
  return context.store.add_event(
      {.kind = "node",
       .name = node.metadata.name,
       .uid = node.metadata.uid,
       .last = context.now.wall,
       .actor = context.actor,
       .reason = cause.reason,
       .message = schema::printable_lines(cause.message, kMaxEventMessageBytes)},
      "");
}

std::string actor_of(const Identity& caller) {
  switch (caller.role) {
    case schema::Role::kAdmin:
    case schema::Role::kViewer:
      return std::string(to_string(caller.role)) + "/" + caller.id;
    case schema::Role::kAgent:
      return "agent/" + schema::node_from_token(caller.id);
    case schema::Role::kSched:  // which of several has no meaning
      return "scheduler";
    case schema::Role::kGc:
      return "gc";
    case schema::Role::kApiserver:
      return "apiserver";
  }
  CARA_CHECK(false);
}

bool explain_phase(Project& project, const Cause& cause) {
  const schema::Condition* old = find_condition(project.status.conditions, schema::kConditionPhase);
  if (old != nullptr && old->reason == cause.reason && old->message == cause.message) return false;
  set_condition(project.status.conditions, {.type = schema::kConditionPhase,
                                            .reason = cause.reason,
                                            .message = cause.message,
                                            .last_transition_time = {}});
  return true;
}

Result<Ok> begin_end(Context& context, Project& project, const Cause& cause) {
  const bool bound = schema::is_bound(project.status.phase);
  project.status.leaving = false;
  clear_condition(project.status.conditions, schema::kConditionNotReadyAt);
  context.watch.waits_no_more(project.metadata.uid);
  if (Result<Ok> done = move(context, project, Phase::kTerminating, cause); !done) return done;
  if (bound) {
    Result<std::optional<Node>> node = context.store.find_node(project.status.node_ref);
    if (!node) return node.error();
    if (!*node || (*node)->status.state == NodeState::kNotReady) {
      if (Result<Ok> done = mark_lost(context, project); !done) return done;
    }
  }
  const Result<Ok> done =
      save(context, project, {.node = bound ? project.status.node_ref : "", .gc = true});
  if (!done || bound) return done;
  return end_without_node(context, project, {cause.reason, "No node had anything of it"});
}

Result<Ok> end_without_node(Context& context, Project& project, const Cause& cause) {
  clear_condition(project.status.conditions, schema::kConditionTerminatingAt);
  context.watch.waits_no_more(project.metadata.uid);
  if (Result<Ok> done = move(context, project, Phase::kTerminated, cause); !done) return done;
  project.status.services.clear();
  return save(context, project, {.node = project.status.node_ref, .schedulers = true, .gc = true});
}

Cause moved_from(const std::string& node) {
  return {"Moved", "Moved away from " + called("node", node)};
}

Result<Ok> unbind(Context& context, Project& project, const Cause& cause) {
  const std::string node = project.status.node_ref;
  clear_condition(project.status.conditions, schema::kConditionNotReadyAt);
  context.watch.waits_no_more(project.metadata.uid);
  if (Result<Ok> done = move(context, project, Phase::kPending, cause); !done) return done;
  project.status.node_ref.clear();
  project.status.home = node;
  project.status.leaving = false;
  project.status.services.clear();
  return save(context, project, {.node = node, .schedulers = true});
}

Result<Ok> take_off(Context& context, Project& project, const Cause& cause) {
  // Nobody else can say any more that a Terminating project's objects are gone.
  if (project.status.phase == Phase::kTerminating) {
    return end_without_node(context, project, cause);
  }
  return unbind(context, project, cause);
}

Result<Ok> mark_lost(Context& context, Project& project) {
  const bool ending = project.status.phase == Phase::kTerminating;
  const char* type = ending ? schema::kConditionTerminatingAt : schema::kConditionNotReadyAt;
  if (find_condition(project.status.conditions, type) != nullptr) return Ok{};
  Cause cause{"NodeNotReady", called("node", project.status.node_ref) + " is not ready"};
  if (!ending && project.spec.on_node_loss == schema::OnNodeLoss::kStay) {
    cause.message += "; the project stays there (spec.onNodeLoss: Stay)";
  }
  set_condition(project.status.conditions, {.type = type,
                                            .reason = cause.reason,
                                            .message = cause.message,
                                            .last_transition_time = context.now.wall});
  context.watch.waits(project.metadata.uid, context.now.mono);
  return tell(context, project, cause);
}

void redact(const Identity& caller, schema::ProjectSpec& spec) {
  if (caller.role == schema::Role::kAdmin) return;
  for (schema::ServiceDef& service : spec.services) {
    for (schema::EnvVar& variable : service.env) variable.value.clear();
  }
  for (schema::VolumeDef& volume : spec.volumes) {
    for (auto& [name, file] : volume.files) file.content.clear();
  }
}

}  // namespace cara::apiserver
