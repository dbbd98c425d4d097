// caractrl cluster: the cluster as a whole.
#include <ostream>

#include "cli/cluster_info.h"
#include "cli/request.h"
#include "cli/say.h"
#include "cli/verb.h"
#include "schema/formats.h"

namespace cara::cli {
namespace {

constexpr const char* kAllow = "`caractrl cluster allow-moves` moves them all the same";

void print(std::ostream& out, const schema::ServerInfo& info) {
  const auto line = [&](const std::string& label, const std::string& value) {
    out << label << ":" << std::string(11 - label.size(), ' ') << schema::printable(value, 253)
        << "\n";
  };
  line("Version", info.version);
  line("Cluster", info.cluster);
  line("Instance", info.instance);
  line("Revision", std::to_string(info.revision));
  line("Nodes", std::to_string(info.nodes_ready) + "/" + std::to_string(info.nodes) + " ready");
  line("Placement", info.placement == schema::PlacementStrategy::kSpread ? "spread" : "binpack");
  if (info.moves_held.empty()) {
    line("Moves", "projects of lost nodes are placed elsewhere");
  } else {
    line("Moves", "held: " + info.moves_held);
    out << "            " << kAllow << "\n";
  }
}

Exit info(Context& context, Api& api, const host::Flags& flags) {
  const auto info =
      call<schema::ServerInfo>(api, "server.info", schema::Wake{}, flags.duration("timeout"));
  if (!info) return say_error(context, info.error());
  const Processes processes = ask_processes(context, api, flags.duration("timeout"));
  const Output output = output_of(flags);
  if (output == Output::kTable) {
    print(context.out, *info);
    print(context.out, processes);
    return kDone;
  }
  Value all = schema::to_value(*info);
  for (Member& member : members_of(processes)) all.as_map()->push_back(std::move(member));
  context.out << render(all, output);
  return kDone;
}

Exit allow_moves(Context& context, Api& api, const host::Flags& flags) {
  const auto reply = call<schema::AllowMovesReply>(api, "cluster.allow-moves",
                                                   schema::AllowMovesRequest{context.new_id()},
                                                   flags.duration("timeout"));
  if (!reply) return say_error(context, reply.error());
  if (reply->was_held.empty()) {
    context.out << "moves were not held: nothing has changed" << std::endl;
  } else {
    context.out << "moves allowed; they were held: " << schema::printable(reply->was_held, 253)
                << std::endl;
  }
  return kDone;
}

Exit run_cluster(Context& context, const host::Flags& flags) {
  const std::vector<std::string>& words = flags.positionals();
  if (words.empty())
    return say_usage(context, "cluster", "what of it? Say `info` or `allow-moves`");
  const std::string& what = words.front();
  if (what != "info" && what != "allow-moves") {
    return say_usage(context, "cluster",
                     "`" + schema::printable(what) + "` is neither `info` nor `allow-moves`");
  }
  if (words.size() > 1) return say_usage(context, "cluster", "`" + what + "` takes no names");
  const Result<std::unique_ptr<Api>> api = connect(context, flags);
  if (!api) return say_error(context, api.error());
  return what == "info" ? info(context, **api, flags) : allow_moves(context, **api, flags);
}

}  // namespace

const Verb& cluster_verb() {
  static const Verb kVerb{
      .name = "cluster",
      .summary = "Show the cluster as a whole, or let it move projects of many lost nodes",
      .usage = "cluster info|allow-moves [FLAGS]",
      .details =
          "When most nodes are lost at once, the network is the likely reason, and their projects\n"
          "stay where they are until the nodes are back. `allow-moves` has them placed elsewhere\n"
          "all the same; it is without effect when nothing is held.\n\n"
          "`info` also asks every process on the bus what it is and measures how long the answer\n"
          "takes; what does not answer within a second is named.\n\n"
          "Examples:\n"
          "  caractrl cluster info\n"
          "  caractrl cluster info -o json\n"
          "  caractrl cluster allow-moves\n",
      .flags = {output_flag(), answer_timeout_flag()},
      .run = run_cluster};
  return kVerb;
}

}  // namespace cara::cli
