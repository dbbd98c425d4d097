// caractrl edit: a project in the user's editor, and applied when that ends.
#include <optional>
#include <sstream>

#include "cli/apply_calls.h"
#include "cli/edit_file.h"
#include "cli/project_changes.h"
#include "cli/render.h"
#include "cli/say.h"
#include "cli/verb.h"
#include "schema/formats.h"
#include "schema/wire.h"

namespace cara::cli {
namespace {

constexpr const char* kUsualEditor = "vi";

std::string editor_of(const Context& context) {
  for (const char* name : {"VISUAL", "EDITOR"}) {
    const auto editor = context.environment(name);
    if (editor && !editor->empty()) return *editor;
  }
  return kUsualEditor;
}

class Edit {
 public:
  Edit(Context& context, Api& api, schema::Project project, runtime::Duration timeout)
      : context_(context), api_(api), project_(std::move(project)), timeout_(timeout) {}

  Exit run() {
    const std::string original = to_yaml(schema::to_value(project_));
    auto file = EditFile::create(project_.metadata.name);
    if (!file) return say_error(context_, file.error());
    std::string text = original;
    Complaints complaints;
    while (true) {
      if (const auto done = file->write(project_.metadata.name, complaints, text); !done) {
        return say_error(context_, done.error());
      }
      if (const auto done = file->edit(editor_of(context_)); !done) {
        const Exit exit = say_error(context_, done.error());
        return text == original ? exit : keep(*file, exit);
      }
      const Result<std::string> edited = file->read();
      if (!edited) return keep(*file, say_error(context_, edited.error()));
      if (*edited == original) return cancelled("no changes made.", kDone);
      if (edited->find_first_not_of(" \n\t") == std::string::npos) {
        return cancelled("saved file was empty.", kRefused);
      }
      // The same again is a user who does not go on.
      if (!complaints.empty() && *edited == text) {
        for (const std::string& line : complaints) context_.err << line << "\n";
        return keep(*file, cancelled("no valid changes were saved.", kRefused));
      }
      text = *edited;
      complaints.clear();
      const auto exit = take(text, complaints);
      if (exit && *exit == kDone) return kDone;
      if (exit) return keep(*file, *exit);
    }
  }

 private:
  // The exit code; nothing: `complaints` says what is wrong with the text.
  std::optional<Exit> take(const std::string& text, Complaints& complaints) {
    std::vector<Manifest> manifests = load(text, 0, complaints);
    if (complaints.empty() && manifests.size() != 1) {
      complaints.push_back("one project is edited, so there must be one document");
      return std::nullopt;
    }
    if (!complaints.empty()) return at_lines_of_file(text, complaints);
    const auto reply = apply(manifests.front());
    if (reply) {
      const bool same = reply->outcome == schema::ApplyOutcome::kUnchanged;
      context_.out << called() << (same ? " unchanged" : " edited") << std::endl;
      return kDone;
    }
    if (reply.error().code != Code::kInvalid) {
      return say_refused(context_, manifests.front(), reply.error());
    }
    refusal_ = reply.error();
    complaints = complain(manifests.front(), refusal_);
    return at_lines_of_file(text, complaints);
  }

  // The text behind so many lines, checked.
  std::vector<Manifest> load(const std::string& text, std::size_t behind, Complaints& complaints) {
    std::istringstream in(std::string(behind, '\n') + text);
    std::vector<Manifest> manifests = load_manifests({"-"}, in, complaints);
    check_manifests(manifests, complaints);
    for (const Manifest& manifest : manifests) {
      const std::string& name = manifest.project.metadata.name;
      if (!complaints.empty() || name == project_.metadata.name) continue;
      const int line = manifest.document.line_of("metadata.name");
      complaints.push_back("<stdin>:" + std::to_string(line) +
                           ": metadata.name: a project keeps its name, `" + project_.metadata.name +
                           "`");
    }
    return manifests;
  }

  // They will stand above the text, in the same file.
  std::optional<Exit> at_lines_of_file(const std::string& text, Complaints& complaints) {
    Complaints again;
    const auto manifests = load(text, EditFile::lines_above(complaints), again);
    complaints = again.empty() ? complain(manifests.front(), refusal_) : again;
    for (std::string& line : complaints) {
      static constexpr std::string_view kPlace = "<stdin>:";
      if (line.starts_with(kPlace)) line = "line " + line.substr(kPlace.size());
    }
    return std::nullopt;
  }

  // What its node says meanwhile makes it another revision, too, and is no reason to refuse.
  Result<schema::ApplyReply> apply(Manifest& manifest) {
    auto reply = send(context_, api_, manifest, false, timeout_);
    if (reply || reply.error().code != Code::kConflict) return reply;
    const auto now = get_project(api_, project_.metadata.name, timeout_);
    const bool same = now && now->metadata.uid == project_.metadata.uid &&
                      now->metadata.labels == project_.metadata.labels &&
                      now->metadata.annotations == project_.metadata.annotations &&
                      now->spec == project_.spec &&
                      now->metadata.revision != manifest.project.metadata.revision;
    if (!same || manifest.project.metadata.revision != project_.metadata.revision) return reply;
    manifest.project.metadata.revision = now->metadata.revision;
    project_.metadata.revision = now->metadata.revision;
    return send(context_, api_, manifest, false, timeout_);
  }

  std::string called() const { return "project/" + project_.metadata.name; }

  Exit cancelled(const char* why, Exit exit) {
    (exit == kDone ? context_.out : context_.err) << "Edit cancelled, " << why << std::endl;
    return exit;
  }

  Exit keep(EditFile& file, Exit exit) {
    file.keep();
    context_.err << "A copy of your changes is in " << schema::printable(file.path(), 1024) << "\n";
    return exit;
  }

  Context& context_;
  Api& api_;
  schema::Project project_;
  const runtime::Duration timeout_;
  Error refusal_;  // the server's last one of what is written
};

Exit run_edit(Context& context, const host::Flags& flags) {
  const auto projects = parse_projects(flags.positionals());
  if (!projects) return say_usage(context, "edit", projects.error().message);
  if (projects->size() != 1 || !projects->front().services.empty()) {
    return say_usage(context, "edit", "one project at a time: `caractrl edit project NAME`");
  }
  const Result<std::unique_ptr<Api>> api = connect(context, flags);
  if (!api) return say_error(context, api.error());
  const runtime::Duration timeout = flags.duration("timeout");
  const auto project = get_project(**api, projects->front().project, timeout);
  if (!project) return say_error(context, project.error());
  return Edit(context, **api, *project, timeout).run();
}

}  // namespace

const Verb& edit_verb() {
  static const Verb kVerb{
      .name = "edit",
      .summary = "Change a project in your editor",
      .usage = "edit project NAME [FLAGS]",
      .details =
          "Opens what `get -o yaml` prints in $VISUAL, $EDITOR or vi, and applies it when the\n"
          "editor ends. What is wrong is written into the file as comments, and it is opened "
          "again.\n"
          "If the project was changed meanwhile by somebody else, nothing is applied and your "
          "text\n"
          "is kept in a file.\n\n"
          "Examples:\n"
          "  caractrl edit project shop\n"
          "  EDITOR=nano caractrl edit project/shop\n",
      .flags = {answer_timeout_flag()},
      .run = run_edit};
  return kVerb;
}

}  // namespace cara::cli
