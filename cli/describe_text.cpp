#include "cli/describe_text.h"

#include <algorithm>
#include <sstream>

#include "cli/ingress_rows.h"
#include "cli/render.h"
#include "cli/rows.h"
#include "schema/fit.h"
#include "schema/formats.h"
#include "schema/quantity.h"
#include "schema/secrets.h"
#include "schema/wire.h"

namespace cara::cli {
namespace {

constexpr std::size_t kLabelWidth = 16;
constexpr std::size_t kShownEvents = 25;
constexpr std::size_t kMaxText = 4096;

std::string indented(const std::string& text, std::size_t by) {
  std::string out;
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    out += line.empty() ? "\n" : std::string(by, ' ') + line + "\n";
  }
  return out;
}

// `Name:           value`; further lines of the value stand below its first one.
std::string line(const std::string& label, const std::string& value, std::size_t indent = 0) {
  const std::string head = std::string(indent, ' ') + label + ":";
  const std::size_t width = std::max(kLabelWidth, head.size() + 1);
  std::string text = schema::printable_lines(value, kMaxText);
  while (text.ends_with('\n')) text.pop_back();
  if (text.empty()) text = "<none>";
  return head + std::string(width - head.size(), ' ') + indented(text, width).substr(width);
}

std::string pairs(const std::map<std::string, std::string>& map) {
  std::string text;
  for (const auto& [key, value] : map) text += key + "=" + value + "\n";
  return text;
}

std::string ago(Timestamp time, Timestamp now) {
  return time.is_set() ? to_string(time) + " (" + age_of(time, now) + " ago)" : "";
}

std::string until(Timestamp time, Timestamp now) {
  return to_string(time) + (time <= now ? " (now)" : " (in " + format_age(time.ms - now.ms) + ")");
}

// A block of fields, or nothing if there are none.
std::string section(const std::string& title, const Value& value, std::size_t indent = 0) {
  const bool is_empty = (value.as_map() != nullptr && value.as_map()->empty()) ||
                        (value.as_array() != nullptr && value.as_array()->empty());
  if (value.is_null() || is_empty) return "";
  return std::string(indent, ' ') + title + ":\n" + indented(to_yaml(value), indent + 2);
}

Map without(const Value& value, const std::vector<std::string>& keys) {
  Map map = value.as_map() == nullptr ? Map{} : *value.as_map();
  std::erase_if(map, [&](const Member& member) {
    return std::find(keys.begin(), keys.end(), member.key) != keys.end();
  });
  return map;
}

// `env` as one line per variable.
Value env_of(const schema::ServiceDef& service, Secrets secrets) {
  Map env;
  for (const schema::EnvVar& variable : service.env) {
    const bool hide = secrets == Secrets::kHidden && !variable.value.empty() &&
                      schema::is_secret_name(variable.name);
    env.push_back({variable.name, hide ? Value(schema::kHidden) : Value(variable.value)});
  }
  return Value(std::move(env));
}

// Logs and errors repeat what they were told.
std::string unless_secret(const schema::Project& project, const std::string& text,
                          Secrets secrets) {
  return secrets == Secrets::kHidden ? schema::mask_secrets(project.spec, text) : text;
}

std::string describe_service(const schema::ServiceDef& service, const schema::Project& project,
                             Secrets secrets) {
  const std::vector<schema::ServiceStatus>& statuses = project.status.services;
  std::string text = "  " + schema::printable(service.name) + "\n";
  const auto status = std::find_if(statuses.begin(), statuses.end(),
                                   [&](const auto& entry) { return entry.name == service.name; });
  if (status != statuses.end()) {
    std::string state = status->state + (status->health.empty() ? "" : ", " + status->health);
    if (status->exit_code != 0 || status->state == "exited")
      state += ", exit code " + std::to_string(status->exit_code);
    text += line("State", state, 4) + line("Restarts", std::to_string(status->restarts), 4);
    if (!status->address.empty()) text += line("Address", status->address, 4);
    if (!status->message.empty()) {
      text += line("Message", unless_secret(project, status->message, secrets), 4);
    }
  } else if (!statuses.empty()) {
    text += line("State", "not reported", 4);
  }
  Map fields = without(schema::changed_fields(service), {"name"});
  for (Member& member : fields) {
    if (member.key == "env") member.value = env_of(service, secrets);
  }
  return text + section("Spec", Value(std::move(fields)), 4);
}

// Files of Config volumes by their size.
Value volumes_of(const schema::ProjectSpec& spec) {
  schema::ProjectSpec shown;
  shown.volumes = spec.volumes;
  for (schema::VolumeDef& volume : shown.volumes) {
    for (auto& [name, file] : volume.files) {
      file.content = "<" + std::to_string(file.content.size()) + " bytes>";
    }
  }
  const Value value = schema::to_value(shown);
  const Value* volumes = value.find("volumes");
  return volumes == nullptr ? Value() : *volumes;
}

std::string describe_ingress(const schema::Project& project) {
  const std::vector<IngressRow> rows = ingress_of(project);
  if (rows.empty()) return "";
  std::string text = "Ingress:\n";
  for (const IngressRow& row : rows) text += "  " + schema::printable(sentence_of(row), 512) + "\n";
  return text;
}

std::string describe_conditions(const std::vector<schema::Condition>& conditions, Timestamp now) {
  if (conditions.empty()) return line("Conditions", "");
  std::string text = "Conditions:\n";
  for (const schema::Condition& condition : conditions) {
    text += "  " + schema::printable(condition.type) + "=" + schema::printable(condition.status) +
            "  " + schema::printable(condition.reason);
    if (condition.last_transition_time.is_set()) {
      text += "  for " + age_of(condition.last_transition_time, now);
    }
    text += "\n" + indented(schema::printable_lines(condition.message, kMaxText), 4);
  }
  return text;
}

std::string describe_events(const std::vector<schema::Event>& events, Timestamp now) {
  if (events.empty()) return line("Events", "");
  const std::size_t left_out = events.size() - std::min(events.size(), kShownEvents);
  Table table(event_head());
  for (std::size_t i = left_out; i < events.size(); ++i) table.add(event_cells(events[i], now));
  std::ostringstream out;
  table.print(out);
  const std::string more =
      left_out == 0 ? "" : " (the newest " + std::to_string(kShownEvents) + ")";
  return "Events" + more + ":\n" + indented(out.str(), 2);
}

std::string text_of(const Table& table) {
  std::ostringstream out;
  table.print(out);
  return out.str();
}

std::string taints_of(const schema::Node& node) {
  std::string text;
  for (const schema::Taint& taint : node.spec.taints) {
    const bool hard = taint.effect == schema::TaintEffect::kNoSchedule;
    text += taint.key + (taint.value.empty() ? "" : "=" + taint.value) +
            (hard ? ":NoSchedule\n" : ":PreferNoSchedule\n");
  }
  return text;
}

// `1.5 (50%)`: what is asked for, and its share of what the node has for projects.
std::string share_of(std::int64_t asked, const schema::NodeInfo& info,
                     std::int64_t schema::Amounts::*amount, std::string (*show)(std::int64_t)) {
  const std::int64_t all = info.allocatable ? (*info.allocatable).*amount : 0;
  return show(asked) + (all > 0 ? " (" + std::to_string(asked * 100 / all) + "%)" : "");
}

// What a node has, what of it is for projects, and what they ask for.
Table resources_of(const schema::Node& node, const std::vector<schema::Project>& projects) {
  schema::Usage usage;
  for (const schema::Project& project : projects) {
    schema::add_to(usage, schema::demand_of(project.spec));
  }
  const schema::NodeInfo& info = node.status.info;
  Table table({"NAME", "CAPACITY", "ALLOCATABLE", "REQUESTED"});
  const auto add = [&](const char* name, std::int64_t capacity,
                       std::int64_t schema::Amounts::*amount, std::string (*show)(std::int64_t)) {
    const std::int64_t asked = usage.amounts.*amount;
    const std::int64_t all = info.allocatable ? (*info.allocatable).*amount : 0;
    if (capacity == 0 && all == 0 && asked == 0) return;
    table.add({name, capacity > 0 ? show(capacity) : "-", info.allocatable ? show(all) : "-",
               share_of(asked, info, amount, show)});
  };
  const auto plain = [](std::int64_t number) { return std::to_string(number); };
  add("cpu", info.cpus * 1000, &schema::Amounts::cpu_millis, schema::format_cpu);
  add("memory", info.memory_bytes, &schema::Amounts::memory_bytes, schema::format_memory);
  add("pids", 0, &schema::Amounts::pids, plain);
  add("gpus", 0, &schema::Amounts::gpus, plain);
  return table;
}

Table projects_of(const std::vector<schema::Project>& projects, const schema::NodeInfo& info,
                  Timestamp now) {
  Table table({"NAME", "PHASE", "CPU", "MEMORY", "AGE"});
  for (const schema::Project& project : projects) {
    const schema::Amounts asked = schema::demand_of(project.spec).amounts;
    table.add(
        {project.metadata.name, std::string(to_string(project.status.phase)),
         share_of(asked.cpu_millis, info, &schema::Amounts::cpu_millis, schema::format_cpu),
         share_of(asked.memory_bytes, info, &schema::Amounts::memory_bytes, schema::format_memory),
         age_of(project.metadata.created_at, now)});
  }
  return table;
}

// Conditions that nobody wants, each with what its agent says of it.
std::string troubles_of(const schema::Node& node) {
  std::string text;
  for (const schema::Condition& condition : node.status.conditions) {
    const bool is_good =
        condition.type == schema::kConditionReady || condition.type == schema::kConditionEngine;
    if (is_good == (condition.status == "True")) continue;
    text += condition.type + (is_good ? "=" + condition.status : "") + ": " +
            one_line(condition.message.empty() ? condition.reason : condition.message) + "\n";
  }
  return text;
}

std::string identity_of(const schema::NodeStatus& status) {
  std::string text;
  const auto add = [&](const char* what, const std::string& id) {
    if (!id.empty()) text += (text.empty() ? "" : ", ") + std::string(what) + " " + id;
  };
  add("id", status.agent_id);
  add("machine", status.machine_id);
  add("boot", status.boot_id);
  if (status.registration > 0) add("registration", std::to_string(status.registration));
  return text;
}

std::string describe_metadata(const schema::Metadata& metadata, Timestamp now) {
  return line("Name", metadata.name) + line("UID", metadata.uid) +
         line("Created", ago(metadata.created_at, now)) + line("Labels", pairs(metadata.labels)) +
         line("Annotations", pairs(metadata.annotations));
}

}  // namespace

std::string describe_project(const schema::Project& project,
                             const std::vector<schema::Event>& events, Secrets secrets,
                             Timestamp now) {
  const schema::ProjectSpec& spec = project.spec;
  const schema::ProjectStatus& status = project.status;
  const Value all = schema::to_value(spec);
  std::string text = describe_metadata(project.metadata, now);
  text += line("Generation", std::to_string(project.metadata.generation) +
                                 " (reported: " + std::to_string(status.observed_generation) + ")");
  text += line("Phase", std::string(to_string(status.phase)));
  text += line("Node", status.node_ref);
  if (status.node_ref.empty() && !status.home.empty()) text += line("Last node", status.home);
  if (status.leaving) text += line("Leaving", "its node removes it; then it is placed again");
  if (spec.expire_at) text += line("Expires", until(*spec.expire_at, now));
  const Value* loss = all.find("onNodeLoss");
  if (loss != nullptr && loss->as_string() != nullptr)
    text += line("Node loss", *loss->as_string());
  const Value* policy = all.find("updatePolicy");
  if (policy != nullptr) text += line("Update policy", to_yaml(*policy));
  // What has no place of its own above or below.
  text += section("Spec", Value(without(schema::changed_fields(spec),
                                        {"services", "volumes", "networks", "ingress", "onNodeLoss",
                                         "updatePolicy", "expireAt"})));
  text += "Services:\n";
  for (const schema::ServiceDef& service : spec.services) {
    text += describe_service(service, project, secrets);
  }
  text += section("Volumes", volumes_of(spec));
  const Value* networks = all.find("networks");
  if (networks != nullptr) text += section("Networks", *networks);
  text += describe_ingress(project);
  return text + describe_conditions(status.conditions, now) + describe_events(events, now);
}

std::string describe_node(const schema::Node& node, const std::vector<schema::Project>& projects,
                          const std::vector<schema::Event>& events, Timestamp now) {
  std::string text = describe_metadata(node.metadata, now);
  text += line("Taints", taints_of(node));
  text += line("State", std::string(to_string(node.status.state)) +
                            (node.spec.unschedulable ? ", takes no new projects" : ""));
  text += line("Troubles", troubles_of(node));
  text += line("Heard", ago(node.status.last_heartbeat, now));
  text += line("Agent", identity_of(node.status));
  // What it has of resources stands below, beside what is asked of it.
  text += section("Info", Value(without(schema::to_value(node.status.info),
                                        {"cpus", "memoryBytes", "allocatable"})));
  text += "Resources:\n" + indented(text_of(resources_of(node, projects)), 2);
  text += projects.empty()
              ? line("Projects", "")
              : "Projects:\n" + indented(text_of(projects_of(projects, node.status.info, now)), 2);
  return text + describe_conditions(node.status.conditions, now) + describe_events(events, now);
}

}  // namespace cara::cli
