// caractrl rollout: the specs that a project had, and back to one of them.
#include "cli/objects.h"
#include "cli/project_changes.h"
#include "cli/request.h"
#include "cli/rows.h"
#include "cli/say.h"
#include "cli/verb.h"
#include "schema/formats.h"

namespace cara::cli {
namespace {

Exit history(Context& context, Api& api, const std::string& name, const host::Flags& flags) {
  const schema::HistoryRequest request{.name = name, .revision = flags.integer("revision")};
  const auto reply =
      call<schema::HistoryReply>(api, "project.history", request, flags.duration("timeout"));
  if (!reply) return say_error(context, reply.error());
  const Output output = output_of(flags);
  if (request.revision != 0) {
    if (reply->revisions.empty()) return say_error(context, internal("the answer is empty"));
    const Output as = output == Output::kTable ? Output::kYaml : output;
    context.out << render(schema::to_value(reply->revisions.front()), as);
  } else if (output == Output::kTable) {
    revision_table(reply->revisions, context.now()).print(context.out);
  } else {
    Array revisions;
    for (const auto& revision : reply->revisions) revisions.push_back(schema::to_value(revision));
    context.out << render(Map{{"project", Value(name)}, {"revisions", Value(std::move(revisions))}},
                          output);
  }
  return kDone;
}

Exit undo(Context& context, Api& api, const std::string& name, const host::Flags& flags) {
  const schema::UndoRequest request{
      .request_id = context.new_id(), .name = name, .to_revision = flags.integer("to-revision")};
  const auto reply =
      call<schema::UndoReply>(api, "project.undo", request, flags.duration("timeout"));
  if (!reply) return say_error(context, reply.error());
  const std::string who = "project/" + name;
  const std::string number = std::to_string(reply->revision);
  if (!reply->note.empty()) {
    context.err << who << ": " << schema::printable(reply->note, 253) << "\n";
  }
  if (reply->changed) {
    context.out << who << " rolled back to revision " << number << std::endl;
  } else {
    context.out << who << " unchanged: it has the spec of revision " << number << std::endl;
  }
  return kDone;
}

Exit run_rollout(Context& context, const host::Flags& flags) {
  const auto wrong = [&](const std::string& sentence) {
    return say_usage(context, "rollout", sentence);
  };
  std::vector<std::string> words = flags.positionals();
  if (words.empty()) return wrong("which one? Say `history`, `undo` or `restart`");
  const std::string what = words.front();
  if (what != "history" && what != "undo" && what != "restart") {
    return wrong("`" + schema::printable(what) + "` is none of `history`, `undo` and `restart`");
  }
  words.erase(words.begin());
  if (words.empty()) return wrong("of which project? Say `project NAME`");
  const Result<Objects> objects = parse_objects(words);
  if (!objects) return wrong(objects.error().message);
  if (objects->kind != Kind::kProject) return wrong("only projects have revisions");
  if (objects->names.size() != 1) return wrong("of which project? Give one name");
  for (const char* flag : {"revision", "to-revision"}) {
    const bool own = what == (flag == std::string_view("revision") ? "history" : "undo");
    if (!own && !flags.is_default(flag)) return wrong("`" + what + "` does not take --" + flag);
  }
  const Result<std::unique_ptr<Api>> api = connect(context, flags);
  if (!api) return say_error(context, api.error());
  const std::string& name = objects->names.front();
  if (what == "restart") {
    return restart(context, **api, {{.project = name, .services = {}}}, flags.duration("timeout"),
                   nullptr);
  }
  return what == "history" ? history(context, **api, name, flags)
                           : undo(context, **api, name, flags);
}

}  // namespace

const Verb& rollout_verb() {
  static const Verb kVerb{
      .name = "rollout",
      .summary = "Show the specs that a project had, go back to one, or restart it",
      .usage = "rollout history|undo|restart project NAME [FLAGS]",
      .details =
          "Every change of the spec is a revision; the last 10 are kept, and beside them the last\n"
          "one that was Running. `undo` applies an earlier one as a new revision: labels and\n"
          "annotations stay, an expireAt that is past is left out. Restarts, and stops that are "
          "over, are\n"
          "nothing to go back from. `restart` is that of `caractrl restart`.\n\n"
          "Examples:\n"
          "  caractrl rollout history project wordpress\n"
          "  caractrl rollout history project wordpress --revision 3\n"
          "  caractrl rollout undo project wordpress\n"
          "  caractrl rollout undo project wordpress --to-revision 3\n"
          "  caractrl rollout restart project wordpress\n",
      .flags = {output_flag(),
                {.name = "revision",
                 .help = "history: only this revision, with its spec",
                 .kind = host::FlagKind::kInteger,
                 .default_value = "0",
                 .value_name = "NUMBER",
                 .environment = kNoEnvironment},
                {.name = "to-revision",
                 .help = "undo: back to this revision; 0: to the one before",
                 .kind = host::FlagKind::kInteger,
                 .default_value = "0",
                 .value_name = "NUMBER",
                 .environment = kNoEnvironment},
                duration_flag("timeout", "How long to wait for the answer", "10s")},
      .run = run_rollout};
  return kVerb;
}

}  // namespace cara::cli
