// caractrl diff: what an apply would change, and what it would do.
#include "cli/apply_calls.h"
#include "cli/preview.h"
#include "cli/render.h"
#include "cli/say.h"
#include "cli/verb.h"

namespace cara::cli {
namespace {

constexpr Exit kNoChange = kDone;
constexpr Exit kChanges = kRefused;

// 1 is for changes here: what is refused is as wrong as a bad manifest.
Exit failure_of(Exit exit) { return exit == kRefused ? kBadInput : exit; }

Exit run_diff(Context& context, const host::Flags& flags) {
  std::vector<Manifest> manifests;
  const Exit taken = take_manifests(context, flags, "diff", "nothing was compared", manifests);
  if (taken != kDone) return failure_of(taken);
  const Result<std::unique_ptr<Api>> api = connect(context, flags);
  if (!api) return failure_of(say_error(context, api.error()));
  const Secrets secrets = flags.enabled("show-env") ? Secrets::kShown : Secrets::kHidden;
  const bool as_json = flags.text("output") == "json";
  const Style style(context, Stream::kOut);
  Exit failure = kDone;
  bool changes = false;
  Array previews;
  for (const Manifest& manifest : manifests) {
    const auto reply = send(context, **api, manifest, true, flags.duration("timeout"));
    if (!reply) {
      const Exit exit = failure_of(say_refused(context, manifest, reply.error()));
      failure = first_failure(failure, exit);
      if (exit == kNoConnection || exit == kTimedOut) break;
      continue;
    }
    changes = changes || reply->outcome != schema::ApplyOutcome::kUnchanged;
    if (as_json) {
      previews.push_back(preview_value(*reply, secrets));
      continue;
    }
    const std::string text = preview_text(*reply, secrets, style);
    if (text.empty()) continue;
    context.out << "project/" << manifest.project.metadata.name << " would be "
                << word_of(reply->outcome) << "\n"
                << text;
  }
  if (as_json) context.out << to_json(Map{{"projects", Value(std::move(previews))}});
  if (failure != kDone) return failure;
  return changes ? kChanges : kNoChange;
}

}  // namespace

const Verb& diff_verb() {
  static const Verb kVerb{
      .name = "diff",
      .summary = "Show what applying manifest files would change and do",
      .usage = "diff -f FILE|FOLDER|- ... [FLAGS]",
      .details =
          "The control plane runs the apply and takes it back, so that what it would refuse is\n"
          "refused here, too. Each field that changes is a line (+ comes, - goes, ~ changes), and\n"
          "the last one says what becomes of the containers, from the rules that the nodes "
          "follow.\n"
          "Ends with 0 if nothing would change, with 1 if something would, and with 2 or more if "
          "it\n"
          "could not be found out.\n\n"
          "Examples:\n"
          "  caractrl diff -f project.yaml\n"
          "  caractrl diff -f manifests/ -o json\n"
          "  caractrl diff -f project.yaml || caractrl apply -f project.yaml\n",
      .flags = {manifest_flag(),
                {.name = "output",
                 .help = "text or json",
                 .default_value = "text",
                 .value_name = "FORMAT",
                 .choices = {"text", "json"},
                 .environment = kNoEnvironment,
                 .letter = "o"},
                show_env_flag(),
                answer_timeout_flag()},
      .run = run_diff};
  return kVerb;
}

}  // namespace cara::cli
