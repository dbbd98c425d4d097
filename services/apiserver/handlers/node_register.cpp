// node.register: an agent takes its node's name, with a new registration epoch each time.
#include "schema/formats.h"
#include "schema/wire.h"
#include "services/apiserver/handlers/common.h"
#include "services/apiserver/handlers/handlers.h"
#include "services/apiserver/handlers/node_state.h"

namespace cara::apiserver {
namespace {

using schema::Node;
using schema::NodeState;
using schema::RegisterReply;
using schema::RegisterRequest;

constexpr std::size_t kMaxRegisterBytes = 64 * 1024;
constexpr std::size_t kMaxAgentId = 128;

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
  if (schema::pack_message(request).size() > kMaxRegisterBytes) {
    return invalid("the registration is larger than " + std::to_string(kMaxRegisterBytes) +
                   " bytes");
  }
  return Ok{};
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
  const bool other_agent =
      !node.status.agent_id.empty() && node.status.agent_id != request.agent_id;
  if (other_agent && node.status.state == NodeState::kReady) {
    return conflict("another agent runs as " + called("node", request.node) +
                    "; give this one another --node, or stop that one and wait until it is "
                    "NotReady");
  }
  node.metadata.labels = request.labels;
  node.status.agent_id = request.agent_id;
  ++node.status.registration;
  node.status.info = request.info;
  const bool registered_again = node.status.state == NodeState::kReady;
  if (set_engine(context, node, {request.engine_ready, request.engine_message}) &&
      !request.engine_ready) {
    if (Result<Ok> done = tell_engine(context, node); !done) return done.error();
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
