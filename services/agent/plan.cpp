#include "services/agent/plan.h"

#include <algorithm>
#include <utility>

#include "schema/formats.h"
#include "schema/lifecycle.h"
#include "services/agent/explain.h"

namespace cara::agent {
namespace {

constexpr std::string_view kPullPrefix = "image:";

std::string quoted(const char* kind, const std::string& name) {
  return std::string(kind) + " `" + name + "`";
}

const schema::ServiceDef* find_service(const schema::ProjectSpec& spec, const std::string& name) {
  for (const schema::ServiceDef& service : spec.services) {
    if (service.name == name) return &service;
  }
  return nullptr;
}

bool has_volume(const schema::ProjectSpec& spec, const std::string& name) {
  return std::any_of(spec.volumes.begin(), spec.volumes.end(),
                     [&](const schema::VolumeDef& volume) { return volume.name == name; });
}

// The engine stopped trusting the container, or somebody froze it: only a new one helps.
bool is_usable(ContainerState state) {
  return state != ContainerState::kPaused && state != ContainerState::kDead &&
         state != ContainerState::kRemoving;
}

class Planner {
 public:
  Planner(const Situation& situation, Memory memory)
      : situation_(situation), memory_(std::move(memory)) {}

  Plan run() {
    const bool wanted =
        situation_.desired != nullptr && !schema::is_ending(situation_.desired->phase);
    if (wanted) {
      converge(*situation_.desired);
    } else {
      tear_down();
    }
    memory_.planned_before = true;
    plan_.memory = std::move(memory_);
    return std::move(plan_);
  }

 private:
  using Containers = std::vector<const ContainerInfo*>;
  using ByService = std::map<std::string, const ContainerInfo*>;

  void want(std::string key, std::string subject, EngineOp op);
  void remove(const ContainerInfo& container);
  void remove(const NetworkInfo& network);
  void remove(const VolumeInfo& volume);
  void again_at(runtime::MonoTime time);
  bool is_settled() const;

  void tear_down();
  void converge(const schema::DesiredProject& desired);
  bool remove_stale(const schema::DesiredProject& desired);
  void make_services(const schema::DesiredProject& desired);
  bool want_images(const schema::DesiredProject& desired, const ByService& current);
  const NetworkInfo* want_network(const schema::DesiredProject& desired);
  bool want_volumes(const schema::DesiredProject& desired);
  void replace(const schema::DesiredProject& desired, const ByService& current,
               const Containers& outdated, const NetworkInfo& network);
  void watch(const schema::ServiceDef& service, const ContainerInfo& container, bool known_before);
  void report(const schema::DesiredProject& desired);
  schema::ServiceStatus status_of(const schema::DesiredProject& desired,
                                  const schema::ServiceDef& service) const;

  const Situation& situation_;
  Memory memory_;
  Plan plan_;
  bool unfinished_ = false;  // something is to be done, now or later
  std::vector<Problem> problems_;
  std::vector<std::string> waiting_;  // words for the services that are not ready yet
};

// --- Steps that every kind of plan is made of ---------------------------------------------------

// Silence of the engine says nothing about the project; only a pull may take too long by itself.
bool is_problem(const EngineOp& op, const Error& error) {
  if (error.code == Code::kUnavailable) return false;
  return error.code != Code::kTimeout || std::holds_alternative<EnsureImage>(op);
}

void Planner::want(std::string key, std::string subject, EngineOp op) {
  unfinished_ = true;
  const auto failure = memory_.failures.find(key);
  if (failure != memory_.failures.end()) {
    if (is_problem(op, failure->second.error)) {
      problems_.push_back(explain_failure(op, subject, failure->second.error));
    }
    if (situation_.now.mono < failure->second.retry_at) return again_at(failure->second.retry_at);
  }
  if (situation_.running.contains(key)) return;
  plan_.operations.push_back({std::move(key), std::move(subject), std::move(op)});
}

void Planner::remove(const ContainerInfo& container) {
  const std::string subject = quoted("container", container.name);
  const bool stops_first =
      container.state == ContainerState::kRunning || container.state == ContainerState::kRestarting;
  if (stops_first) {
    want("stop:" + container.id, subject, StopContainer{container.id, kStopGraceMs});
  } else {
    want("remove:" + container.id, subject, RemoveContainer{container.id});
  }
}

void Planner::remove(const NetworkInfo& network) {
  want("remove-network:" + network.id, quoted("network", network.name), RemoveNetwork{network.id});
}

void Planner::remove(const VolumeInfo& volume) {
  want("remove-volume:" + volume.name, quoted("volume", volume.name), RemoveVolume{volume.name});
}

void Planner::again_at(runtime::MonoTime time) {
  plan_.again_at = plan_.again_at ? std::min(*plan_.again_at, time) : time;
}

// Nothing of ours is changing the project's objects, and they were seen as they are.
bool Planner::is_settled() const {
  const auto pull = [](const std::string& key) { return is_pull(key); };
  return situation_.verified &&
         std::all_of(situation_.running.begin(), situation_.running.end(), pull) &&
         std::all_of(plan_.operations.begin(), plan_.operations.end(),
                     [](const Operation& operation) { return is_pull(operation.key); });
}

// --- Not wanted: remove everything --------------------------------------------------------------

void Planner::tear_down() {
  const Observation& seen = situation_.seen;
  for (const ContainerInfo& container : seen.containers) remove(container);
  if (seen.containers.empty()) {
    // A container that is being created right now would need both.
    for (const NetworkInfo& network : seen.networks) remove(network);
    for (const VolumeInfo& volume : seen.volumes) remove(volume);
  }
  if (unfinished_ || !is_settled()) return;
  if (situation_.desired == nullptr) {
    plan_.gone = true;
  } else {
    plan_.report = Report{.phase = schema::Phase::kTerminated,
                          .reason = "Removed",
                          .message = "All containers, networks and volumes are removed",
                          .services = {}};
  }
}

// --- Wanted -------------------------------------------------------------------------------------

void Planner::converge(const schema::DesiredProject& desired) {
  // What was made for another assignment goes first: its names are needed, its data is not ours.
  if (remove_stale(desired)) {
    want_images(desired, {});
  } else {
    make_services(desired);
  }
  report(desired);
}

// True while there is anything of another uid or assignment, or without its network.
bool Planner::remove_stale(const schema::DesiredProject& desired) {
  const Observation& seen = situation_.seen;
  const bool has_network =
      std::any_of(seen.networks.begin(), seen.networks.end(),
                  [&](const NetworkInfo& network) { return belongs_to(network.labels, desired); });
  bool any = false;
  for (const ContainerInfo& container : seen.containers) {
    // A container cannot be moved to the network that replaces a lost one without a restart.
    if (has_network && belongs_to(container.labels, desired)) continue;
    remove(container);
    any = true;
  }
  if (any) return true;
  for (const NetworkInfo& network : seen.networks) {
    if (belongs_to(network.labels, desired)) continue;
    remove(network);
    any = true;
  }
  for (const VolumeInfo& volume : seen.volumes) {
    if (belongs_to(volume.labels, desired)) continue;
    remove(volume);
    any = true;
  }
  return any;
}

void Planner::make_services(const schema::DesiredProject& desired) {
  ByService current;
  Containers outdated;
  for (const ContainerInfo& container : situation_.seen.containers) {
    const schema::ServiceDef* service =
        find_service(desired.spec, label(container.labels, kLabelService));
    const bool fits = service != nullptr && is_usable(container.state) &&
                      container.name == container_name(desired.name, service->name) &&
                      label(container.labels, kLabelSpec) == spec_hash(*service);
    if (fits) {
      current.emplace(service->name, &container);
    } else {
      outdated.push_back(&container);
    }
  }
  const bool have_images = want_images(desired, current);
  const bool have_volumes = want_volumes(desired);
  const NetworkInfo* network = want_network(desired);
  // Until all that the new spec needs is here, what runs by the old one goes on running.
  if (have_images && have_volumes && network != nullptr) {
    replace(desired, current, outdated, *network);
  }
  const bool known_before = memory_.planned_before;
  std::erase_if(memory_.services, [&](const auto& service) {
    return find_service(desired.spec, service.first) == nullptr;
  });
  for (const schema::ServiceDef& service : desired.spec.services) {
    const auto found = current.find(service.name);
    if (found != current.end()) watch(service, *found->second, known_before);
  }
}

// True if the images of all services that have no container yet are here.
bool Planner::want_images(const schema::DesiredProject& desired, const ByService& current) {
  std::set<std::string> missing;
  for (const schema::ServiceDef& service : desired.spec.services) {
    if (current.contains(service.name) || memory_.images.contains(service.image)) continue;
    if (!missing.insert(service.image).second) continue;
    want(std::string(kPullPrefix) + service.image, quoted("service", service.name),
         EnsureImage{service.image});
    waiting_.push_back("getting image " + service.image);
  }
  return missing.empty();
}

const NetworkInfo* Planner::want_network(const schema::DesiredProject& desired) {
  for (const NetworkInfo& network : situation_.seen.networks) {
    if (belongs_to(network.labels, desired)) return &network;
  }
  const std::string name = network_name(desired.name);
  want("network", quoted("network", name),
       CreateNetwork{name, project_labels(situation_.owner, desired)});
  return nullptr;
}

bool Planner::want_volumes(const schema::DesiredProject& desired) {
  bool complete = true;
  for (const schema::VolumeDef& volume : desired.spec.volumes) {
    const std::string name = volume_name(desired.name, volume.name);
    const auto& there = situation_.seen.volumes;
    if (std::any_of(there.begin(), there.end(),
                    [&](const VolumeInfo& other) { return other.name == name; })) {
      continue;
    }
    want("volume:" + volume.name, quoted("volume", volume.name),
         CreateVolume{name, volume_labels(situation_.owner, desired, volume.name)});
    complete = false;
  }
  return complete;
}

void Planner::replace(const schema::DesiredProject& desired, const ByService& current,
                      const Containers& outdated, const NetworkInfo& network) {
  std::set<std::string> taken;
  for (const ContainerInfo* container : outdated) {
    remove(*container);
    taken.insert(container->name);
  }
  for (const schema::ServiceDef& service : desired.spec.services) {
    if (current.contains(service.name)) continue;
    unfinished_ = true;
    if (taken.contains(container_name(desired.name, service.name))) continue;
    want("create:" + service.name, quoted("service", service.name),
         CreateContainer{container_spec(situation_.owner, desired, service, network.id)});
  }
  if (unfinished_) return;
  for (const VolumeInfo& volume : situation_.seen.volumes) {
    if (!has_volume(desired.spec, label(volume.labels, kLabelVolume))) remove(volume);
  }
}

void Planner::watch(const schema::ServiceDef& service, const ContainerInfo& container,
                    bool known_before) {
  ServiceMemory& memory = memory_.services[service.name];
  if (memory.container != container.id) {
    // An agent that has just started finds what a former one reported as running.
    const bool was_ready = !known_before && situation_.desired->phase == schema::Phase::kRunning;
    memory = ServiceMemory{.container = container.id, .was_ready = was_ready};
  }
  const std::string subject = quoted("service", service.name);
  const Verdict verdict = judge(container, situation_.verified, situation_.now.mono, memory);
  if (verdict.again_at) again_at(*verdict.again_at);
  if (!verdict.failure.empty()) {
    const bool exited = container.state == ContainerState::kExited;
    problems_.push_back(
        {verdict.failure, subject + ": " +
                              (exited ? explain_exit(container, memory.last_lines.value_or(""))
                                      : "its health check fails")});
  }
  switch (verdict.need) {
    case Need::kNothing:
      break;
    case Need::kStart: {
      const std::size_t before = plan_.operations.size();
      want("start:" + container.id, subject, StartContainer{container.id});
      const bool again = container.state == ContainerState::kExited;
      if (again && plan_.operations.size() > before) ++memory.restarts;
      break;
    }
    case Need::kLogs:
      want("logs:" + container.id, subject, TailLogs{container.id, kLogLines});
      break;
  }
  if (!verdict.ready) {
    unfinished_ = true;
    waiting_.push_back("waiting for " + subject);
  }
}

// --- What to say --------------------------------------------------------------------------------

std::string join(const std::vector<std::string>& parts) {
  std::string text;
  for (const std::string& part : parts) {
    if (text.size() + part.size() > kMaxMessageBytes) return text + "; ...";
    text += (text.empty() ? "" : "; ") + part;
  }
  return text;
}

void Planner::report(const schema::DesiredProject& desired) {
  if (!is_settled()) return;
  Report report;
  if (!problems_.empty()) {
    std::vector<std::string> messages;
    for (const Problem& problem : problems_) messages.push_back(problem.message);
    report = {schema::Phase::kFailed, problems_.front().reason, join(messages), {}};
  } else if (!unfinished_) {
    report = {schema::Phase::kRunning, "AgentReady", "All containers are running", {}};
  } else if (desired.phase == schema::Phase::kScheduled) {
    report = {schema::Phase::kScheduled, "Starting", join(waiting_), {}};
  } else {
    return;  // between two states: the last one said still holds
  }
  for (const schema::ServiceDef& service : desired.spec.services) {
    report.services.push_back(status_of(desired, service));
  }
  plan_.report = std::move(report);
}

schema::ServiceStatus Planner::status_of(const schema::DesiredProject& desired,
                                         const schema::ServiceDef& service) const {
  const std::string name = container_name(desired.name, service.name);
  const auto& all = situation_.seen.containers;
  const auto container = std::find_if(
      all.begin(), all.end(), [&](const ContainerInfo& other) { return other.name == name; });
  const auto memory = memory_.services.find(service.name);
  schema::ServiceStatus status = service_status(container == all.end() ? nullptr : &*container);
  status.name = service.name;
  if (memory != memory_.services.end()) status.restarts = memory->second.restarts;
  return status;
}

}  // namespace

bool is_pull(const std::string& key) { return key.starts_with(kPullPrefix); }

Plan plan(const Situation& situation, Memory memory) {
  return Planner(situation, std::move(memory)).run();
}

}  // namespace cara::agent
