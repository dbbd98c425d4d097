#include "services/agent/docker/streams/stream_json.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "schema/time.h"
#include "services/agent/docker/docker_json.h"

namespace cara::docker {

using nlohmann::json;

namespace {

constexpr std::int64_t kNsPerSecond = 1'000'000'000;
// The engine takes the keys that detach a terminal (by default two that shells need, Ctrl-P and
// Ctrl-Q) out of what is typed, and cannot be told to have none.
constexpr const char* kNeverTyped = "ctrl-^,ctrl-@,ctrl-^,ctrl-@";

const json& member(const json& object, const char* key) {
  static const json kNull;
  if (!object.is_object()) return kNull;
  const auto found = object.find(key);
  return found == object.end() ? kNull : *found;
}

std::int64_t number(const json& object, const char* key) {
  const json& value = member(object, key);
  return value.is_number_integer() ? value.get<std::int64_t>() : 0;
}

std::string text(const json& object, const char* key) {
  const json& value = member(object, key);
  return value.is_string() ? value.get<std::string>() : std::string();
}

bool flag(const json& object, const char* key) {
  const json& value = member(object, key);
  return value.is_boolean() && value.get<bool>();
}

// With all nine digits of the fraction; 0: no time, or Docker's zero one.
std::int64_t nanoseconds(const std::string& time) {
  const auto parsed = parse_timestamp(time);
  if (!parsed || parsed->ms <= 0) return 0;
  std::string fraction;
  if (const std::size_t dot = time.find('.'); dot != std::string::npos) {
    fraction = time.substr(dot + 1, time.find_first_not_of("0123456789", dot + 1) - dot - 1);
  }
  fraction.resize(9, '0');
  std::int64_t ns = 0;
  for (const char digit : fraction) ns = ns * 10 + (digit - '0');
  return parsed->ms / 1000 * kNsPerSecond + ns;
}

}  // namespace

std::optional<Target> read_target(std::string_view body) {
  const auto info = read_container(body);
  if (!info) return std::nullopt;
  const json root = json::parse(body, nullptr, false);
  const json& state = member(root, "State");
  const auto service = info->labels.find(agent::kLabelService);
  return Target{.service = service == info->labels.end() ? info->name : service->second,
                .tty = flag(member(root, "Config"), "Tty"),
                .running = info->state == agent::ContainerState::kRunning,
                .started_ns = nanoseconds(text(state, "StartedAt")),
                .finished_ns = nanoseconds(text(state, "FinishedAt")),
                .network_mode = text(member(root, "HostConfig"), "NetworkMode"),
                .address = info->address};
}

std::optional<ExecState> read_exec(std::string_view body) {
  const json root = json::parse(body, nullptr, false);
  if (text(root, "ID").empty()) return std::nullopt;
  return ExecState{.running = flag(root, "Running"),
                   .exit_code = number(root, "ExitCode"),
                   .pid = number(root, "Pid")};
}

std::optional<Sample> read_sample(std::string_view body) {
  const json root = json::parse(body, nullptr, false);
  if (!root.is_object()) return std::nullopt;
  const json& memory = member(root, "memory_stats");
  const json& parts = member(memory, "stats");
  // Of control groups 2 and 1.
  const std::int64_t droppable =
      std::max(number(parts, "inactive_file"), number(parts, "total_inactive_file"));
  Sample sample{.at_ns = nanoseconds(text(root, "read")),
                .cpu_ns = number(member(member(root, "cpu_stats"), "cpu_usage"), "total_usage"),
                .memory_bytes = std::max<std::int64_t>(0, number(memory, "usage") - droppable),
                .memory_limit = number(memory, "limit"),
                .pids = number(member(root, "pids_stats"), "current")};
  const json& networks = member(root, "networks");
  if (networks.is_object()) {
    for (const auto& [name, network] : networks.items()) {
      sample.received += number(network, "rx_bytes");
      sample.sent += number(network, "tx_bytes");
    }
  }
  return sample;
}

std::string write_exec(const schema::ExecOptions& options) {
  json env = json::array();
  for (const schema::EnvVar& each : options.env) env.push_back(each.name + "=" + each.value);
  json body{{"AttachStdin", options.input},
            {"AttachStdout", true},
            {"AttachStderr", true},
            {"Tty", options.tty},
            {"Cmd", options.command}};
  if (!env.empty()) body["Env"] = env;
  if (!options.user.empty()) body["User"] = options.user;
  if (!options.working_dir.empty()) body["WorkingDir"] = options.working_dir;
  if (options.tty && options.input) body["DetachKeys"] = kNeverTyped;
  return body.dump(-1, ' ', false, json::error_handler_t::replace);
}

std::string write_exec_start(const schema::ExecOptions& options) {
  return json{{"Detach", false}, {"Tty", options.tty}}.dump();
}

}  // namespace cara::docker
