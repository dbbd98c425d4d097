// node.register: an agent takes its node's name, with a new registration epoch each time.
#include <algorithm>

#include "schema/address.h"
#include "schema/formats.h"
#include "schema/wire.h"
#include "services/apiserver/handlers/common.h"
#include "services/apiserver/handlers/handlers.h"
#include "services/apiserver/handlers/node_state.h"
#include "services/apiserver/handlers/windows.h"

namespace cara::apiserver {
namespace {

using schema::Node;
using schema::NodeState;
using schema::RegisterReply;
using schema::RegisterRequest;

constexpr std::size_t kMaxRegisterBytes = 64 * 1024;
constexpr std::size_t kMaxAgentId = 128;
// Heartbeats come at least this often in a node timeout.
constexpr int kBeatsPerTimeout = 2;

Result<Ok> check(const Identity& caller, const RegisterRequest& request) {
  if (const auto wrong = schema::check_format(schema::Format::kDnsName, request.node)) {
    return invalid("the node name " + *wrong, {{"node", *wrong}});
  }
  if (schema::node_token(request.node) != caller.id) {
    return forbidden("an agent registers its own node only");
  }
  if (request.agent_id.empty() || request.agent_id.size() > kMaxAgentId) {
    return invalid("agentId must have 1 to " + std::to_string(kMaxAgentId) + " characters");
  }
  // What one node says is put into the routers of all others. Empty: they cannot reach it.
  const std::string ingress = request.info.ingress ? request.info.ingress->address : "";
  if (!ingress.empty() && !schema::parse_address(ingress)) {
    return invalid("the ingress address `" + schema::printable(ingress) +
                   "` is none; it must be IP:PORT, such as 10.0.0.2:80");
  }
  if (schema::pack_message(request).size() > kMaxRegisterBytes) {
    return invalid("the registration is larger than " + std::to_string(kMaxRegisterBytes) +
                   " bytes");
  }
  return Ok{};
}

// Who asks must be the machine that had the name before, unless that one is gone.
Result<Ok> check_machine(const Context& context, const Node& node, const RegisterRequest& request) {
  if (node.status.state != NodeState::kReady) return Ok{};
  const std::string who = called("node", request.node);
  if (node.status.agent_id != request.agent_id) {
    return conflict("another agent runs as " + who +
                    "; give this one another --node, or stop that one and wait until it is "
                    "NotReady");
  }
  // A machine that was copied with its disk has its agent's id, too. One that was rebooted was
  // silent for a while.
  const bool same_boot = node.status.boot_id.empty() || request.boot_id.empty() ||
                         node.status.boot_id == request.boot_id;
  const auto heard = context.watch.last_heard(request.node);
  const bool is_alive =
      heard && context.now.mono - *heard < context.options.node_timeout / kBeatsPerTimeout;
  if (same_boot || !is_alive) return Ok{};
  return conflict("another machine runs as " + who +
                  " with a copy of this agent's --state-dir; "
                  "remove the copy and give this one another --node");
}

// Another agent under the name of a lost node: what the old one had is not believed to be there.
Result<Ok> start_clean(Context& context, const std::string& name) {
  Result<std::vector<schema::Project>> projects = bound_projects(context, name);
  if (!projects) return projects.error();
  const Cause cause{"NodeReinstalled", called("node", name) + " was set up anew"};
  for (schema::Project& project : *projects) {
    // The old machine may be cut off, and run it: never two copies.
    if (project.spec.on_node_loss == schema::OnNodeLoss::kMoveExclusive &&
        project.status.phase != schema::Phase::kTerminating) {
      if (Result<Ok> done = check_grace(context, project); !done) {
        return conflict("an agent that is set up anew takes over " + called("node", name) +
                        " when nothing of the old one can run any more: " + done.error().message);
      }
    }
    if (Result<Ok> done = take_off(context, project, cause); !done) return done;
  }
  return Ok{};
}

// Labels set by hand stay; those that the agent brings come and go with it.
void merge_labels(const RegisterRequest& request, Node& node) {
  auto& labels = node.metadata.labels;
  for (const auto& [key, value] : node.status.agent_labels) {
    const auto found = labels.find(key);
    if (found != labels.end() && found->second == value) labels.erase(found);
  }
  labels.insert(request.labels.begin(), request.labels.end());
  node.status.agent_labels = request.labels;
}

// A node that was deleted and comes again must not get an epoch that its old agent still holds:
// the store's revision is beyond every epoch given so far.
Node new_node(Context& context, const RegisterRequest& request) {
  Node node;
  node.metadata.name = request.node;
  node.metadata.uid = context.ids.next();
  node.metadata.generation = 1;
  node.metadata.created_at = context.now.wall;
  node.status.registration = context.store.revision();
  return node;
}

}  // namespace

Result<RegisterReply> node_register(Context& context, const Identity& caller,
                                    const RegisterRequest& request) {
  if (Result<Ok> done = check(caller, request); !done) return done.error();
  Result<std::optional<Node>> found = context.store.find_node(request.node);
  if (!found) return found.error();
  Node node = *found ? std::move(**found) : new_node(context, request);
  if (Result<Ok> done = check_machine(context, node, request); !done) return done.error();
  const bool other_agent =
      !node.status.agent_id.empty() && node.status.agent_id != request.agent_id;
  if (other_agent) {
    if (Result<Ok> done = start_clean(context, request.node); !done) return done.error();
  }
  merge_labels(request, node);
  node.status.agent_id = request.agent_id;
  node.status.machine_id = request.machine_id;
  node.status.boot_id = request.boot_id;
  node.status.registration = std::max(node.status.registration, context.store.epochs()) + 1;
  node.status.info = request.info;
  const bool registered_again = node.status.state == NodeState::kReady;
  if (set_engine(context, node, {request.engine_ready, request.engine_message}) &&
      !request.engine_ready) {
    if (Result<Ok> done = tell_engine(context, node); !done) return done.error();
  }
  if (const auto changed = set_troubles(context, node, request.troubles); !changed) {
    return changed.error();
  }
  if (registered_again) {
    const Cause cause{"AgentRegistered", "The agent registered again"};
    if (Result<Ok> done = tell(context, node, cause); !done) return done.error();
  }
  if (Result<Ok> done = make_ready(context, node, "AgentRegistered"); !done) return done.error();
  const auto timeout =
      std::chrono::duration_cast<std::chrono::milliseconds>(context.options.node_timeout);
  return RegisterReply{.registration = node.status.registration,
                       .cluster = context.store.cluster(),
                       .node_timeout_ms = timeout.count()};
}

}  // namespace cara::apiserver
