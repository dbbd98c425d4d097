// caractrl explain: what a field means.
#include "cli/explain_text.h"
#include "cli/render.h"
#include "cli/say.h"
#include "cli/verb.h"

namespace cara::cli {
namespace {

Exit run_explain(Context& context, const host::Flags& flags) {
  const std::vector<std::string>& words = flags.positionals();
  if (words.empty()) {
    return say_usage(context, "explain", "of what? Name `project`, `node` or one of their fields");
  }
  if (words.size() > 1) {
    return say_usage(context, "explain", "of one field at a time, such as project.spec.services");
  }
  const Result<ExplainedField> field = find_field(words.front());
  if (!field) return say_usage(context, "explain", field.error().message);
  const Output output = output_of(flags);
  if (output != Output::kTable) {
    context.out << render(field->schema, output);
    return kDone;
  }
  context.out << explain_text(*field, flags.enabled("recursive") ? Depth::kAll : Depth::kOne);
  return kDone;
}

}  // namespace

const Verb& explain_verb() {
  static const Verb kVerb{
      .name = "explain",
      .summary = "Say what a field of a project or node means",
      .usage = "explain project|node[.FIELD...] [FLAGS]",
      .details =
          "Type, default, limits and meaning of a field, and the fields below it. Lists and maps\n"
          "are passed through: services of a project is a list, and project.spec.services.image\n"
          "is the image of each. As JSON or YAML it prints the JSON Schema. Asks no server.\n\n"
          "Examples:\n"
          "  caractrl explain project\n"
          "  caractrl explain project.spec.services.healthcheck\n"
          "  caractrl explain project.spec --recursive\n"
          "  caractrl explain node.status\n",
      .flags = {switch_flag("recursive", "All fields below, without what they mean"),
                output_flag()},
      .run = run_explain};
  return kVerb;
}

}  // namespace cara::cli
