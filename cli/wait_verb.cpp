// caractrl wait: until objects are what they are to be.
#include "cli/await.h"
#include "cli/say.h"
#include "cli/verb.h"

namespace cara::cli {
namespace {

Exit run_wait(Context& context, const host::Flags& flags) {
  const Result<Objects> objects = parse_objects(flags.positionals());
  if (!objects) return say_usage(context, "wait", objects.error().message);
  if (objects->names.empty()) return say_usage(context, "wait", "for which one? Give its name");
  if (flags.text("for").empty()) {
    return say_usage(context, "wait", "for what? Say --for=phase=Running, for example");
  }
  if (objects->kind == Kind::kNode && flags.text("for").starts_with("phase=")) {
    return say_usage(context, "wait", "nodes have no phase; wait --for=condition=Ready");
  }
  const Result<Goal> goal = parse_goal(flags.text("for"));
  if (!goal) return say_usage(context, "wait", goal.error().message);
  const Result<std::unique_ptr<Api>> api = connect(context, flags);
  if (!api) return say_error(context, api.error());
  const Patience patience{context.mono_now(), flags.duration("timeout")};
  Exit result = kDone;
  for (const std::string& name : objects->names) {
    const Exit end = await(
        context, **api, {.kind = objects->kind, .name = name, .uid = {}, .goal = *goal}, patience);
    if (end == kDone) {
      const bool gone = goal->what == Goal::What::kGone;
      context.out << to_string(objects->kind) << "/" << name
                  << (gone ? " deleted" : " condition met") << std::endl;
    }
    result = first_failure(result, end);
    if (end == kNoConnection || end == kInterrupted) break;
  }
  return result;
}

}  // namespace

const Verb& wait_verb() {
  static const Verb kVerb{
      .name = "wait",
      .summary = "Wait until projects or nodes are what they are to be",
      .usage = "wait project|node NAME... --for=GOAL [FLAGS]",
      .details =
          "GOAL is one of\n"
          "  phase=PHASE             of a project; Running and Failed count once they are said of\n"
          "                          its newest spec\n"
          "  condition=TYPE[=STATUS] True if no STATUS is given; one that is absent is False\n"
          "  delete                  it is gone\n"
          "Standard error shows how it goes. Ends with 4 when the time is over, and with 1 when\n"
          "there is no such object.\n\n"
          "Examples:\n"
          "  caractrl wait project shop --for=phase=Running --timeout 2m\n"
          "  caractrl wait project/shop project/blog --for=delete\n"
          "  caractrl wait node worker-01 --for=condition=Ready\n"
          "  caractrl wait node worker-01 --for=condition=DiskPressure=False\n",
      .flags = {{.name = "for",
                 .help = "phase=PHASE, condition=TYPE[=STATUS] or delete",
                 .value_name = "GOAL",
                 .environment = kNoEnvironment},
                duration_flag("timeout", "How long to wait for all of them; 0: as long as it takes",
                              "30s")},
      .run = run_wait};
  return kVerb;
}

}  // namespace cara::cli
