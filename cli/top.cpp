// caractrl top: what nodes and containers use now.
#include <algorithm>
#include <map>
#include <set>

#include "cli/lists.h"
#include "cli/objects.h"
#include "cli/project_changes.h"
#include "cli/say.h"
#include "cli/streams.h"
#include "cli/style.h"
#include "cli/table.h"
#include "cli/targets.h"
#include "cli/verb.h"
#include "schema/formats.h"
#include "schema/wire.h"

namespace cara::cli {
namespace {

constexpr std::chrono::seconds kAgain{2};
constexpr std::size_t kMaxUsage = 16 * 1024 * 1024;  // of one node, packed

// One row, of a node, a project or a container.
struct Row {
  std::vector<std::string> names;
  schema::LoadSample load;
  std::int64_t cpu_limit = 0;  // 0: none
  std::int64_t memory_limit = 0;
  std::string missing;  // why there are no numbers
};

struct Wanted {
  Kind kind = Kind::kNode;
  std::set<std::string> names;  // empty: all
  bool containers = false;
};

struct Usage {
  std::vector<schema::NodeUsage> nodes;
  std::map<std::string, std::string> missing;  // nodes without an answer, and why
};

// --- Asking

class Asker {
 public:
  Asker(Context& context, Api& api, runtime::Duration timeout)
      : context_(context), api_(api), timeout_(timeout) {}

  // Of all of them at once.
  Usage ask(const std::set<std::string>& nodes) {
    Usage usage;
    Streams& streams = api_.streams();
    std::map<std::int64_t, std::pair<std::string, std::string>> open;  // node, what came
    for (const std::string& node : nodes) {
      schema::StreamRequest request{.node = node};
      const auto stream = streams.open("stats", std::move(request), nullptr, timeout_);
      if (stream)
        open[*stream].first = node;
      else
        usage.missing[node] = stream.error().message;
    }
    const runtime::MonoTime end = context_.mono_now() + timeout_;
    while (!open.empty() && context_.mono_now() < end && !context_.interrupted()) {
      const auto event = streams.next(end - context_.mono_now());
      if (!event || !open.contains(event->stream)) continue;
      auto& [node, bytes] = open[event->stream];
      if (bytes.size() < kMaxUsage) bytes += event->bytes;
      if (!event->over) continue;
      take(usage, node, bytes, event->over->error);
      open.erase(event->stream);
    }
    for (const auto& [stream, each] : open) {
      usage.missing[each.first] = "no answer in time";
      streams.close(stream);
    }
    return usage;
  }

 private:
  static void take(Usage& usage, const std::string& node, const std::string& bytes,
                   const std::optional<Error>& error) {
    const auto unpacked = schema::unpack_message<schema::NodeUsage>(bytes);
    if (error)
      usage.missing[node] = error->message;
    else if (!unpacked)
      usage.missing[node] = "its answer cannot be read: " + unpacked.error().message;
    else
      usage.nodes.push_back(*unpacked);
  }

  Context& context_;
  Api& api_;
  const runtime::Duration timeout_;
};

// --- Rows

std::vector<Row> node_rows(const Usage& usage) {
  std::vector<Row> rows;
  for (const schema::NodeUsage& node : usage.nodes) {
    rows.push_back({{node.node}, node.load, node.cpu_millis, node.memory_bytes, ""});
  }
  for (const auto& [name, why] : usage.missing) rows.push_back({{name}, {}, 0, 0, why});
  return rows;
}

void add(schema::LoadSample& sum, const schema::LoadSample& more) {
  sum.cpu_millis += more.cpu_millis;
  sum.memory_bytes += more.memory_bytes;
  sum.received_per_s += more.received_per_s;
  sum.sent_per_s += more.sent_per_s;
}

std::vector<Row> project_rows(const Usage& usage, const Wanted& wanted) {
  std::map<std::string, Row> sums;
  std::vector<Row> rows;
  for (const schema::NodeUsage& node : usage.nodes) {
    for (const schema::ContainerUsage& each : node.containers) {
      if (!wanted.names.empty() && !wanted.names.contains(each.project)) continue;
      if (wanted.containers) {
        rows.push_back({{each.project, each.service}, each.load, 0, each.memory_limit, ""});
        continue;
      }
      Row& sum = sums[each.project];
      sum.names = {each.project};
      add(sum.load, each.load);
    }
  }
  for (auto& [name, row] : sums) rows.push_back(std::move(row));
  return rows;
}

void sort(std::vector<Row>& rows, const std::string& by) {
  const auto key = [&](const Row& row) {
    const std::int64_t load = by == "cpu"      ? row.load.cpu_millis
                              : by == "memory" ? row.load.memory_bytes
                                               : 0;
    return std::pair(row.missing.empty() ? -load : 1, row.names);
  };
  std::sort(rows.begin(), rows.end(), [&](const Row& a, const Row& b) { return key(a) < key(b); });
}

// --- Cells

std::string mebibytes(std::int64_t bytes) { return std::to_string(bytes / (1024 * 1024)) + "Mi"; }

std::string percent(std::int64_t part, std::int64_t whole) {
  return whole <= 0 ? "-" : std::to_string((part * 100 + whole / 2) / whole) + "%";
}

// `512B/s`, `1.5kB/s`, as networks are measured.
std::string rate(std::int64_t bytes) {
  const char* unit = "B/s";
  double value = static_cast<double>(bytes);
  for (const char* next : {"kB/s", "MB/s", "GB/s"}) {
    if (value < 1000) break;
    value /= 1000;
    unit = next;
  }
  const auto tenths = static_cast<std::int64_t>(value * 10 + 0.5);
  const bool whole = tenths >= 100 || tenths % 10 == 0;
  return whole ? std::to_string((tenths + 5) / 10) + unit
               : std::to_string(tenths / 10) + "." + std::to_string(tenths % 10) + unit;
}

Table table_of(const std::vector<Row>& rows, const Wanted& wanted) {
  std::vector<std::string> head{"NAME"};
  if (wanted.containers) head = {"PROJECT", "SERVICE"};
  const bool is_node = wanted.kind == Kind::kNode;
  const bool has_limits = is_node || wanted.containers;
  head.emplace_back("CPU(cores)");
  if (is_node) head.emplace_back("CPU%");
  head.emplace_back("MEMORY(bytes)");
  if (has_limits) head.emplace_back("MEMORY%");
  head.insert(head.end(), {"NET-IN", "NET-OUT"});
  const bool has_reasons =
      std::any_of(rows.begin(), rows.end(), [](const Row& row) { return !row.missing.empty(); });
  if (has_reasons) head.emplace_back("REASON");
  Table table(head);
  for (const Row& row : rows) {
    std::vector<std::string> cells = row.names;
    if (row.missing.empty()) {
      cells.push_back(std::to_string(row.load.cpu_millis) + "m");
      if (is_node) cells.push_back(percent(row.load.cpu_millis, row.cpu_limit));
      cells.push_back(mebibytes(row.load.memory_bytes));
      if (has_limits) cells.push_back(percent(row.load.memory_bytes, row.memory_limit));
      cells.insert(cells.end(), {rate(row.load.received_per_s), rate(row.load.sent_per_s)});
      if (has_reasons) cells.emplace_back("-");
    } else {
      cells.resize(head.size() - 1, "<unknown>");
      cells.push_back(row.missing);
    }
    table.add(std::move(cells));
  }
  return table;
}

// --- The command

// Which nodes have an answer to it.
Result<std::set<std::string>> nodes_of(Api& api, const Wanted& wanted, Usage& usage,
                                       runtime::Duration timeout) {
  const auto nodes = list_nodes(api, timeout);
  if (!nodes) return nodes.error();
  std::set<std::string> names;
  std::set<std::string> known;
  for (const schema::Node& node : *nodes) {
    const std::string& name = node.metadata.name;
    known.insert(name);
    if (wanted.kind == Kind::kNode && !wanted.names.empty() && !wanted.names.contains(name))
      continue;
    if (node.status.state == schema::NodeState::kReady)
      names.insert(name);
    else
      usage.missing[name] = "NotReady";
  }
  if (wanted.kind == Kind::kNode) {
    for (const std::string& name : wanted.names) {
      if (!known.contains(name)) return not_found(not_found_sentence(Kind::kNode, name));
    }
    return names;
  }
  if (wanted.names.empty()) return names;
  std::set<std::string> theirs;
  for (const std::string& name : wanted.names) {
    const auto project = get_project(api, name, timeout);
    if (!project) return project.error();
    const std::string& node = project->status.node_ref;
    if (names.contains(node)) theirs.insert(node);
  }
  usage.missing.clear();
  return theirs;
}

Exit show(Context& context, Api& api, const Wanted& wanted, const host::Flags& flags) {
  const runtime::Duration timeout = flags.duration("timeout");
  Usage known;
  const auto nodes = nodes_of(api, wanted, known, timeout);
  if (!nodes) return say_error(context, nodes.error());
  Usage usage = Asker(context, api, timeout).ask(*nodes);
  if (context.interrupted()) return kInterrupted;
  usage.missing.merge(known.missing);
  const bool is_node = wanted.kind == Kind::kNode;
  std::vector<Row> rows = is_node ? node_rows(usage) : project_rows(usage, wanted);
  sort(rows, flags.text("sort-by"));
  if (flags.enabled("watch") && is_terminal(context, Stream::kOut)) {
    context.out << "\x1b[H\x1b[2J";
  }
  if (rows.empty())
    context.err << (is_node ? "No nodes found\n" : "No running containers found\n");
  else
    table_of(rows, wanted).print(context.out);
  if (!is_node) {
    for (const auto& [name, why] : usage.missing) {
      context.err << "node " << schema::printable(name, 253) << ": " << schema::printable(why, 253)
                  << "\n";
    }
  }
  context.out.flush();
  return !rows.empty() && rows.front().missing.empty()   ? kDone
         : usage.nodes.empty() && !usage.missing.empty() ? kRefused
                                                         : kDone;
}

Exit run_top(Context& context, const host::Flags& flags) {
  std::vector<std::string> words = flags.positionals();
  const Result<Objects> objects = parse_objects(words);
  if (!objects) return say_usage(context, "top", objects.error().message);
  const Wanted wanted{.kind = objects->kind,
                      .names = {objects->names.begin(), objects->names.end()},
                      .containers = objects->kind == Kind::kProject &&
                                    (flags.enabled("containers") || !objects->names.empty())};
  const Result<std::unique_ptr<Api>> api = connect(context, flags);
  if (!api) return say_error(context, api.error());
  if (!flags.enabled("watch")) return show(context, **api, wanted, flags);
  context.wait_begins();
  while (true) {
    const Exit shown = show(context, **api, wanted, flags);
    if (shown != kDone && shown != kRefused && shown != kNoConnection) return shown;
    if (!context.out.good()) return kDone;
    const runtime::MonoTime again = context.mono_now() + kAgain;
    while (context.mono_now() < again && !context.interrupted()) {
      (*api)->streams().next(again - context.mono_now());
    }
    if (context.interrupted()) return kInterrupted;
  }
}

}  // namespace

const Verb& top_verb() {
  static const Verb kVerb{.name = "top",
                          .summary = "Show what nodes and projects use now",
                          .usage = "top nodes|projects [NAME...] [FLAGS]",
                          .details =
                              "CPU in thousandths of a core, memory, and the network, over the "
                              "last second or so, as the\n"
                              "engines on the nodes measure them. A project that is named is shown "
                              "service by service.\n\n"
                              "Examples:\n"
                              "  caractrl top nodes\n"
                              "  caractrl top projects --sort-by memory\n"
                              "  caractrl top project wordpress -w\n"
                              "  caractrl top projects --containers\n",
                          .flags = {switch_flag("watch", "Again and again, until Ctrl-C", "w"),
                                    {.name = "sort-by",
                                     .help = "name, or what is most first: cpu, memory",
                                     .default_value = "name",
                                     .value_name = "COLUMN",
                                     .choices = {"name", "cpu", "memory"},
                                     .environment = kNoEnvironment},
                                    switch_flag("containers", "Service by service"),
                                    answer_timeout_flag()},
                          .run = run_top};
  return kVerb;
}

}  // namespace cara::cli
