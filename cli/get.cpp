// caractrl get: one object, some, or all of a kind, once or as they change.
#include <algorithm>

#include "cli/events.h"
#include "cli/lists.h"
#include "cli/objects.h"
#include "cli/row_load.h"
#include "cli/row_order.h"
#include "cli/say.h"
#include "cli/verb.h"
#include "cli/wait.h"
#include "schema/describe.h"
#include "schema/describe_types.h"
#include "schema/formats.h"
#include "schema/subjects.h"
#include "schema/words.h"

namespace cara::cli {
namespace {

// What is asked for.
struct Ask {
  RowKind kind = RowKind::kProjects;
  RowOptions options;
  RowOrder order;
};

std::string words_of(RowKind kind) {
  switch (kind) {
    case RowKind::kProjects:
      return "projects";
    case RowKind::kNodes:
      return "nodes";
    case RowKind::kIngress:
      return "ingress rules";
  }
  CARA_CHECK(false);
}

bool is_events(const std::string& word) {
  return word == "events" || word == "event" || word == "ev";
}

// `ingress` is named by projects: otherwise its words are read as theirs.
Result<Ok> read_objects(std::vector<std::string> words, Ask& ask) {
  const std::string first = words.empty() ? "" : words.front().substr(0, words.front().find('/'));
  const bool is_ingress = first == "ingress" || first == "ingresses" || first == "ing";
  if (is_ingress) {
    for (std::string& word : words) {
      if (word == first || word.starts_with(first + "/")) word.replace(0, first.size(), "project");
    }
  }
  const Result<Objects> objects = parse_objects(words);
  if (!objects) {
    if (first.empty() || !objects.error().message.starts_with("`")) return objects.error();
    return invalid("`" + schema::printable(first) + "` is no kind of object" +
                   schema::hint_for(first,
                                    {"projects", "project", "nodes", "node", "ingress", "events"},
                                    "there are projects, nodes, ingress and events"));
  }
  ask.kind = is_ingress                        ? RowKind::kIngress
             : objects->kind == Kind::kProject ? RowKind::kProjects
                                               : RowKind::kNodes;
  ask.options.filter.names = {objects->names.begin(), objects->names.end()};
  return Ok{};
}

Result<Ok> read_phases(const std::string& text, std::vector<schema::Phase>& phases) {
  std::vector<std::string> known;
  for (const std::string_view name : schema::EnumNames<schema::Phase>::kNames) {
    known.emplace_back(name);
  }
  for (std::size_t begin = 0; begin < text.size();) {
    const std::size_t end = std::min(text.find(',', begin), text.size());
    const std::string word = text.substr(begin, end - begin);
    const auto found = std::find_if(known.begin(), known.end(), [&](const std::string& name) {
      return std::equal(name.begin(), name.end(), word.begin(), word.end(),
                        [](char a, char b) { return (a | 0x20) == (b | 0x20); });
    });
    if (found == known.end()) {
      return invalid("--phase: `" + schema::printable(word) + "` is no phase" +
                     schema::hint_for(word, known,
                                      "there are Pending, Scheduled, Running, Failed, Terminating "
                                      "and Terminated"));
    }
    phases.push_back(static_cast<schema::Phase>(found - known.begin()));
    begin = end + 1;
  }
  return Ok{};
}

Result<Ok> read_filter(const host::Flags& flags, Ask& ask) {
  RowFilter& filter = ask.options.filter;
  const Result<Selector> labels = parse_selector(flags.text("selector"));
  if (!labels) return invalid("--selector: " + labels.error().message);
  filter.labels = *labels;
  if (const auto read = read_phases(flags.text("phase"), filter.phases); !read) return read;
  filter.node = flags.text("node");
  if (ask.kind != RowKind::kNodes) return Ok{};
  if (!filter.phases.empty()) return invalid("--phase is for projects; nodes have none");
  if (!filter.node.empty()) return invalid("--node is for projects; a node is named behind `node`");
  return Ok{};
}

Result<Ok> read_ask(const host::Flags& flags, Ask& ask) {
  if (const auto read = read_objects(flags.positionals(), ask); !read) return read;
  Result<RowFormat> format = row_format_of(flags);
  if (!format) return format.error();
  ask.options.format = std::move(*format);
  ask.options.format.show_labels = flags.enabled("show-labels");
  return read_filter(flags, ask);
}

// Without a list there is nothing to print when nothing was found.
void print_rows(Context& context, const Ask& ask, RowPrinter& printer, std::vector<Row> rows,
                std::size_t asked) {
  ask.order.sort(rows);
  const bool one = asked == 1 && ask.kind != RowKind::kIngress;
  if (rows.empty() && (one || !ask.options.format.needs_values())) {
    const bool nothing_is_said = asked == 0 || ask.kind == RowKind::kIngress;
    if (nothing_is_said) context.err << "No " << words_of(ask.kind) << " found\n";
    return;
  }
  printer.print_list(std::move(rows), one);
}

Exit say_missing(Context& context, const Ask& ask, const Loaded& loaded) {
  const Kind kind = ask.kind == RowKind::kNodes ? Kind::kNode : Kind::kProject;
  for (const std::string& name : loaded.missing) {
    say_error(context, not_found(not_found_sentence(kind, name)));
  }
  return loaded.missing.empty() ? kDone : kRefused;
}

Exit get_once(Context& context, const RowLoad& load, const Ask& ask, RowPrinter& printer) {
  std::vector<Row> rows;
  const Result<Loaded> loaded = load_rows(load, [&](ObjectRows& object) {
    if (!object.is_shown) return;
    for (Row& row : object.rows) rows.push_back(std::move(row));
  });
  if (!loaded) return say_error(context, loaded.error());
  const Exit exit = say_missing(context, ask, *loaded);
  const std::size_t asked = load.names.size();
  if (asked == 0 || loaded->missing.size() < asked) {
    print_rows(context, ask, printer, std::move(rows), asked);
  }
  return exit;
}

// Names of what there is not are said once; without any that there is, nothing is waited for.
Exit get_and_watch(Context& context, const RowLoad& load, const Ask& ask, RowPrinter& printer) {
  RowWatch watch(load, printer);
  bool has_begun = false;
  Exit missing = kDone;
  const auto begin = [&]() -> Result<Ok> {
    std::vector<Row> rows;
    const Result<Loaded> loaded = load_rows(load, [&](ObjectRows& object) {
      watch.remember(object);
      if (!object.is_shown) return;
      for (Row& row : object.rows) rows.push_back(std::move(row));
    });
    if (!loaded) return loaded.error();
    has_begun = true;
    watch.begin(loaded->revision);
    ask.order.sort(rows);
    watch.show_first(std::move(rows));
    missing = say_missing(context, ask, *loaded);
    if (!printer.flush()) return gone("nobody reads the output");
    if (!load.names.empty() && loaded->missing.size() == load.names.size()) return gone("nothing");
    return Ok{};
  };
  const bool one = load.names.size() == 1;
  const std::string kind = ask.kind == RowKind::kNodes ? "node" : "project";
  const bool by_name = one && schema::is_token(schema::node_token(*load.names.begin()));
  const std::string subject = by_name && !load.source.needs_projects()
                                  ? schema::event_subject(kind, *load.names.begin())
                                  : schema::kEventSubjects;
  const Exit exit = watch_until_interrupted(context, load.api, subject,
                                            [&] { return has_begun ? watch.look() : begin(); });
  return exit == kDone ? missing : exit;
}

Exit run_get(Context& context, const host::Flags& flags) {
  if (!flags.positionals().empty() && is_events(flags.positionals().front())) {
    return show_events(context, flags, "get",
                       {flags.positionals().begin() + 1, flags.positionals().end()});
  }
  Ask ask;
  if (const auto read = read_ask(flags, ask); !read) {
    return say_usage(context, "get", read.error().message);
  }
  const std::unique_ptr<RowSource> source = row_source(ask.kind, ask.options);
  const Result<RowOrder> order = RowOrder::parse(flags.text("sort-by"), source->head());
  if (!order) return say_usage(context, "get", order.error().message);
  ask.order = *order;
  ask.options.with_values = order->needs_values();
  Result<std::unique_ptr<Api>> api = connect(context, flags);
  if (!api) return say_error(context, api.error());
  const RowLoad load{context, **api, flags.duration("timeout"), ask.kind, ask.options.filter.names,
                     *source};
  RowPrinter printer(context, ask.options.format, source->head());
  return flags.enabled("watch") ? get_and_watch(context, load, ask, printer)
                                : get_once(context, load, ask, printer);
}

std::vector<host::FlagSpec> flags_of_get() {
  std::vector<host::FlagSpec> flags = row_flags();
  const auto text = [&](const char* name, const char* help, const char* value,
                        const char* letter = "") {
    flags.push_back({.name = name,
                     .help = help,
                     .value_name = value,
                     .environment = kNoEnvironment,
                     .letter = letter});
  };
  text("selector", "Only those with these labels, such as app=web,tier!=db", "LABELS", "l");
  text("phase", "Only projects in this phase; several are separated by commas", "PHASE");
  text("node", "Only projects on this node", "NODE");
  text("sort-by", "By a column, or by a path such as .metadata.createdAt", "WHAT");
  flags.push_back(switch_flag("show-labels", "Labels as the last column"));
  for (host::FlagSpec& flag : event_flags()) flags.push_back(std::move(flag));
  flags.push_back(answer_timeout_flag());
  return flags;
}

}  // namespace

const Verb& get_verb() {
  static const Verb kVerb{
      .name = "get",
      .summary = "Show projects, nodes, ingress rules or events, once or as they change",
      .usage = "get projects|nodes|ingress|events [NAME...] [FLAGS]",
      .details =
          "As JSON or YAML one name prints the object, and several names or none print a list.\n"
          "CONDITIONS says NodeNotReady where nothing is heard from a Running project's node.\n"
          "Ingress rules are named by their projects. READY: the node's ingress sends requests to\n"
          "the target; -o wide says why not.\n"
          "-o wide adds to nodes what is asked of them and what they are, to projects how many of\n"
          "their services are ready.\n"
          "Short names: project, po; node, no; ing; ev; project/NAME.\n\n"
          "-w prints a row again whenever something in it but the age has changed, and `Deleted`\n"
          "when it is gone; what no longer has the labels, phase or node that were asked for is\n"
          "printed a last time. It goes on over restarts of the bus and of the control plane, and\n"
          "misses nothing: each object's last state is always printed. --sort-by is for the first\n"
          "rows. As JSON, YAML or jsonpath each change is an object of its own.\n\n"
          "jsonpath is kubectl's: {.a.b}, ['a.b'], [0], [-1], [1:3], [*], ..name,\n"
          "[?(@.type==\"Ready\")], {range .items[*]}...{end}, {\"\\n\"}. Without a single name "
          "the\n"
          "object is a list with .items; a path that leads nowhere prints nothing. Control\n"
          "characters are escaped; the last line always ends.\n\n"
          "Examples:\n"
          "  caractrl get projects\n"
          "  caractrl get projects wordpress\n"
          "  caractrl get projects -w --output-watch-events\n"
          "  caractrl get projects -l app=web --phase Failed,Pending --sort-by age\n"
          "  caractrl get projects --node worker-01 -o name\n"
          "  caractrl get project wordpress -o yaml\n"
          "  caractrl get project wordpress -o jsonpath='{.status.phase}'\n"
          "  caractrl get nodes -o wide\n"
          "  caractrl get ingress\n"
          "  caractrl get events --for project/wordpress\n"
          "  caractrl --output json get nodes\n",
      .flags = flags_of_get(),
      .run = run_get};
  return kVerb;
}

}  // namespace cara::cli
