// changes.since: what a mirror missed, each object once, as it is now.
#include <algorithm>

#include "schema/wire.h"
#include "services/apiserver/handlers/common.h"
#include "services/apiserver/handlers/handlers.h"

namespace cara::apiserver {
namespace {

using schema::Change;
using schema::ChangesReply;

// Adds the object's present state. Its size in the reply, about.
Result<std::size_t> attach(Context& context, const Identity& caller, Change& change) {
  if (change.kind == "project") {
    Result<std::optional<schema::Project>> project = context.store.find_project(change.name);
    if (!project) return project.error();
    if (*project) redact(caller, (*project)->spec);
    change.project = std::move(*project);
    return change.project ? schema::pack_message(*change.project).size() : 0;
  }
  Result<std::optional<schema::Node>> node = context.store.find_node(change.name);
  if (!node) return node.error();
  change.node = std::move(*node);
  return change.node ? schema::pack_message(*change.node).size() : 0;
}

// The scheduler's share of the Pending projects. They are in this very answer or were in one
// before: a share comes only with the last page.
Result<Ok> add_share(Context& context, const Identity& caller, ChangesReply& reply) {
  reply.claim_ms = std::chrono::duration_cast<std::chrono::milliseconds>(kShareLength).count();
  reply.placement = context.options.placement;
  std::size_t room = context.shares.room_of(caller.id, context.now.mono);
  if (room == 0) return Ok{};
  const Result<Ok> done = context.store.walk_pending([&](const PendingProject& project) {
    if (context.shares.take(project.uid, caller.id, context.now.mono)) {
      reply.claimed.push_back(project.name);
      --room;
    }
    return room == 0 ? Walk::kEnd : Walk::kOn;
  });
  // What is new goes before what fitted nowhere, but among what is new the older comes first.
  std::reverse(reply.claimed.begin(), reply.claimed.end());
  return done;
}

}  // namespace

Result<ChangesReply> changes_since(Context& context, const Identity& caller,
                                   const schema::ChangesRequest& request) {
  Result<std::vector<ChangeRow>> rows = changes_after(context, request.since, "changes");
  if (!rows) return rows.error();
  ChangesReply reply{.revision = context.store.revision(), .now = context.now.wall};
  Page page(kMaxChangesPerReply);
  for (ChangeRow& row : *rows) {
    Change change{.revision = row.revision,
                  .kind = std::move(row.kind),
                  .name = std::move(row.name),
                  .uid = std::move(row.uid),
                  .deleted = row.deleted};
    std::size_t bytes = change.name.size() + 128;
    if (!change.deleted) {
      const Result<std::size_t> attached = attach(context, caller, change);
      if (!attached) return attached.error();
      bytes += *attached;
    }
    if (!page.takes(bytes)) {
      reply.more = true;
      reply.revision = reply.changes.back().revision;
      break;
    }
    reply.changes.push_back(std::move(change));
  }
  if (caller.role == schema::Role::kSched && !reply.more) {
    if (Result<Ok> done = add_share(context, caller, reply); !done) return done.error();
  }
  return reply;
}

}  // namespace cara::apiserver
