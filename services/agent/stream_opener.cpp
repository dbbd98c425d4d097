#include "services/agent/stream_opener.h"

#include <optional>
#include <tuple>
#include <utility>

#include "schema/formats.h"
#include "schema/wire.h"
#include "services/agent/names.h"
#include "services/runtime/stream_end.h"

namespace cara::agent {

using schema::StreamOpen;

namespace {

constexpr runtime::Duration kAnswerLimit = std::chrono::seconds(10);

bool is_running(const ContainerInfo& container) {
  return container.state == ContainerState::kRunning;
}

// The better one is greater.
auto rank(const StreamOpen& opening, const schema::DesiredProject& wanted,
          const schema::ServiceDef& service, const ContainerInfo& container) {
  // What has ended has logs and files; nothing can be done in it.
  const bool of_the_past = opening.verb == "logs" || opening.verb == "copy";
  const bool usable = of_the_past ? container.started_at.is_set() : is_running(container);
  return std::tuple(usable, label(container.labels, kLabelSpec) == spec_hash(wanted.spec, service),
                    container.name == container_name(wanted.name, service.name));
}

std::string state_in_words(const ContainerInfo& container) {
  switch (container.state) {
    case ContainerState::kCreated:
      return "it was not started yet";
    case ContainerState::kPaused:
      return "it is frozen by `docker pause`";
    case ContainerState::kRestarting:
      return "it is being restarted";
    case ContainerState::kRemoving:
      return "it is being removed";
    case ContainerState::kExited:
    case ContainerState::kDead:
      return "it ended with exit code " + std::to_string(container.exit_code);
    case ContainerState::kRunning:
      return "it runs";
  }
  return "";
}

std::string because(const std::string& why) { return why.empty() ? "" : ": " + why; }

Result<std::string> container_of(const StreamOpen& opening, const schema::DesiredProject& wanted,
                                 const Observation& seen, const std::string& name,
                                 const std::string& why_none) {
  const std::string called = "service `" + schema::printable(name) + "`";
  const schema::ServiceDef* service = schema::find_service(wanted.spec.services, name);
  if (service == nullptr) {
    return not_found(called + " of project `" + wanted.name + "` is not known to the node yet");
  }
  if (opening.verb == "forward") {
    // Whose network it uses is where its ports are.
    const std::string joined = schema::joined_service(service->network_mode);
    if (!joined.empty()) return container_of(opening, wanted, seen, joined, why_none);
    if (service->network_mode == schema::kModeNone) {
      return invalid(called + " has networkMode None: there is no way to its ports");
    }
  }
  const ContainerInfo* best = nullptr;
  for (const ContainerInfo& container : seen.containers) {
    if (label(container.labels, kLabelService) != name || !belongs_to(container.labels, wanted)) {
      continue;
    }
    const bool better = best == nullptr || rank(opening, wanted, *service, container) >
                                               rank(opening, wanted, *service, *best);
    if (better) best = &container;
  }
  if (best == nullptr) return unavailable(called + " has no container yet" + because(why_none));
  const bool needs_life = opening.verb == "exec" || opening.verb == "forward";
  if (needs_life && !is_running(*best)) {
    return unavailable(called + " does not run: " + state_in_words(*best));
  }
  if (opening.verb == "logs" && !best->started_at.is_set()) {
    return unavailable(called + " has written nothing: its container was not started yet" +
                       because(why_none));
  }
  return best->id;
}

}  // namespace

Result<std::string> find_container(const StreamOpen& opening, const schema::DesiredProject& wanted,
                                   const Observation& seen, const std::string& why_none) {
  return container_of(opening, wanted, seen, opening.request.service, why_none);
}

std::optional<StreamOpen> StreamOpener::read(std::string_view body) {
  auto opening = schema::unpack_message<StreamOpen>(body);
  if (!opening || !schema::parse_role(opening->role)) return std::nullopt;
  if (!schema::is_token(opening->id) || !schema::is_token(opening->request.client)) {
    return std::nullopt;
  }
  return std::move(*opening);
}

void StreamOpener::open(StreamOpen opening, const Result<std::string>& container,
                        runtime::MonoTime now, runtime::Effects& out) {
  const schema::StreamId id{.node = node_,
                            .owner = {*schema::parse_role(opening.role), opening.id},
                            .client = opening.request.client,
                            .number = opening.request.number};
  if (!container) return refuse(id, container.error(), now, out);
  opening.container = *container;
  const runtime::RequestId request = ids_.next();
  out.push_back(
      runtime::Request{request, kStreamSubject, schema::pack_message(opening), kAnswerLimit});
  opening_.add(request, id);
}

bool StreamOpener::handle(const runtime::Event& event, runtime::MonoTime now,
                          runtime::Effects& out) {
  const auto* answer = std::get_if<runtime::Answered>(&event);
  if (answer == nullptr) return false;
  const auto id = opening_.take(answer->id);
  if (!id) return false;
  if (!answer->body.ok()) refuse(*id, answer->body.error(), now, out);
  return true;
}

void StreamOpener::refuse(const schema::StreamId& id, const Error& why, runtime::MonoTime now,
                          runtime::Effects& out) const {
  runtime::StreamEnd end(runtime::StreamEnd::Side::kAgent, 0, 0, now);
  out.push_back(runtime::Publish{schema::stream_out_subject(id),
                                 schema::pack_message(end.close({{}, why}, now))});
}

}  // namespace cara::agent
