// caractrl cordon, uncordon: whether a node takes new projects.
#include "cli/nodes.h"
#include "cli/request.h"
#include "cli/say.h"
#include "cli/verb.h"

namespace cara::cli {
namespace {

Exit set_unschedulable(Context& context, const host::Flags& flags, bool wanted) {
  const std::string word = wanted ? "cordon" : "uncordon";
  const auto nodes = parse_nodes(flags.positionals());
  if (!nodes) return say_usage(context, word, nodes.error().message);
  const Result<std::unique_ptr<Api>> api = connect(context, flags);
  if (!api) return say_error(context, api.error());
  Exit result = kDone;
  for (const std::string& name : *nodes) {
    const auto reply =
        change_node(**api, {.request_id = context.new_id(), .name = name, .unschedulable = wanted},
                    flags.duration("timeout"));
    if (reply) {
      context.out << "node/" << name << (reply->changed ? " " : " already ") << word << "ed"
                  << std::endl;
      continue;
    }
    result = first_failure(result, say_error(context, reply.error()));
    if (is_passing(reply.error())) return result;
  }
  return result;
}

}  // namespace

const Verb& cordon_verb() {
  static const Verb kVerb{
      .name = "cordon",
      .summary = "Let no new projects onto nodes",
      .usage = "cordon NODE... [FLAGS]",
      .details =
          "What runs on the node stays there; `caractrl drain` moves it away. Cordoned nodes are\n"
          "SchedulingDisabled in `caractrl get nodes`.\n\n"
          "Examples:\n"
          "  caractrl cordon worker-01\n"
          "  caractrl cordon worker-01 worker-02\n",
      .flags = {answer_timeout_flag()},
      .run = [](Context& context, const host::Flags& flags) {
        return set_unschedulable(context, flags, true);
      }};
  return kVerb;
}

const Verb& uncordon_verb() {
  static const Verb kVerb{.name = "uncordon",
                          .summary = "Let new projects onto nodes again",
                          .usage = "uncordon NODE... [FLAGS]",
                          .details =
                              "Projects that were moved away do not come back by themselves.\n\n"
                              "Examples:\n"
                              "  caractrl uncordon worker-01\n",
                          .flags = {answer_timeout_flag()},
                          .run = [](Context& context, const host::Flags& flags) {
                            return set_unschedulable(context, flags, false);
                          }};
  return kVerb;
}

}  // namespace cara::cli
