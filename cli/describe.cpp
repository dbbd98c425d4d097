// caractrl describe: all about some objects, for people.
#include "cli/describe_text.h"
#include "cli/lists.h"
#include "cli/objects.h"
#include "cli/request.h"
#include "cli/say.h"
#include "cli/verb.h"
#include "schema/lifecycle.h"

namespace cara::cli {
namespace {

struct Ask {
  Api& api;
  runtime::Duration timeout;
  Secrets secrets;
  Timestamp now;
};

Result<std::vector<schema::Event>> events_of(const Ask& ask, Kind kind,
                                             const schema::Metadata& metadata) {
  return list_events(ask.api, {.kind = to_string(kind), .name = metadata.name, .uid = metadata.uid},
                     ask.timeout);
}

Result<std::string> project_text(const Ask& ask, const std::string& name) {
  const auto reply =
      call<schema::ProjectReply>(ask.api, "project.get", schema::GetRequest{name}, ask.timeout);
  if (!reply) return reply.error();
  const auto events = events_of(ask, Kind::kProject, reply->project.metadata);
  if (!events) return events.error();
  return describe_project(reply->project, *events, ask.secrets, ask.now);
}

Result<std::string> node_text(const Ask& ask, const std::string& name) {
  const auto reply =
      call<schema::NodeReply>(ask.api, "node.get", schema::GetRequest{name}, ask.timeout);
  if (!reply) return reply.error();
  auto projects = list_projects(ask.api, ask.timeout);
  if (!projects) return projects.error();
  std::erase_if(*projects, [&](const schema::Project& project) {
    return project.status.node_ref != name || !schema::is_bound(project.status.phase);
  });
  const auto events = events_of(ask, Kind::kNode, reply->node.metadata);
  if (!events) return events.error();
  return describe_node(reply->node, *projects, *events, ask.now);
}

Exit run_describe(Context& context, const host::Flags& flags) {
  const Result<Objects> objects = parse_objects(flags.positionals());
  if (!objects) return say_usage(context, "describe", objects.error().message);
  if (objects->names.empty()) return say_usage(context, "describe", "which one? Give its name");
  const Result<std::unique_ptr<Api>> api = connect(context, flags);
  if (!api) return say_error(context, api.error());
  const Ask ask{**api, flags.duration("timeout"),
                flags.enabled("show-env") ? Secrets::kShown : Secrets::kHidden, context.now()};
  Exit result = kDone;
  bool first = true;
  for (const std::string& name : objects->names) {
    const Result<std::string> text =
        objects->kind == Kind::kProject ? project_text(ask, name) : node_text(ask, name);
    if (text) {
      context.out << (first ? "" : "\n") << *text;
      first = false;
    } else if (text.error().code == Code::kNotFound) {
      say_error(context, not_found_sentence(objects->kind, name));
      result = kRefused;
    } else {
      return say_error(context, text.error());
    }
  }
  return result;
}

}  // namespace

const Verb& describe_verb() {
  static const Verb kVerb{
      .name = "describe",
      .summary = "Show all about projects or nodes, with their events",
      .usage = "describe project|node NAME... [FLAGS]",
      .details =
          "Every field of the spec that is not at its default, what was last seen of each "
          "service,\n"
          "conditions and events. Values of variables whose names have PASSWORD, SECRET, TOKEN,\n"
          "KEY, PWD or CREDENTIAL in them are hidden; files of Config volumes are shown by "
          "size.\n\n"
          "Examples:\n"
          "  caractrl describe project wordpress\n"
          "  caractrl describe project wordpress --show-env\n"
          "  caractrl describe node worker-01\n",
      .flags = {switch_flag("show-env", "Show the values of all variables"), answer_timeout_flag()},
      .run = run_describe};
  return kVerb;
}

}  // namespace cara::cli
