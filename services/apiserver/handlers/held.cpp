#include "services/apiserver/handlers/held.h"

#include "services/apiserver/handlers/common.h"
#include "services/apiserver/handlers/handlers.h"

namespace cara::apiserver {
namespace {

// An event of the cluster: its name is that of the store.
Result<Ok> tell_cluster(Context& context, const std::string& reason, const std::string& message) {
  return context.store.add_event({.kind = "cluster",
                                  .name = context.store.cluster(),
                                  .uid = context.store.cluster(),
                                  .last = context.now.wall,
                                  .actor = context.actor,
                                  .reason = reason,
                                  .message = message},
                                 "");
}

}  // namespace

Result<Ok> note_losses(Context& context) {
  const Options& options = context.options;
  if (options.mass_loss_window == runtime::Duration::zero()) return Ok{};
  const Result<Held> held = context.store.held();
  if (!held) return held.error();
  if (held->of > 0) return Ok{};
  const Result<NodeCounts> nodes = context.store.count_nodes();
  if (!nodes) return nodes.error();
  const std::int64_t lost = context.watch.lost_within(context.now.mono, options.mass_loss_window);
  const std::int64_t before = nodes->ready + lost;
  if (lost * 100 <= before * options.mass_loss_share) return Ok{};
  const auto window_ms =
      std::chrono::duration_cast<std::chrono::milliseconds>(options.mass_loss_window).count();
  const std::string reason = std::to_string(lost) + " of " + std::to_string(before) +
                             " nodes were lost within " + format_duration_ms(window_ms);
  if (Result<Ok> done = context.store.set_held({.of = before, .allowed = false, .reason = reason});
      !done) {
    return done;
  }
  return tell_cluster(context, "MovesHeld",
                      reason +
                          ": no project is moved until they are back, or an operator says "
                          "`caractrl cluster allow-moves`");
}

Result<Ok> note_return(Context& context) {
  const Result<Held> held = context.store.held();
  if (!held) return held.error();
  if (held->of == 0) return Ok{};
  const Result<NodeCounts> nodes = context.store.count_nodes();
  if (!nodes) return nodes.error();
  const std::int64_t before = std::min(held->of, nodes->all);
  if ((before - nodes->ready) * 100 > before * context.options.mass_loss_share) return Ok{};
  // Those that are still away get their full grace once more: they may be just about to return.
  context.watch.restart_waits(context.now.mono);
  if (Result<Ok> done = context.store.set_held({}); !done) return done;
  return tell_cluster(
      context, "MovesResumed",
      std::to_string(nodes->ready) + " of " + std::to_string(nodes->all) + " nodes are Ready");
}

Result<std::string> moves_held(Context& context) {
  Result<Held> held = context.store.held();
  if (!held) return held.error();
  return held->allowed ? std::string() : std::move(held->reason);
}

Result<schema::AllowMovesReply> cluster_allow_moves(Context& context, const Identity&,
                                                    const schema::AllowMovesRequest&) {
  Result<Held> held = context.store.held();
  if (!held) return held.error();
  if (held->of == 0 || held->allowed) return schema::AllowMovesReply{};
  held->allowed = true;
  if (Result<Ok> done = context.store.set_held(*held); !done) return done.error();
  if (Result<Ok> done = tell_cluster(context, "MovesAllowed", held->reason); !done) {
    return done.error();
  }
  return schema::AllowMovesReply{held->reason};
}

}  // namespace cara::apiserver
