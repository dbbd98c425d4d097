// stream.logs, stream.exec, stream.forward, stream.copy, stream.stats: may it be, and where? The
// bytes themselves go between the client and the node's agent (schema/streams.h).
#include <algorithm>
#include <array>

#include "schema/formats.h"
#include "schema/wire.h"
#include "schema/words.h"
#include "services/apiserver/handlers/common.h"
#include "services/apiserver/handlers/handlers.h"

namespace cara::apiserver {
namespace {

using schema::Condition;
using schema::Node;
using schema::Project;
using schema::StreamReply;
using schema::StreamRequest;

constexpr std::size_t kMaxClientBytes = 64;
constexpr std::size_t kMaxCommandParts = 4'096;
constexpr std::size_t kMaxPathBytes = 4'096;
constexpr std::int64_t kMaxPort = 65'535;
constexpr std::int64_t kMaxTerminal = 65'535;  // columns or rows

// --- The request by itself ----------------------------------------------------------------------

Result<Ok> check(const schema::LogsOptions& logs) {
  if (logs.tail && *logs.tail < 0) return invalid("logs.tail is negative");
  if (logs.since_ns && *logs.since_ns < 0) return invalid("logs.sinceNs is negative");
  if (logs.follow && logs.previous) {
    return invalid("logs.follow and logs.previous exclude each other: what was before has ended");
  }
  return Ok{};
}

Result<Ok> check(const schema::ExecOptions& exec) {
  if (exec.command.empty() || exec.command.front().empty()) {
    return invalid("exec.command is empty: name a program");
  }
  if (exec.command.size() > kMaxCommandParts) {
    return invalid("exec.command has more than " + std::to_string(kMaxCommandParts) + " parts");
  }
  for (const std::int64_t size : {exec.columns, exec.rows}) {
    if (size < 0 || size > kMaxTerminal) {
      return invalid("exec.columns and exec.rows are 0 to " + std::to_string(kMaxTerminal));
    }
  }
  return Ok{};
}

Result<Ok> check(const schema::ForwardOptions& forward) {
  if (forward.port < 1 || forward.port > kMaxPort) {
    return invalid("forward.port is " + std::to_string(forward.port) + "; must be 1 to " +
                   std::to_string(kMaxPort));
  }
  return Ok{};
}

Result<Ok> check(const schema::CopyOptions& copy) {
  const bool fits = copy.path.starts_with('/') && copy.path.size() <= kMaxPathBytes &&
                    copy.path.find('\0') == std::string::npos;
  if (fits) return Ok{};
  return invalid("copy.path must be an absolute path in the container, of at most " +
                 std::to_string(kMaxPathBytes) + " bytes");
}

Result<Ok> check_ends(const StreamRequest& request) {
  if (!schema::is_token(request.client) || request.client.size() > kMaxClientBytes) {
    return invalid("client must be 1 to " + std::to_string(kMaxClientBytes) +
                   " letters, digits, `-` or `_`");
  }
  if (request.number < 0) return invalid("number is negative");
  if (request.window < 1 || request.window > schema::kMaxWindow) {
    return invalid("window is " + std::to_string(request.window) + "; must be 1 to " +
                   std::to_string(schema::kMaxWindow) + " bytes");
  }
  return Ok{};
}

// The options of `verb`, and of no other. Those of logs are absent on the bus when all of them are
// the defaults.
Result<Ok> check_options(const StreamRequest& request, std::string_view verb) {
  const auto given = [&]<class Options>(std::string_view name,
                                        const std::optional<Options>& options) -> Result<Ok> {
    if (options && name != verb) {
      return invalid(std::string(name) + " is for stream." + std::string(name) + " only");
    }
    if (!options && name == verb && name != "logs")
      return invalid(std::string(name) + " is required");
    return options ? check(*options) : Ok{};
  };
  Result<Ok> done = given("logs", request.logs);
  if (done) done = given("exec", request.exec);
  if (done) done = given("forward", request.forward);
  if (done) done = given("copy", request.copy);
  return done;
}

// --- Where it goes ------------------------------------------------------------------------------

Result<std::vector<std::string>> names_of(Context& context, std::string_view kind) {
  std::vector<std::string> names;
  const Result<Ok> done = context.store.walk(kind, "", [&](const Packed& packed) {
    names.emplace_back(packed.name);
    return Walk::kOn;
  });
  if (!done) return done.error();
  return names;
}

// A name that does not exist gets the nearest one that does.
template <class Object>
Result<Object> with_hint(Context& context, std::string_view kind, const std::string& name,
                         Result<Object> found) {
  if (found || found.error().code != Code::kNotFound) return found;
  const auto names = names_of(context, kind);
  if (!names) return found;
  return not_found(found.error().message + schema::hint_for(name, *names));
}

Result<Ok> find_service(const Project& project, std::string& service) {
  std::vector<std::string> names;
  for (const schema::ServiceDef& each : project.spec.services) names.push_back(each.name);
  if (std::find(names.begin(), names.end(), service) != names.end()) return Ok{};
  const std::string name = called("project", project.metadata.name);
  if (service.empty() && names.size() == 1) {
    service = names.front();
    return Ok{};
  }
  const std::string all = schema::joined(names);
  if (service.empty()) return invalid(name + " has several services; name one of: " + all);
  return not_found(name + " has no service `" + schema::printable(service) + "`" +
                   schema::hint_for(service, names, "it has: " + all));
}

Error without_node(const Project& project) {
  const Condition* phase = find_condition(project.status.conditions, schema::kConditionPhase);
  const bool says_why = phase != nullptr && !phase->message.empty();
  return unavailable(called("project", project.metadata.name) + " is " +
                     std::string(to_string(project.status.phase)) + " and has no node" +
                     (says_why ? ": " + phase->message : ""));
}

Result<Ok> check_ready(const Node& node) {
  if (node.status.state == schema::NodeState::kReady) return Ok{};
  std::string why;
  for (const char* type : {schema::kConditionReady, schema::kConditionEngine}) {
    const Condition* condition = find_condition(node.status.conditions, type);
    if (condition != nullptr && condition->status != "True") {
      why += (why.empty() ? ": " : "; ") + condition->message;
    }
  }
  return unavailable(called("node", node.metadata.name) + " is NotReady" + why);
}

Result<StreamReply> open(Context& context, const Identity& caller, std::string_view verb,
                         StreamRequest request, const std::string& node_name,
                         const std::string& uid) {
  const Result<Node> node =
      with_hint(context, "node", node_name, find_node(context, node_name, ""));
  if (!node) return node.error();
  if (Result<Ok> ready = check_ready(*node); !ready) return ready.error();
  request.node = node_name;
  const schema::StreamOpen opening{.role = std::string(to_string(caller.role)),
                                   .id = caller.id,
                                   .verb = std::string(verb),
                                   .uid = uid,
                                   .container = {},
                                   .request = std::move(request)};
  context.told.push_back(
      runtime::Publish{schema::node_stream_subject(node_name), schema::pack_message(opening)});
  return StreamReply{node_name};
}

Result<StreamReply> open_service(Context& context, const Identity& caller, std::string_view verb,
                                 StreamRequest request) {
  Result<Ok> done = check_ends(request);
  if (done) done = check_options(request, verb);
  if (!done) return done.error();
  const Result<Project> project =
      with_hint(context, "project", request.project, find_project(context, request.project, ""));
  if (!project) return project.error();
  if (done = find_service(*project, request.service); !done) return done.error();
  const std::string node = project->status.node_ref;
  if (node.empty()) return without_node(*project);
  return open(context, caller, verb, std::move(request), node, project->metadata.uid);
}

}  // namespace

Result<StreamReply> stream_logs(Context& context, const Identity& caller,
                                const StreamRequest& request) {
  return open_service(context, caller, "logs", request);
}

Result<StreamReply> stream_exec(Context& context, const Identity& caller,
                                const StreamRequest& request) {
  return open_service(context, caller, "exec", request);
}

Result<StreamReply> stream_forward(Context& context, const Identity& caller,
                                   const StreamRequest& request) {
  return open_service(context, caller, "forward", request);
}

Result<StreamReply> stream_copy(Context& context, const Identity& caller,
                                const StreamRequest& request) {
  return open_service(context, caller, "copy", request);
}

Result<StreamReply> stream_stats(Context& context, const Identity& caller,
                                 const StreamRequest& request) {
  Result<Ok> done = check_ends(request);
  if (done) done = check_options(request, "stats");
  if (!done) return done.error();
  if (!request.project.empty() || !request.service.empty()) {
    return invalid("stream.stats is of a node: project and service must be empty");
  }
  if (request.node.empty()) return invalid("node is required");
  return open(context, caller, "stats", request, request.node, "");
}

}  // namespace cara::apiserver
