#include "cli/cluster_info.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <ostream>
#include <tuple>

#include "cli/lists.h"
#include "cli/table.h"
#include "schema/formats.h"

namespace cara::cli {
namespace {

using Json = nlohmann::json;

constexpr const char* kQuestion = "$SRV.STATS";
constexpr runtime::Duration kPatience = std::chrono::seconds(1);
// A second scheduler is not known to anybody: it has this long, even when all others have answered.
constexpr runtime::Duration kLeast = std::chrono::milliseconds(300);
constexpr std::size_t kMaxText = 253;
constexpr const char* kAgent = "cara-agent";

std::string text_at(const Json& json, const char* key) {
  const auto found = json.find(key);
  return found != json.end() && found->is_string()
             ? schema::printable(found->get_ref<const std::string&>(), kMaxText)
             : "";
}

std::int64_t number_at(const Json& json, const char* key) {
  const auto found = json.find(key);
  if (found == json.end() || !found->is_number_integer()) return 0;
  const bool fits = !found->is_number_unsigned() ||
                    found->get<std::uint64_t>() <= static_cast<std::uint64_t>(INT64_MAX);
  return fits ? found->get<std::int64_t>() : 0;
}

const Json& child(const Json& json, const char* key) {
  static const Json kNothing = Json::object();
  const auto found = json.find(key);
  return found != json.end() && found->is_object() ? *found : kNothing;
}

// Anybody may answer: what is not ours, or no answer at all, is nobody.
std::optional<Process> read(const Api::Heard& heard) {
  const Json json = Json::parse(heard.body, nullptr, false);
  if (!json.is_object()) return std::nullopt;
  const Json& metadata = child(json, "metadata");
  Process process{.name = text_at(json, "name"),
                  .id = text_at(json, "id"),
                  .instance = text_at(metadata, "node"),
                  .version = text_at(json, "version"),
                  .latency = heard.after};
  if (!process.name.starts_with("cara-")) return std::nullopt;
  if (process.instance.empty()) process.instance = text_at(metadata, "instance");
  const auto endpoints = json.find("endpoints");
  if (endpoints != json.end() && endpoints->is_array() && !endpoints->empty() &&
      endpoints->front().is_object()) {
    const Json& data = child(endpoints->front(), "data");
    process.revision = number_at(data, "revision");
    process.waiting = number_at(data, "queue_depth");
  }
  return process;
}

// What must be there: one of each, and an agent for each node that is Ready.
struct Expected {
  std::string name;
  std::string instance;  // empty: any
  std::string words;
};

std::vector<Expected> expected(Api& api, runtime::Duration timeout) {
  std::vector<Expected> all{{"cara-apiserver", "", "cara-apiserver"},
                            {"cara-scheduler", "", "any cara-scheduler"},
                            {"cara-gc", "", "any cara-gc"}};
  const auto nodes = list_nodes(api, timeout);
  if (!nodes) return all;
  for (const schema::Node& node : *nodes) {
    if (node.status.state != schema::NodeState::kReady) continue;
    const std::string& name = node.metadata.name;
    all.push_back({kAgent, name, "cara-agent of node " + schema::printable(name, kMaxText)});
  }
  return all;
}

bool answers(const Process& process, const Expected& wanted) {
  return process.name == wanted.name &&
         (wanted.instance.empty() || process.instance == wanted.instance);
}

std::string milliseconds(runtime::Duration duration) {
  return fmt::format("{:.1f}ms", static_cast<double>(duration.count()) / 1e3);
}

}  // namespace

Processes ask_processes(const Context& context, Api& api, runtime::Duration timeout) {
  const std::vector<Expected> wanted = expected(api, timeout);
  Processes all;
  const runtime::MonoTime begun = context.mono_now();
  const auto is_done = [&](const std::vector<Api::Heard>& so_far) {
    return so_far.size() >= wanted.size() && context.mono_now() - begun >= kLeast;
  };
  const auto heard = api.ask_all(kQuestion, kPatience, is_done);
  if (!heard) {
    all.error = heard.error();
    return all;
  }
  for (const Api::Heard& answer : *heard) {
    if (auto process = read(answer)) all.answered.push_back(std::move(*process));
  }
  std::sort(all.answered.begin(), all.answered.end(), [](const Process& a, const Process& b) {
    return std::tie(a.name, a.instance, a.id) < std::tie(b.name, b.instance, b.id);
  });
  for (const Expected& one : wanted) {
    const bool there = std::any_of(all.answered.begin(), all.answered.end(),
                                   [&](const Process& process) { return answers(process, one); });
    if (!there) all.silent.push_back(one.words);
  }
  return all;
}

void print(std::ostream& out, const Processes& processes) {
  if (processes.error) {
    out << "Processes:  cannot be asked: " << schema::printable(processes.error->message, kMaxText)
        << "\n";
    return;
  }
  Table table({"PROCESS", "INSTANCE", "VERSION", "REVISION", "WAITING", "LATENCY"});
  for (const Process& process : processes.answered) {
    table.add({process.name, process.instance, process.version, std::to_string(process.revision),
               std::to_string(process.waiting), milliseconds(process.latency)});
  }
  out << "\n";
  table.print(out);
  for (const std::string& words : processes.silent) {
    out << "no answer within a second: " << words << "\n";
  }
}

Map members_of(const Processes& processes) {
  Array list;
  for (const Process& process : processes.answered) {
    list.push_back(Map{{"name", Value(process.name)},
                       {"id", Value(process.id)},
                       {"instance", Value(process.instance)},
                       {"version", Value(process.version)},
                       {"revision", Value(process.revision)},
                       {"waiting", Value(process.waiting)},
                       {"latencyMs", Value(static_cast<double>(process.latency.count()) / 1e3)}});
  }
  Array silent;
  for (const std::string& words : processes.silent) silent.push_back(Value(words));
  Map members{{"processes", Value(std::move(list))}, {"silent", Value(std::move(silent))}};
  if (processes.error) members.push_back({"processesError", Value(processes.error->message)});
  return members;
}

}  // namespace cara::cli
