#include "services/agent/explain.h"

#include <string_view>

#include "schema/formats.h"

namespace cara::agent {
namespace {

// Codes of 126 and above: https://tldp.org/LDP/abs/html/exitcodes.html and signal(7).
std::string_view meaning(const ContainerInfo& container) {
  if (container.oom_killed) return "killed: out of memory";
  switch (container.exit_code) {
    case 125:
      return "the engine could not run it";
    case 126:
      return "the command is not executable";
    case 127:
      return "command not found";
    case 134:
      return "aborted, SIGABRT";
    case 137:
      return "killed, SIGKILL";
    case 139:
      return "segmentation fault, SIGSEGV";
    case 143:
      return "terminated, SIGTERM";
  }
  return "";
}

// A failure's reason, by what was tried.
struct ReasonOf {
  std::string_view operator()(const EnsureImage&) const { return "ImagePullFailed"; }
  std::string_view operator()(const CreateNetwork&) const { return "NetworkFailed"; }
  std::string_view operator()(const CreateVolume&) const { return "VolumeFailed"; }
  std::string_view operator()(const CreateContainer&) const { return "ContainerCreateFailed"; }
  std::string_view operator()(const StartContainer&) const { return "ContainerStartFailed"; }
  std::string_view operator()(const auto&) const { return "EngineError"; }
};

// What was to be done, and the engine's name of the object.
struct AttemptOf {
  std::string operator()(const EnsureImage& op) const { return "cannot get image " + op.image; }
  std::string operator()(const CreateNetwork& op) const {
    return "cannot create network " + op.name;
  }
  std::string operator()(const CreateVolume& op) const { return "cannot create volume " + op.name; }
  std::string operator()(const CreateContainer& op) const {
    return "cannot create container " + op.spec.name;
  }
  std::string operator()(const StartContainer&) const { return "cannot start its container"; }
  std::string operator()(const auto&) const { return "the engine failed"; }
};

bool creates_by_name(const EngineOp& op) {
  return std::holds_alternative<CreateNetwork>(op) || std::holds_alternative<CreateVolume>(op) ||
         std::holds_alternative<CreateContainer>(op);
}

std::string_view word(ContainerState state) {
  switch (state) {
    case ContainerState::kCreated:
      return "created";
    case ContainerState::kRunning:
      return "running";
    case ContainerState::kPaused:
      return "paused";
    case ContainerState::kRestarting:
      return "restarting";
    case ContainerState::kRemoving:
      return "removing";
    case ContainerState::kExited:
      return "exited";
    case ContainerState::kDead:
      return "dead";
  }
  return "";
}

std::string_view word(Health health) {
  switch (health) {
    case Health::kNone:
      return "";
    case Health::kStarting:
      return "starting";
    case Health::kHealthy:
      return "healthy";
    case Health::kUnhealthy:
      return "unhealthy";
  }
  return "";
}

}  // namespace

std::string explain_exit(const ContainerInfo& container, const std::string& last_lines) {
  std::string text = "exited with code " + std::to_string(container.exit_code);
  const std::string_view why = meaning(container);
  if (!why.empty()) text += " (" + std::string(why) + ")";
  if (!container.error.empty()) text += ": " + schema::printable(container.error, kMaxLogBytes);
  const std::string_view lines =
      std::string_view(last_lines).substr(0, last_lines.find_last_not_of('\n') + 1);
  if (!lines.empty()) text += "; last lines:\n" + schema::printable_lines(lines, kMaxLogBytes);
  return text;
}

Problem explain_failure(const EngineOp& op, const std::string& subject, const Error& error) {
  const bool foreign = creates_by_name(op) && error.code == Code::kConflict;
  std::string text = subject + ": " + std::visit(AttemptOf{}, op) + ": " +
                     schema::printable(error.message, kMaxLogBytes);
  if (foreign) text += "; it is left untouched";
  return {foreign ? "NameConflict" : std::string(std::visit(ReasonOf{}, op)), std::move(text)};
}

schema::ServiceStatus service_status(const ContainerInfo* container) {
  schema::ServiceStatus status{.state = "missing"};
  if (container == nullptr) return status;
  status.state = word(container->state);
  status.health = word(container->health);
  status.address = container->address;
  if (container->state == ContainerState::kExited) status.exit_code = container->exit_code;
  if (status.exit_code != 0) status.message = explain_exit(*container, "");
  return status;
}

}  // namespace cara::agent
