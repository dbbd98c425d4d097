#include "cli/apply_calls.h"

#include "cli/request.h"
#include "cli/say.h"
#include "cli/verb.h"
#include "schema/formats.h"

namespace cara::cli {
namespace {

void print(Context& context, const Complaints& complaints) {
  for (const std::string& line : complaints) say_complaint(context, line);
}

}  // namespace

host::FlagSpec manifest_flag() {
  return {.name = "file",
          .help = "File or folder with manifests; - is standard input; may be repeated",
          .kind = host::FlagKind::kList,
          .value_name = "FILE",
          .environment = kNoEnvironment,
          .letter = "f"};
}

host::FlagSpec show_env_flag() {
  return switch_flag("show-env", "Show values of variables that look like secrets");
}

Exit take_manifests(Context& context, const host::Flags& flags, std::string_view verb,
                    std::string_view undone, std::vector<Manifest>& manifests) {
  if (!flags.positionals().empty()) {
    return say_usage(context, verb,
                     std::string(verb) + " takes files by -f, not `" +
                         schema::printable(flags.positionals().front()) + "`");
  }
  if (flags.list("file").empty()) return say_usage(context, verb, "which file? Name it with -f");
  Complaints complaints;
  manifests = load_manifests(flags.list("file"), context.in, complaints);
  check_manifests(manifests, complaints);
  if (complaints.empty()) return kDone;
  print(context, complaints);
  say_error(context, undone);
  return kBadInput;
}

Result<schema::ApplyReply> send(Context& context, Api& api, const Manifest& manifest, bool dry_run,
                                runtime::Duration timeout) {
  const schema::ApplyRequest request{.request_id = context.new_id(),
                                     .manifest = schema::to_manifest(manifest.project),
                                     .dry_run = dry_run};
  return call<schema::ApplyReply>(api, "project.apply", request, timeout);
}

Exit say_refused(Context& context, const Manifest& manifest, const Error& error) {
  const std::string who = "project/" + manifest.project.metadata.name;
  if (error.fields.empty()) {
    const bool named = error.message.find(who) != std::string::npos;
    const Exit exit = exit_of(error);
    const bool of_object = exit == kRefused || exit == kBadInput;
    Error with_name = error;
    if (!named && of_object) with_name.message = who + ": " + error.message;
    return say_error(context, with_name);
  }
  print(context, complain(manifest, error));
  say_error(context, who + " was refused");
  return exit_of(error);
}

}  // namespace cara::cli
