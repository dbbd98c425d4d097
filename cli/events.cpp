// caractrl events: what happened to projects and nodes.
#include "cli/lists.h"
#include "cli/objects.h"
#include "cli/request.h"
#include "cli/rows.h"
#include "cli/say.h"
#include "cli/verb.h"
#include "schema/subjects.h"

namespace cara::cli {
namespace {

// Agents report events without a hint on the bus.
constexpr std::chrono::seconds kLookAgain{1};

// Prints events as they come.
class Printer {
 public:
  Printer(Context& context, Output output) : context_(context), output_(output) {}

  void print(const std::vector<schema::Event>& events) {
    for (const schema::Event& event : events) {
      if (output_ == Output::kTable) {
        add_event(table_, event, context_.now());
      } else {
        context_.out << (output_ == Output::kYaml ? "---\n" : "")
                     << render(schema::to_value(event), output_);
      }
    }
    if (output_ == Output::kTable && !events.empty()) table_.print_new(context_.out);
    context_.out.flush();
  }

 private:
  Context& context_;
  const Output output_;
  Table table_ = event_table();
};

void print_all(Context& context, const std::vector<schema::Event>& events, Output output) {
  if (output == Output::kTable) {
    if (events.empty()) context.err << "No events found\n";
    return Printer(context, output).print(events);
  }
  Array items;
  for (const schema::Event& event : events) items.push_back(schema::to_value(event));
  context.out << render(Map{{"apiVersion", Value(schema::kApiVersion)},
                            {"kind", Value("List")},
                            {"items", Value(std::move(items))}},
                        output);
}

// Until Ctrl-C.
Exit watch(Context& context, Api& api, schema::EventListRequest request, Output output,
           runtime::Duration timeout) {
  const bool one = !request.kind.empty() && !request.name.empty();
  auto hints =
      api.watch(one ? schema::event_subject(request.kind, request.name) : schema::kEventSubjects);
  if (!hints) return say_error(context, hints.error());
  context.wait_begins();
  Printer printer(context, output);
  runtime::MonoTime answered = context.mono_now();
  while (!context.interrupted()) {
    const auto events = list_events(api, request, timeout);
    if (events) {
      answered = context.mono_now();
      printer.print(*events);
      if (!events->empty()) request.after = events->back().number;
    } else if (!is_passing(events.error()) || context.mono_now() - answered >= kGiveUp) {
      return say_error(context, events.error());
    }
    (*hints)->wait(kLookAgain);
  }
  return kInterrupted;
}

Result<schema::EventListRequest> request_of(const std::vector<std::string>& words) {
  schema::EventListRequest request;
  if (words.empty()) return request;
  const Result<Objects> objects = parse_objects(words);
  if (!objects) return objects.error();
  if (objects->names.size() > 1) return invalid("of one object at a time, or of all");
  request.kind = to_string(objects->kind);
  if (objects->names.empty()) return request;
  request.name = objects->names.front();
  if (!schema::is_token(schema::node_token(request.name))) {
    return invalid(not_found_sentence(objects->kind, request.name));
  }
  return request;
}

Exit run_events(Context& context, const host::Flags& flags) {
  const Result<schema::EventListRequest> request = request_of(flags.positionals());
  if (!request) return say_usage(context, "events", request.error().message);
  const Result<std::unique_ptr<Api>> api = connect(context, flags);
  if (!api) return say_error(context, api.error());
  const Output output = output_of(flags);
  const runtime::Duration timeout = flags.duration("timeout");
  if (flags.enabled("watch")) return watch(context, **api, *request, output, timeout);
  const auto events = list_events(**api, *request, timeout);
  if (!events) return say_error(context, events.error());
  print_all(context, *events, output);
  return kDone;
}

}  // namespace

const Verb& events_verb() {
  static const Verb kVerb{
      .name = "events",
      .summary = "Show what happened to projects and nodes",
      .usage = "events [project|node [NAME]] [FLAGS]",
      .details =
          "Oldest first; an event that happened again counts, and is as old as the last time.\n"
          "The newest 100 of each object are kept, also for a while after it is gone.\n\n"
          "Examples:\n"
          "  caractrl events\n"
          "  caractrl events project wordpress\n"
          "  caractrl events node worker-01 -o json\n"
          "  caractrl events -w\n",
      .flags = {output_flag(),
                {.name = "watch",
                 .help = "Go on with what happens now, until Ctrl-C",
                 .kind = host::FlagKind::kSwitch,
                 .default_value = "false",
                 .environment = kNoEnvironment,
                 .letter = "w"},
                answer_timeout_flag()},
      .run = run_events};
  return kVerb;
}

}  // namespace cara::cli
