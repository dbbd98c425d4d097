// Every operation of the apiserver as a function: it reads and writes the open transaction and
// returns its answer. An error undoes what it wrote. Which roles may call it: operations.cpp.
#pragma once

#include "schema/history.h"
#include "schema/messages.h"
#include "schema/streams.h"
#include "schema/subjects.h"
#include "services/apiserver/context.h"

namespace cara::apiserver {

using schema::Identity;

Result<schema::ApplyReply> project_apply(Context&, const Identity&, const schema::ApplyRequest&);
Result<schema::ProjectReply> project_get(Context&, const Identity&, const schema::GetRequest&);
Result<schema::ProjectListReply> project_list(Context&, const Identity&,
                                              const schema::ListRequest&);
Result<schema::ProjectChangeReply> project_change(Context&, const Identity&,
                                                  const schema::ProjectChangeRequest&);
Result<schema::DeleteReply> project_delete(Context&, const Identity&, const schema::DeleteRequest&);
Result<schema::RevisionReply> project_bind(Context&, const Identity&, const schema::BindRequest&);
Result<schema::RevisionReply> project_unschedulable(Context&, const Identity&,
                                                    const schema::UnschedulableRequest&);
Result<schema::MoveReply> project_move(Context&, const Identity&, const schema::MoveRequest&);
Result<schema::RevisionReply> project_expire(Context&, const Identity&, const schema::GcRequest&);
Result<schema::RevisionReply> project_evict(Context&, const Identity&, const schema::GcRequest&);
Result<schema::RevisionReply> project_reap(Context&, const Identity&, const schema::GcRequest&);
Result<schema::RevisionReply> project_status(Context&, const Identity&,
                                             const schema::StatusRequest&);
Result<schema::HistoryReply> project_history(Context&, const Identity&,
                                             const schema::HistoryRequest&);
Result<schema::UndoReply> project_undo(Context&, const Identity&, const schema::UndoRequest&);
Result<schema::EventListReply> event_list(Context&, const Identity&,
                                          const schema::EventListRequest&);
Result<schema::EventReportReply> event_report(Context&, const Identity&,
                                              const schema::EventReportRequest&);
Result<schema::RegisterReply> node_register(Context&, const Identity&,
                                            const schema::RegisterRequest&);
Result<schema::NodeReply> node_get(Context&, const Identity&, const schema::GetRequest&);
Result<schema::NodeListReply> node_list(Context&, const Identity&, const schema::ListRequest&);
Result<schema::DeleteReply> node_delete(Context&, const Identity&, const schema::DeleteRequest&);
Result<schema::NodeChangeReply> node_change(Context&, const Identity&,
                                            const schema::NodeChangeRequest&);
Result<schema::AllowMovesReply> cluster_allow_moves(Context&, const Identity&,
                                                    const schema::AllowMovesRequest&);
Result<schema::DesiredReply> desired_get(Context&, const Identity&, const schema::DesiredRequest&);
Result<schema::RoutesReply> routes_get(Context&, const Identity&, const schema::RoutesRequest&);
Result<schema::ChangesReply> changes_since(Context&, const Identity&,
                                           const schema::ChangesRequest&);
Result<schema::StreamReply> stream_logs(Context&, const Identity&, const schema::StreamRequest&);
Result<schema::StreamReply> stream_exec(Context&, const Identity&, const schema::StreamRequest&);
Result<schema::StreamReply> stream_forward(Context&, const Identity&, const schema::StreamRequest&);
Result<schema::StreamReply> stream_copy(Context&, const Identity&, const schema::StreamRequest&);
Result<schema::StreamReply> stream_stats(Context&, const Identity&, const schema::StreamRequest&);

// --- Not called by name: a heartbeat has a subject of its own, silence is noticed by a timer. ----
Result<schema::HeartbeatReply> heartbeat(Context&, const std::string& node,
                                         const schema::Heartbeat&);
Result<Ok> lose_node(Context&, const std::string& node);
Result<Ok> watch_all_nodes(Context&);
Result<Ok> watch_all_routes(Context&);

}  // namespace cara::apiserver
