// caractrl apply: all manifests are checked before the first is sent.
#include "cli/manifests.h"
#include "cli/request.h"
#include "cli/say.h"
#include "cli/verb.h"
#include "schema/formats.h"

namespace cara::cli {
namespace {

std::string_view word_of(schema::ApplyOutcome outcome) {
  switch (outcome) {
    case schema::ApplyOutcome::kCreated:
      return "created";
    case schema::ApplyOutcome::kConfigured:
      return "configured";
    case schema::ApplyOutcome::kUnchanged:
      return "unchanged";
  }
  CARA_CHECK(false);
}

void print(Context& context, const Complaints& complaints) {
  for (const std::string& line : complaints) context.err << line << "\n";
}

// The field errors of the server at their lines, everything else as a sentence.
Exit refused(Context& context, const Manifest& manifest, const Error& error) {
  const std::string who = "project/" + manifest.project.metadata.name;
  if (error.fields.empty()) {
    const bool named = error.message.find(who) != std::string::npos;
    const bool of_object = exit_of(error) == kRefused || exit_of(error) == kBadInput;
    Error with_name = error;
    if (!named && of_object) with_name.message = who + ": " + error.message;
    return say_error(context, with_name);
  }
  print(context, complain(manifest, error));
  say_error(context, who + " was refused");
  return exit_of(error);
}

Exit apply(Context& context, const host::Flags& flags) {
  if (!flags.positionals().empty()) {
    return say_usage(
        context, "apply",
        "apply takes files by -f, not `" + schema::printable(flags.positionals().front()) + "`");
  }
  if (flags.list("file").empty()) return say_usage(context, "apply", "which file? Name it with -f");
  Complaints complaints;
  std::vector<Manifest> manifests = load_manifests(flags.list("file"), context.in, complaints);
  check_manifests(manifests, complaints);
  if (!complaints.empty()) {
    print(context, complaints);
    say_error(context, "nothing was applied");
    return kBadInput;
  }
  Result<std::unique_ptr<Api>> api = connect(context, flags);
  if (!api) return say_error(context, api.error());
  Exit result = kDone;
  for (const Manifest& manifest : manifests) {
    const schema::ApplyRequest request{.request_id = context.new_id(),
                                       .manifest = schema::to_manifest(manifest.project)};
    const auto reply =
        call<schema::ApplyReply>(**api, "project.apply", request, flags.duration("timeout"));
    if (reply) {
      context.out << "project/" << manifest.project.metadata.name << " " << word_of(reply->outcome)
                  << std::endl;
      continue;
    }
    const Exit failure = refused(context, manifest, reply.error());
    result = first_failure(result, failure);
    // Without a control plane the rest would fail the same way, each after its timeout.
    if (failure == kNoConnection || failure == kTimedOut) break;
  }
  return result;
}

}  // namespace

const Verb& apply_verb() {
  static const Verb kVerb{
      .name = "apply",
      .summary = "Create projects, or change them, from manifest files",
      .usage = "apply -f FILE|FOLDER|- ... [FLAGS]",
      .details =
          "Every document of every file is checked before the first is applied. A folder stands "
          "for\n"
          "its *.yaml, *.yml and *.json files. `status` and what else the system writes is "
          "ignored,\n"
          "so what `caractrl get -o yaml` prints can be applied again.\n\n"
          "Examples:\n"
          "  caractrl apply -f project.yaml\n"
          "  caractrl apply -f manifests/ -f extra.json\n"
          "  generate | caractrl apply -f -\n",
      .flags = {{.name = "file",
                 .help = "File or folder with manifests; - is standard input; may be repeated",
                 .kind = host::FlagKind::kList,
                 .value_name = "FILE",
                 .environment = kNoEnvironment,
                 .letter = "f"},
                answer_timeout_flag()},
      .run = apply};
  return kVerb;
}

}  // namespace cara::cli
