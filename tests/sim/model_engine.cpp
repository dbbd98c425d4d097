#include "tests/sim/model_engine.h"

#include <algorithm>
#include <utility>
#include <variant>

#include "schema/check.h"
#include "tests/sim/model_engine_parts.h"

namespace cara::sim {

using agent::ContainerState;
using agent::EngineReply;
using agent::Health;

namespace {

constexpr std::int64_t kKilled = 137;
constexpr std::size_t kMaxOutput = 16 * 1024;

std::string last_lines(const std::string& text, std::int64_t lines) {
  std::size_t start = text.size();
  if (start > 0 && text.back() == '\n') --start;
  if (lines <= 0) return "";
  while (start > 0 && (text[start - 1] != '\n' || --lines > 0)) --start;
  return text.substr(std::max(start, text.size() - std::min(text.size(), kMaxOutput)));
}

bool is_asked_for(const agent::Labels& labels, const agent::Observe& op) {
  return carries(labels, op.labels) &&
         (op.any_value_of.empty() || labels.contains(op.any_value_of));
}

// What a list tells of it.
agent::ContainerInfo in_brief(const agent::ContainerInfo& info) {
  return {.id = info.id,
          .name = info.name,
          .labels = info.labels,
          .state = info.state,
          .address = info.address,
          .networks = info.networks};
}

}  // namespace

Result<EngineReply> ModelEngine::execute(const agent::EngineOp& op) {
  if (fault_) {
    if (auto error = fault_(op)) return *error;
  }
  return std::visit([this](const auto& alternative) { return run(alternative); }, op);
}

// --- The world around it -------------------------------------------------------------------------

void ModelEngine::add_image(const std::string& image, ImageBehaviour behaviour, Source source) {
  const bool present = source == Source::kLocal;
  images_[image] = {.behaviour = std::move(behaviour), .source = source, .present = present};
}

bool ModelEngine::is_up(const Container& container) {
  return container.info.state == ContainerState::kRunning;
}

// The next thing a running container does by itself.
std::optional<Timestamp> ModelEngine::due(const Container& container) {
  if (!is_up(container)) return std::nullopt;
  std::optional<Timestamp> next;
  const auto& behaviour = container.behaviour;
  if (behaviour.exits_after_ms) next = after(container.info.started_at, *behaviour.exits_after_ms);
  if (container.info.health == Health::kStarting && behaviour.health != Health::kStarting) {
    const Timestamp health = after(container.info.started_at, behaviour.health_after_ms);
    next = next ? std::min(*next, health) : health;
  }
  return next;
}

std::optional<Timestamp> ModelEngine::next_change() const {
  std::optional<Timestamp> next;
  for (const auto& [id, container] : containers_) {
    const auto mine = due(container);
    if (mine && (!next || *mine < *next)) next = mine;
  }
  return next;
}

void ModelEngine::advance(Timestamp now) {
  CARA_CHECK(now >= now_);
  for (auto next = next_change(); next && *next <= now; next = next_change()) {
    now_ = std::max(now_, *next);
    for (auto& [id, container] : containers_) {
      const auto mine = due(container);
      if (!mine || *mine > *next) continue;
      const auto& exits = container.behaviour.exits_after_ms;
      if (exits && after(container.info.started_at, *exits) <= *next) {
        container.info.oom_killed = container.behaviour.oom_killed;
        end(container, container.behaviour.exit_code, *next);
      } else {
        change_health(container);
      }
    }
  }
  now_ = now;
}

void ModelEngine::reboot() {
  for (auto& [id, container] : containers_) {
    if (is_up(container) || container.info.state == ContainerState::kPaused) {
      end(container, kKilled, now_);
    }
  }
}

bool ModelEngine::kill(const std::string& name, std::int64_t exit_code) {
  Container* container = find(name);
  if (container == nullptr || !is_up(*container)) return false;
  end(*container, exit_code, now_);
  return true;
}

bool ModelEngine::set_health(const std::string& name, Health health) {
  Container* container = find(name);
  if (container == nullptr || !is_up(*container)) return false;
  container->behaviour.health = health;
  change_health(*container);
  return true;
}

bool ModelEngine::pause(const std::string& name) {
  Container* container = find(name);
  if (container == nullptr || !is_up(*container)) return false;
  container->info.state = ContainerState::kPaused;
  announce(container->info.labels, "pause");
  return true;
}

bool ModelEngine::rename(const std::string& old_name, const std::string& name) {
  Container* container = find(old_name);
  if (container == nullptr || find(name) != nullptr) return false;
  container->info.name = name;
  announce(container->info.labels, "rename");
  return true;
}

std::size_t ModelEngine::anonymous_volumes() const {
  std::size_t count = 0;
  for (const auto& [id, container] : containers_) {
    count += static_cast<std::size_t>(container.behaviour.own_volumes);
  }
  return count;
}

bool ModelEngine::has_image(const std::string& image) const {
  const auto found = images_.find(image);
  return found != images_.end() && found->second.present;
}

ModelEngine::Container* ModelEngine::find(const std::string& id_or_name) {
  for (auto& [id, container] : containers_) {
    if (id == id_or_name || container.info.name == id_or_name) return &container;
  }
  return nullptr;
}

bool ModelEngine::has_network(const std::string& id_or_name) const {
  return std::any_of(networks_.begin(), networks_.end(), [&](const auto& network) {
    return network.first == id_or_name || network.second.name == id_or_name;
  });
}

std::string ModelEngine::next_id() {
  std::string digits = std::to_string(++made_);
  return std::string(12 - std::min<std::size_t>(12, digits.size()), '0') + digits;
}

void ModelEngine::end(Container& container, std::int64_t exit_code, Timestamp when) {
  container.info.state = ContainerState::kExited;
  container.info.exit_code = exit_code;
  container.info.finished_at = when;
  container.info.address.clear();
  // Docker's health monitor ends with the container and leaves its last word.
  if (container.info.health == Health::kStarting) container.info.health = Health::kUnhealthy;
  announce(container.info.labels, "die");
}

void ModelEngine::change_health(Container& container) {
  container.info.health = container.behaviour.health;
  announce(container.info.labels, container.info.health == Health::kHealthy
                                      ? "health_status: healthy"
                                      : "health_status: unhealthy");
}

void ModelEngine::announce(const agent::Labels& labels, const std::string& action) {
  const auto project = labels.find(agent::kLabelProject);
  if (sink_ && project != labels.end()) sink_({.project = project->second, .action = action});
}

// --- Operations ----------------------------------------------------------------------------------

Result<EngineReply> ModelEngine::run(const agent::GetInfo&) {
  return EngineReply{.info = machine_, .readings = readings_};
}

Result<EngineReply> ModelEngine::run(const agent::Observe& op) {
  EngineReply reply;
  agent::Observation& seen = reply.observation;
  for (const auto& [id, container] : containers_) {
    if (!is_asked_for(container.info.labels, op)) continue;
    seen.containers.push_back(op.brief ? in_brief(container.info) : container.info);
  }
  for (const auto& [id, network] : networks_) {
    if (is_asked_for(network.labels, op)) seen.networks.push_back(network);
  }
  for (const auto& [name, volume] : volumes_) {
    if (is_asked_for(volume.labels, op)) seen.volumes.push_back(volume);
  }
  // Ids are in order within a name already.
  const auto by_name = [](const auto& a, const auto& b) { return a.name < b.name; };
  std::stable_sort(seen.containers.begin(), seen.containers.end(), by_name);
  std::stable_sort(seen.networks.begin(), seen.networks.end(), by_name);
  return reply;
}

Result<EngineReply> ModelEngine::run(const agent::CreateContainer& op) {
  const std::string what = "create container " + op.spec.name + ": no ";
  for (const agent::Endpoint& endpoint : op.spec.endpoints) {
    if (!has_network(endpoint.network)) return not_found(what + "network " + endpoint.network);
  }
  for (const agent::Mount& mount : op.spec.mounts) {
    if (!mount.volume.empty() && !volumes_.contains(mount.volume))
      return not_found(what + "volume " + mount.volume);
  }
  const auto image = images_.find(op.spec.service.image);
  if (image == images_.end() || !image->second.present) {
    return not_found(what + "image " + op.spec.service.image);
  }
  if (const Container* other = find(op.spec.name); other != nullptr) {
    if (carries(other->info.labels, op.spec.labels)) return EngineReply{.id = other->info.id};
    return taken("container", op.spec.name);
  }
  const std::string id = next_id();
  agent::ContainerInfo info{.id = id, .name = op.spec.name, .labels = op.spec.labels};
  for (const agent::Endpoint& endpoint : op.spec.endpoints) {
    info.networks.push_back(endpoint.network);
  }
  for (const std::string* other : {&op.spec.network_of, &op.spec.pid_of, &op.spec.ipc_of}) {
    if (!other->empty()) info.joined.push_back(*other);
  }
  if (const auto grace = parse_duration_ms(op.spec.service.stop_grace_period)) {
    info.stop_grace_ms = *grace;
  }
  containers_[id] = {
      .info = std::move(info), .spec = op.spec, .behaviour = image->second.behaviour};
  return EngineReply{.id = id};
}

Result<EngineReply> ModelEngine::run(const agent::StartContainer& op) {
  Container* container = find(op.id);
  if (container == nullptr) return not_found("start container: No such container: " + op.id);
  agent::ContainerInfo& info = container->info;
  if (is_up(*container)) return EngineReply{};
  if (info.state == ContainerState::kPaused) {
    info.state = ContainerState::kRunning;
    announce(info.labels, "unpause");
    return EngineReply{};
  }
  const ImageBehaviour& behaviour = container->behaviour;
  std::string error = behaviour.start_error;
  for (const agent::Endpoint& endpoint : container->spec.endpoints) {
    if (!has_network(endpoint.network)) error = "network " + endpoint.network + " not found";
  }
  for (const std::string& other : info.joined) {
    const Container* joined = find(other);
    if (joined == nullptr || !is_up(*joined)) {
      error = "cannot join network of a non running container: " + other;
    }
  }
  info.error = error;
  if (!error.empty()) {
    info.exit_code = behaviour.start_error.empty() ? 128 : behaviour.exit_code;
    return invalid("start container: " + error);
  }
  info.state = ContainerState::kRunning;
  info.exit_code = 0;
  info.oom_killed = false;
  info.started_at = now_;
  info.health = behaviour.health == Health::kNone ? Health::kNone : Health::kStarting;
  info.address = free_address(container->spec);
  for (const agent::Endpoint& endpoint : container->spec.endpoints) {
    if (!endpoint.ipv4.empty()) info.address = endpoint.ipv4;
  }
  container->output += behaviour.output;
  if (container->output.size() > kMaxOutput) {
    container->output.erase(0, container->output.size() - kMaxOutput);
  }
  announce(info.labels, "start");
  return EngineReply{};
}

Result<EngineReply> ModelEngine::run(const agent::StopContainer& op) {
  Container* container = find(op.id);
  if (container == nullptr) return EngineReply{};
  const auto state = container->info.state;
  if (is_up(*container) || state == ContainerState::kPaused) {
    end(*container, container->behaviour.stop_exit_code, now_);
  }
  return EngineReply{};
}

Result<EngineReply> ModelEngine::run(const agent::RemoveContainer& op) {
  const Container* container = find(op.id);
  if (container == nullptr) return EngineReply{};
  const agent::Labels labels = container->info.labels;
  containers_.erase(std::string(container->info.id));
  announce(labels, "destroy");
  return EngineReply{};
}

Result<EngineReply> ModelEngine::run(const agent::RenameContainer& op) {
  if (find(op.id) == nullptr) return not_found("rename container: No such container: " + op.id);
  const Container* holder = find(op.name);
  if (holder != nullptr && holder->info.id != op.id) return taken("container", op.name);
  (void)rename(op.id, op.name);
  return EngineReply{};
}

Result<EngineReply> ModelEngine::run(const agent::TailLogs& op) {
  const Container* container = find(op.id);
  if (container == nullptr) return not_found("read logs: No such container: " + op.id);
  return EngineReply{.text = last_lines(container->output, op.lines)};
}

}  // namespace cara::sim
