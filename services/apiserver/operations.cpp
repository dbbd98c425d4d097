#include "services/apiserver/operations.h"

#include <algorithm>

#include "schema/wire.h"
#include "services/apiserver/handlers/handlers.h"
#include "services/apiserver/handlers/held.h"

namespace cara::apiserver {
namespace {

using runtime::Payload;
using schema::Identity;
using enum schema::Role;

constexpr std::size_t kMaxRequestId = 64;

// Runs `handler` unless this very request was answered before: then the answer is the same one.
template <class Request, class Run>
Result<Payload> once(Context& context, const Identity& caller, std::string_view operation,
                     const Request& request, const Run& run) {
  if (request.request_id.empty() || request.request_id.size() > kMaxRequestId) {
    return invalid("requestId must have 1 to " + std::to_string(kMaxRequestId) + " characters");
  }
  const std::string key = std::string(to_string(caller.role)) + "/" + caller.id + "/" +
                          std::string(operation) + "/" + request.request_id;
  Result<std::optional<std::string>> earlier = context.store.find_reply(key);
  if (!earlier) return earlier.error();
  if (*earlier) return std::move(**earlier);
  const std::size_t written = context.store.written().size();
  Result<Payload> reply = run();
  // What changed nothing may be asked again.
  if (!reply || context.store.written().size() == written) return reply;
  if (Result<Ok> done = context.store.keep_reply(key, *reply, context.now.wall); !done) {
    return done.error();
  }
  return reply;
}

// Bytes in, bytes out, around a handler of plain structs.
template <auto handler, class Request, class Reply>
Result<Payload> typed(Context& context, const Identity& caller, std::string_view name,
                      std::string_view body) {
  const Result<Request> request = schema::unpack_message<Request>(body);
  if (!request) return request.error();
  const auto run = [&]() -> Result<Payload> {
    Result<Reply> reply = handler(context, caller, *request);
    if (!reply) return reply.error();
    return schema::pack_message(*reply);
  };
  if constexpr (requires { request->request_id; }) {
    return once(context, caller, name, *request, run);
  } else {
    return run();
  }
}

template <class Request, class Reply,
          Result<Reply> (*handler)(Context&, const Identity&, const Request&)>
Operation operation(std::string_view name, std::vector<schema::Role> roles) {
  return {name, std::move(roles), &typed<handler, Request, Reply>};
}

Result<Payload> server_info(Context& context, const Identity&, std::string_view, std::string_view) {
  const Result<NodeCounts> nodes = context.store.count_nodes();
  if (!nodes) return nodes.error();
  Result<std::string> held = moves_held(context);
  if (!held) return held.error();
  return schema::pack_message(schema::ServerInfo{.version = CARA_VERSION,
                                                 .instance = context.instance,
                                                 .cluster = context.store.cluster(),
                                                 .revision = context.store.revision(),
                                                 .nodes = nodes->all,
                                                 .nodes_ready = nodes->ready,
                                                 .placement = context.options.placement,
                                                 .moves_held = std::move(*held)});
}

std::vector<Operation> make_operations() {
  using namespace schema;
  const std::vector<Role> people{kAdmin, kViewer};
  const std::vector<Role> readers{kAdmin, kViewer, kSched, kGc};
  return {
      operation<ApplyRequest, ApplyReply, project_apply>("project.apply", {kAdmin}),
      operation<ProjectChangeRequest, ProjectChangeReply, project_change>("project.change",
                                                                          {kAdmin}),
      operation<GetRequest, ProjectReply, project_get>("project.get", people),
      operation<ListRequest, ProjectListReply, project_list>("project.list", readers),
      operation<DeleteRequest, DeleteReply, project_delete>("project.delete", {kAdmin}),
      operation<HistoryRequest, HistoryReply, project_history>("project.history", people),
      operation<UndoRequest, UndoReply, project_undo>("project.undo", {kAdmin}),
      operation<BindRequest, RevisionReply, project_bind>("project.bind", {kSched}),
      operation<UnschedulableRequest, RevisionReply, project_unschedulable>("project.unschedulable",
                                                                            {kSched}),
      operation<MoveRequest, MoveReply, project_move>("project.move", {kAdmin}),
      operation<GcRequest, RevisionReply, project_expire>("project.expire", {kGc}),
      operation<GcRequest, RevisionReply, project_evict>("project.evict", {kGc}),
      operation<GcRequest, RevisionReply, project_reap>("project.reap", {kGc}),
      operation<StatusRequest, RevisionReply, project_status>("project.status", {kAgent}),
      operation<RegisterRequest, RegisterReply, node_register>("node.register", {kAgent}),
      operation<GetRequest, NodeReply, node_get>("node.get", people),
      operation<ListRequest, NodeListReply, node_list>("node.list", readers),
      operation<DeleteRequest, DeleteReply, node_delete>("node.delete", {kAdmin}),
      operation<NodeChangeRequest, NodeChangeReply, node_change>("node.change", {kAdmin}),
      operation<AllowMovesRequest, AllowMovesReply, cluster_allow_moves>("cluster.allow-moves",
                                                                         {kAdmin}),
      operation<EventListRequest, EventListReply, event_list>("event.list", people),
      operation<EventReportRequest, EventReportReply, event_report>("event.report", {kAgent}),
      operation<DesiredRequest, DesiredReply, desired_get>("desired.get", {kAgent}),
      operation<RoutesRequest, RoutesReply, routes_get>("routes.get", {kAgent}),
      operation<ChangesRequest, ChangesReply, changes_since>("changes.since", readers),
      operation<StreamRequest, StreamReply, stream_logs>("stream.logs", people),
      operation<StreamRequest, StreamReply, stream_exec>("stream.exec", {kAdmin}),
      operation<StreamRequest, StreamReply, stream_forward>("stream.forward", {kAdmin}),
      operation<StreamRequest, StreamReply, stream_copy>("stream.copy", {kAdmin}),
      operation<StreamRequest, StreamReply, stream_stats>("stream.stats", people),
      {"backup.begin", {kAdmin}, nullptr},
      {"backup.read", {kAdmin}, nullptr},
      {"backup.end", {kAdmin}, nullptr},
      {"server.info", {kAdmin, kViewer, kSched, kGc, kAgent, kApiserver}, &server_info},
  };
}

}  // namespace

std::span<const Operation> operations() {
  static const std::vector<Operation> kOperations = make_operations();
  return kOperations;
}

const Operation* find_operation(std::string_view name) {
  for (const Operation& operation : operations()) {
    if (operation.name == name) return &operation;
  }
  return nullptr;
}

bool may_call(const Operation& operation, schema::Role role) {
  return std::find(operation.roles.begin(), operation.roles.end(), role) != operation.roles.end();
}

}  // namespace cara::apiserver
