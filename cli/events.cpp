// caractrl events: what happened to projects and nodes.
#include "cli/events.h"

#include "cli/lists.h"
#include "cli/objects.h"
#include "cli/request.h"
#include "cli/row_printer.h"
#include "cli/say.h"
#include "cli/verb.h"
#include "cli/wait.h"
#include "schema/subjects.h"
#include "schema/wire.h"

namespace cara::cli {
namespace {

// Names the event, and changes with it.
Row row_of(const schema::Event& event, Timestamp now) {
  return {.key = "event/" + std::to_string(event.number),
          .uid = event.uid,
          .cells = event_cells(event, now),
          .value = schema::to_value(event)};
}

// What is asked for, and what was seen of it.
struct Ask {
  schema::EventListRequest request;
  RowFormat format;
  Timestamp since;  // not set: all that is kept
  runtime::Duration timeout{};
};

Result<std::vector<Row>> rows_after(Context& context, Api& api, Ask& ask) {
  const auto events = list_events(api, ask.request, ask.timeout);
  if (!events) return events.error();
  std::vector<Row> rows;
  for (const schema::Event& event : *events) {
    if (event.last >= ask.since) rows.push_back(row_of(event, context.now()));
  }
  if (!events->empty()) ask.request.after = events->back().number;
  return rows;
}

Exit list(Context& context, Api& api, Ask& ask) {
  Result<std::vector<Row>> rows = rows_after(context, api, ask);
  if (!rows) return say_error(context, rows.error());
  if (rows->empty() && !ask.format.needs_values()) {
    context.err << "No events found\n";
    return kDone;
  }
  RowPrinter(context, ask.format, event_head()).print_list(std::move(*rows), false);
  return kDone;
}

// Numbers grow with every change of any event, and are kept by the store: whatever happens to the
// bus or to the control plane meanwhile, what is behind the last one seen is new.
Exit watch(Context& context, Api& api, Ask& ask) {
  const schema::EventListRequest& request = ask.request;
  const bool one = !request.kind.empty() && !request.name.empty();
  RowPrinter printer(context, ask.format, event_head());
  return watch_until_interrupted(
      context, api,
      one ? schema::event_subject(request.kind, request.name) : schema::kEventSubjects,
      [&]() -> Result<Ok> {
        Result<std::vector<Row>> rows = rows_after(context, api, ask);
        if (!rows) return rows.error();
        for (Row& row : *rows) printer.print_change(RowChange::kAdded, std::move(row));
        if (!printer.flush()) return gone("nobody reads the output");
        return Ok{};
      });
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

Result<Ask> read_ask(const host::Flags& flags, const std::vector<std::string>& words,
                     Timestamp now) {
  const std::string& object = flags.text("for");
  if (!object.empty() && !words.empty()) {
    return invalid("name the object either behind `events` or with --for");
  }
  const auto request = request_of(object.empty() ? words : std::vector<std::string>{object});
  if (!request) {
    return object.empty() ? request.error() : invalid("--for: " + request.error().message);
  }
  Result<RowFormat> format = row_format_of(flags);
  if (!format) return format.error();
  Ask ask{.request = *request, .format = std::move(*format), .timeout = flags.duration("timeout")};
  if (!flags.is_default("since")) ask.since = {now.ms - flags.duration("since").count()};
  return ask;
}

Exit run_events(Context& context, const host::Flags& flags) {
  return show_events(context, flags, "events", flags.positionals());
}

std::vector<host::FlagSpec> all_flags() {
  std::vector<host::FlagSpec> flags = row_flags();
  for (host::FlagSpec& flag : event_flags()) flags.push_back(std::move(flag));
  flags.push_back(answer_timeout_flag());
  return flags;
}

}  // namespace

std::vector<host::FlagSpec> event_flags() {
  return {{.name = "for",
           .help = "Only events of this object, such as project/wordpress",
           .value_name = "KIND/NAME",
           .environment = kNoEnvironment},
          duration_flag("since", "Only events that are not older", "0")};
}

Exit show_events(Context& context, const host::Flags& flags, const char* verb,
                 const std::vector<std::string>& words) {
  Result<Ask> ask = read_ask(flags, words, context.now());
  if (!ask) return say_usage(context, verb, ask.error().message);
  const Result<std::unique_ptr<Api>> api = connect(context, flags);
  if (!api) return say_error(context, api.error());
  return flags.enabled("watch") ? watch(context, **api, *ask) : list(context, **api, *ask);
}

const Verb& events_verb() {
  static const Verb kVerb{
      .name = "events",
      .summary = "Show what happened to projects and nodes",
      .usage = "events [project|node [NAME]] [FLAGS]",
      .details =
          "Oldest first; an event that happened again counts, and is as old as the last time.\n"
          "The newest 100 of each object are kept, also for a while after it is gone.\n"
          "-w goes on over restarts of the bus and of the control plane, and misses nothing.\n\n"
          "Examples:\n"
          "  caractrl events\n"
          "  caractrl events project wordpress\n"
          "  caractrl events --for project/wordpress --since 10m\n"
          "  caractrl events node worker-01 -o json\n"
          "  caractrl events -w\n"
          "  caractrl events -o jsonpath='{range .items[*]}{.name} {.reason}{\"\\n\"}{end}'\n",
      .flags = all_flags(),
      .run = run_events};
  return kVerb;
}

}  // namespace cara::cli
