// caractrl get: one object, some, or all of a kind, as a table, JSON or YAML.
#include "cli/ingress_rows.h"
#include "cli/lists.h"
#include "cli/objects.h"
#include "cli/request.h"
#include "cli/rows.h"
#include "cli/say.h"
#include "cli/verb.h"

namespace cara::cli {
namespace {

struct Ask {
  Api& api;
  runtime::Duration timeout;
  bool wide = false;
  Timestamp now;
};

// What differs between the kinds.
struct Projects {
  using Object = schema::Project;
  using Reply = schema::ProjectReply;
  static constexpr Kind kKind = Kind::kProject;
  static Object& object(Reply& reply) { return reply.project; }
  static Result<std::vector<Object>> list(Api& api, runtime::Duration timeout) {
    return list_projects(api, timeout);
  }
  static Result<Table> table(const std::vector<Object>& objects, const Ask& ask) {
    return ask.wide ? wide_project_table(objects, ask.now) : project_table(objects, ask.now);
  }
};
struct Nodes {
  using Object = schema::Node;
  using Reply = schema::NodeReply;
  static constexpr Kind kKind = Kind::kNode;
  static Object& object(Reply& reply) { return reply.node; }
  static Result<std::vector<Object>> list(Api& api, runtime::Duration timeout) {
    return list_nodes(api, timeout);
  }
  static Result<Table> table(const std::vector<Object>& objects, const Ask& ask) {
    if (!ask.wide) return node_table(objects, ask.now);
    const auto projects = list_projects(ask.api, ask.timeout);
    if (!projects) return projects.error();
    return wide_node_table(objects, *projects, ask.now);
  }
};

void print_list(Context& context, Array items, Output output) {
  context.out << render(Map{{"apiVersion", Value(schema::kApiVersion)},
                            {"kind", Value("List")},
                            {"items", Value(std::move(items))}},
                        output);
}

template <class Object>
void print_objects(Context& context, const std::vector<Object>& objects, bool one, Output output) {
  if (one) {
    context.out << render(schema::to_value(objects.front()), output);
    return;
  }
  Array items;
  for (const Object& object : objects) items.push_back(schema::to_value(object));
  print_list(context, std::move(items), output);
}

// The named ones, or all. What there is not is said, and `exit` is kRefused then.
template <class K>
Result<std::vector<typename K::Object>> fetch(Context& context, Api& api,
                                              const std::vector<std::string>& names,
                                              runtime::Duration timeout, Exit& exit) {
  if (names.empty()) return K::list(api, timeout);
  std::vector<typename K::Object> objects;
  for (const std::string& name : names) {
    auto reply = call<typename K::Reply>(api, to_string(K::kKind) + ".get",
                                         schema::GetRequest{name}, timeout);
    if (reply) {
      objects.push_back(std::move(K::object(*reply)));
    } else if (reply.error().code == Code::kNotFound) {
      say_error(context, not_found_sentence(K::kKind, name));
      exit = kRefused;
    } else {
      return reply.error();
    }
  }
  return objects;
}

Exit get_ingress(Context& context, const host::Flags& flags) {
  Result<std::unique_ptr<Api>> api = connect(context, flags);
  if (!api) return say_error(context, api.error());
  const std::vector<std::string>& words = flags.positionals();
  Exit result = kDone;
  const auto projects = fetch<Projects>(context, **api, {words.begin() + 1, words.end()},
                                        flags.duration("timeout"), result);
  if (!projects) return say_error(context, projects.error());
  if (projects->empty() && result != kDone) return result;
  const std::vector<IngressRow> rows = ingress_of(*projects);
  const Output output = output_of(flags);
  if (output != Output::kTable) {
    Array items;
    for (const IngressRow& row : rows) items.push_back(to_value(row));
    print_list(context, std::move(items), output);
  } else if (rows.empty()) {
    context.err << "No ingress rules found\n";
  } else {
    (wants_wide(flags) ? wide_ingress_table(rows) : ingress_table(rows)).print(context.out);
  }
  return result;
}

template <class K>
Exit get(Context& context, Api& api, const std::vector<std::string>& names,
         const host::Flags& flags) {
  Exit result = kDone;
  const runtime::Duration timeout = flags.duration("timeout");
  const auto fetched = fetch<K>(context, api, names, timeout, result);
  if (!fetched) return say_error(context, fetched.error());
  const std::vector<typename K::Object>& objects = *fetched;
  const Output output = output_of(flags);
  const bool one = names.size() == 1;
  if (output != Output::kTable) {
    if (!one || !objects.empty()) print_objects(context, objects, one, output);
  } else if (!objects.empty()) {
    const Result<Table> table = K::table(objects, {api, timeout, wants_wide(flags), context.now()});
    if (!table) return say_error(context, table.error());
    table->print(context.out);
  } else if (names.empty()) {
    context.err << "No " << to_string(K::kKind) << "s found\n";
  }
  return result;
}

Exit run_get(Context& context, const host::Flags& flags) {
  const std::vector<std::string>& words = flags.positionals();
  if (!words.empty() && (words.front() == "ingress" || words.front() == "ing")) {
    return get_ingress(context, flags);
  }
  const Result<Objects> objects = parse_objects(flags.positionals());
  if (!objects) return say_usage(context, "get", objects.error().message);
  Result<std::unique_ptr<Api>> api = connect(context, flags);
  if (!api) return say_error(context, api.error());
  switch (objects->kind) {
    case Kind::kProject:
      return get<Projects>(context, **api, objects->names, flags);
    case Kind::kNode:
      return get<Nodes>(context, **api, objects->names, flags);
  }
  CARA_CHECK(false);
}

}  // namespace

const Verb& get_verb() {
  static const Verb kVerb{
      .name = "get",
      .summary = "Show projects, nodes or ingress rules",
      .usage = "get projects|nodes|ingress [NAME...] [FLAGS]",
      .details =
          "As JSON or YAML one name prints the object, and several names or none print a list.\n"
          "CONDITIONS says NodeNotReady where nothing is heard from a Running project's node.\n"
          "Ingress rules are named by their projects. READY: the node's ingress sends requests to\n"
          "the target; -o wide says why not.\n"
          "-o wide adds to nodes what is asked of them and what they are, to projects how many of\n"
          "their services are ready.\n"
          "Short names: project, po; node, no; ing; project/NAME.\n\n"
          "Examples:\n"
          "  caractrl get projects\n"
          "  caractrl get projects wordpress\n"
          "  caractrl get project wordpress -o yaml\n"
          "  caractrl get nodes -o wide\n"
          "  caractrl get ingress\n"
          "  caractrl --output json get nodes\n",
      .flags = {output_flag(), answer_timeout_flag()},
      .run = run_get};
  return kVerb;
}

}  // namespace cara::cli
