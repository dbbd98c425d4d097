#include "tests/sim/checks.h"

#include <fmt/format.h>

#include <algorithm>

#include "schema/lifecycle.h"
#include "schema/wire.h"

namespace cara::sim {
namespace {

using schema::Phase;

// How old the agent's picture may be when it says Running: an engine that does not answer is waited
// for, and until then the last picture is the best there is.
constexpr Duration kOldestPicture = std::chrono::seconds(25);
constexpr Duration kSaysWhatItMeantTo = std::chrono::seconds(5);

constexpr Duration kLatestDuplicate = std::chrono::seconds(4);

// A step of the apiserver may make several moves at once.
bool can_reach(Phase from, Phase to) {
  std::set<Phase> reached{from};
  for (std::size_t before = 0; before != reached.size();) {
    before = reached.size();
    for (const schema::Move& move : schema::moves()) {
      if (reached.contains(move.from)) reached.insert(move.to);
    }
  }
  return reached.contains(to);
}

std::string label(const agent::Labels& labels, const char* key) {
  const auto found = labels.find(key);
  return found == labels.end() ? "" : found->second;
}

std::string epoch_of(const agent::Labels& labels) {
  return label(labels, agent::kLabelUid) + "/" + label(labels, agent::kLabelAssignment);
}

bool is_up(const agent::ContainerInfo& container) {
  return container.state == agent::ContainerState::kRunning &&
         (container.health == agent::Health::kNone || container.health == agent::Health::kHealthy);
}

}  // namespace

Checks::Checks(Cluster& cluster)
    : cluster_(cluster),
      nodes_(cluster, orders_, [this](const std::string& sentence) { fail(sentence); }),
      gc_(cluster, nodes_, [this](const std::string& sentence) { fail(sentence); }),
      history_(cluster, [this](const std::string& sentence) { fail(sentence); }),
      copies_(cluster, orders_, [this](const std::string& sentence) { fail(sentence); }),
      routes_(cluster, copies_, [this](const std::string& sentence) { fail(sentence); }) {
  World& world = cluster.world();
  world.after_step = [this](const std::string& process) {
    ++steps_;
    if (process != kApiserver) return;
    check_store();
    nodes_.look_at_waiting();
    gc_.look_at_duties();
  };
  world.on_event = [this](const std::string& process, const runtime::Event& event) {
    copies_.on_event(process, event);
    if (process == "reader") history_.on_event(event);
    if (process.starts_with("agent-")) routes_.on_event(process, event);
  };
  world.on_effect = [this](const std::string& process, const runtime::Effect& effect) {
    const auto* request = std::get_if<runtime::Request>(&effect);
    if (request == nullptr) return;
    check_status(process, *request);
    copies_.on_request(process, *request);
    if (process.starts_with("agent-")) routes_.on_request(process, *request);
    if (process == "operator") note_order(*request);
    if (process == "reader") history_.on_request(*request);
  };
  world.before_engine_op = [this](const std::string& process, const agent::EngineOp& op) {
    for (const std::string& node : cluster_.node_names()) {
      if (Cluster::agent_of(node) != process) continue;
      copies_.before_engine_op(node, op);
      routes_.before_engine_op(node, op);
    }
  };
  world.after_ingress_op = [this](const std::string& process, const agent::IngressOp&) {
    for (const std::string& node : cluster_.node_names()) {
      if (Cluster::agent_of(node) == process) routes_.look_at(node, cluster_.observe(node));
    }
  };
  world.after_engine_op = [this](const std::string& process, const agent::EngineOp& op) {
    const bool reads = std::holds_alternative<agent::Observe>(op) ||
                       std::holds_alternative<agent::GetInfo>(op) ||
                       std::holds_alternative<agent::TailLogs>(op) ||
                       std::holds_alternative<agent::CancelPull>(op) ||
                       std::holds_alternative<agent::EnsureImage>(op);
    if (!reads) ++engine_changes_;
    for (const std::string& node : cluster_.node_names()) {
      if (Cluster::agent_of(node) != process) continue;
      check_removal(node, op);
      check_engine(node);
    }
  };
}

void Checks::fail(const std::string& sentence) {
  if (!violation_) violation_ = sentence;
}

void Checks::check_store() {
  const std::int64_t revision = cluster_.store().revision();
  if (revision < revision_) fail("the store's revision went back [I3]");
  if (revision == revision_) return;
  revision_ = revision;
  std::set<std::string> uids;
  Snapshot now = take_snapshot(cluster_);
  for (const auto& [name, project] : now.projects) {
    uids.insert(project.metadata.uid);
    check_project(project);
  }
  present_ = std::move(uids);
  check_promises(now.projects);
  check_ends(now);
  nodes_.look(before_, now);
  gc_.look(now);
  history_.look(now);
  copies_.look(now);
  routes_.look(now);
  before_ = std::move(now);
}

void Checks::note_order(const runtime::Request& request) {
  const auto call = schema::parse_api_subject(request.subject);
  if (!call) return;
  const MonoTime now = cluster_.world().now();
  if (call->kind == "cluster") orders_.allowed = now;
  if (call->kind == "project" && call->verb == "move") {
    orders_.moved[schema::unpack_message<schema::MoveRequest>(request.body)->name] = now;
  } else if (call->kind == "node" && call->verb == "delete") {
    orders_.deleted[schema::unpack_message<schema::DeleteRequest>(request.body)->name] = now;
  }
}

bool Checks::was_deleted(const std::string& name, bool by_force) const {
  const auto& journal = cluster_.client()->journal();
  return std::any_of(journal.begin(), journal.end(), [&](const JournalEntry& entry) {
    return entry.name == name &&
           (entry.verb == Verb::kForceDelete || (entry.verb == Verb::kDelete && !by_force));
  });
}

// However many gcs there are: a project ends only when its user or its deadline says so, its record
// goes only after it has ended, and what is done twice is not written twice [I27].
void Checks::check_ends(const Snapshot& now) {
  if (cluster_.client() == nullptr) return;
  for (const auto& [name, old] : before_.projects) {
    const auto found = now.projects.find(name);
    const bool gone = found == now.projects.end() || found->second.metadata.uid != old.metadata.uid;
    if (gone && !schema::is_ending(old.status.phase) && !was_deleted(name, true)) {
      fail("project " + name + " was removed while it was " +
           std::string(to_string(old.status.phase)) + " [I27]");
    }
    if (gone) continue;
    const schema::Project& project = found->second;
    const bool ends =
        schema::is_ending(project.status.phase) && !schema::is_ending(old.status.phase);
    const auto& deadline = old.spec.expire_at;
    const bool is_late = deadline && *deadline <= cluster_.world().wall();
    if (ends && !is_late && !was_deleted(name, false)) {
      fail("project " + name + " ends, and neither its user nor its deadline says so [I27]");
    }
    schema::Project same = old;
    same.metadata.revision = project.metadata.revision;
    same.metadata.updated_at = project.metadata.updated_at;
    if (project.metadata.revision != old.metadata.revision && project == same) {
      fail("project " + name + " has a new revision and nothing of it has changed [I27]");
    }
  }
}

void Checks::check_project(const schema::Project& project) {
  const schema::Metadata& metadata = project.metadata;
  const schema::ProjectStatus& status = project.status;
  const auto [found, is_new] = seen_.try_emplace(metadata.uid);
  Seen& last = found->second;
  const std::string who = "project " + metadata.name + " (" + metadata.uid + ")";
  if (!is_new && !present_.contains(metadata.uid)) fail(who + " came back from the dead [I5]");
  if (!is_new && last.name != metadata.name) fail(who + " has the uid of " + last.name + " [I5]");
  if (!is_new) check_move(project, last, who);
  if (metadata.revision < last.revision) fail(who + " has an older revision than before [I3]");
  if (metadata.generation < last.generation) fail(who + " has an older spec than before [I1]");
  if (status.assignment < last.assignment) fail(who + " has an older epoch than before [I11]");
  const bool bound = schema::is_bound(status.phase);
  if (bound && status.node_ref.empty() && status.phase != Phase::kTerminating) {
    fail(who + " is bound to no node [I7]");
  }
  if (status.phase == Phase::kPending && !status.node_ref.empty()) {
    fail(who + " is Pending and on a node [I7]");
  }
  if (bound && !status.node_ref.empty()) {
    const auto [holder, first] =
        holders_.try_emplace({metadata.uid, status.assignment}, status.node_ref);
    if (!first && holder->second != status.node_ref) {
      fail(who + " has two nodes in one epoch [I11]");
    }
  }
  const auto* condition = schema::find_condition(status.conditions, schema::kConditionPhase);
  if (condition == nullptr) return fail(who + " has no Phase condition [I8]");
  if (condition->last_transition_time < last.phase_at) {
    fail(who + " has a phase from before the one it had [I8]");
  }
  last = {.phase = status.phase,
          .assignment = status.assignment,
          .revision = metadata.revision,
          .generation = metadata.generation,
          .name = metadata.name,
          .phase_at = condition->last_transition_time};
}

void Checks::check_move(const schema::Project& project, const Seen& last, const std::string& who) {
  const schema::ProjectStatus& status = project.status;
  if (!can_reach(last.phase, status.phase)) {
    fail(fmt::format("{} moved from {} to {} [I6]", who, to_string(last.phase),
                     to_string(status.phase)));
  }
  const bool bound_anew = status.assignment != last.assignment;
  if (bound_anew && (last.phase != Phase::kPending || status.assignment != last.assignment + 1)) {
    fail(who + " was bound though it was not Pending [I14]");
  }
}

// What a client was told stays true until it asks for something else, whatever is doubled or late.
void Checks::check_promises(const std::map<std::string, schema::Project>& projects) {
  if (cluster_.client() == nullptr) return;
  std::map<std::string, const JournalEntry*> last;  // a name whose last operation succeeded
  std::map<std::string, MonoTime> refused;          // when the last one was
  for (const JournalEntry& entry : cluster_.client()->journal()) {
    last[entry.name] = entry.outcome == Outcome::kDone ? &entry : nullptr;
    if (entry.outcome == Outcome::kRefused) refused[entry.name] = entry.ended;
    // What is refused has no kept answer: a late duplicate of it counts as a new request.
    const auto doubt = refused.find(entry.name);
    if (doubt != refused.end() && entry.begun < doubt->second + kLatestDuplicate) {
      last[entry.name] = nullptr;
    }
  }
  for (const auto& [name, entry] : last) {
    if (entry == nullptr) continue;
    const auto found = projects.find(name);
    const bool gone = found == projects.end() || schema::is_ending(found->second.status.phase);
    if (entry->verb != Verb::kApply) {
      if (!gone) fail("project " + name + " was deleted and is there again [I2]");
      continue;
    }
    const bool may_expire = entry->expire_at.has_value();
    if (gone && !may_expire) fail("project " + name + " is gone and nobody asked for it [I1]");
    if (gone) continue;
    const auto& labels = found->second.metadata.labels;
    const auto marker = labels.find(kMarker);
    if (marker == labels.end() || marker->second != std::to_string(entry->marker)) {
      fail("project " + name + " is not what was acknowledged last [I2]");
    }
  }
}

void Checks::check_status(const std::string& process, const runtime::Request& request) {
  const auto call = schema::parse_api_subject(request.subject);
  if (!call || call->kind != "project" || call->verb != "status") return;
  const auto status = schema::unpack_message<schema::StatusRequest>(request.body);
  if (!status.ok()) return fail(process + " sends a status that cannot be read");
  const agent::Observation seen = cluster_.observe(status->node);
  remember_up(status->node, seen);
  if (status->phase == Phase::kTerminated) {
    const auto left = [&status](const auto& objects) {
      for (const auto& object : objects) {
        if (label(object.labels, agent::kLabelUid) == status->uid) return true;
      }
      return false;
    };
    if (left(seen.containers) || left(seen.networks) || left(seen.volumes)) {
      fail(process + " says Terminated while something of " + status->name + " is left [I19]");
    }
  }
  if (status->phase != Phase::kRunning) return;
  // What it was about to say when it was frozen is as old as the frost.
  const auto thawed = cluster_.world().thawed_at(process);
  if (thawed && cluster_.world().now() - *thawed < kSaysWhatItMeantTo) return;
  const std::string epoch = status->uid + "/" + std::to_string(status->assignment);
  for (const schema::ServiceStatus& service : status->services) {
    const auto up = up_.find(epoch + "/" + service.name);
    if (up == up_.end() || cluster_.world().now() - up->second > kOldestPicture) {
      fail(fmt::format("{} says Running while {}-{} is not up [I22]", process, status->name,
                       service.name));
    }
  }
}

void Checks::remember_up(const std::string&, const agent::Observation& seen) {
  for (const agent::ContainerInfo& container : seen.containers) {
    if (!is_up(container)) continue;
    up_[epoch_of(container.labels) + "/" + label(container.labels, agent::kLabelService)] =
        cluster_.world().now();
  }
}

// Data goes only when it is known that nobody wants it: every project here keeps its volume.
void Checks::check_removal(const std::string& node, const agent::EngineOp& op) {
  const auto* removal = std::get_if<agent::RemoveVolume>(&op);
  if (removal == nullptr) return;
  const auto known = volumes_.find({node, removal->name});
  if (known == volumes_.end()) return;
  const agent::Labels labels = known->second;
  volumes_.erase(known);
  const auto projects = cluster_.projects();
  const auto found = projects.find(label(labels, agent::kLabelProject));
  if (found == projects.end()) return;
  const schema::ProjectStatus& status = found->second.status;
  const std::string epoch = found->second.metadata.uid + "/" + std::to_string(status.assignment);
  if (status.node_ref == node && !status.leaving && !schema::is_ending(status.phase) &&
      epoch == epoch_of(labels)) {
    fail("node " + node + " removed the volume of project " + found->first +
         " that it holds [design 6.8]");
  }
}

void Checks::check_engine(const std::string& node) {
  const agent::Observation seen = cluster_.observe(node);
  remember_up(node, seen);
  copies_.look_at(node, seen);
  routes_.look_at(node, seen);
  std::map<std::string, std::string> volumes;  // project -> epoch
  for (const agent::VolumeInfo& volume : seen.volumes) {
    volumes[label(volume.labels, agent::kLabelProject)] = epoch_of(volume.labels);
    volumes_[{node, volume.name}] = volume.labels;
  }
  for (const agent::ContainerInfo& container : seen.containers) {
    const std::string project = label(container.labels, agent::kLabelProject);
    if (label(container.labels, agent::kLabelNode) != node) {
      fail("node " + node + " has a container of another node's [I20]");
    }
    const auto volume = volumes.find(project);
    if (container.state == agent::ContainerState::kRunning && volume != volumes.end() &&
        volume->second != epoch_of(container.labels)) {
      fail(fmt::format("{} runs beside a volume of another life of {} on {} [I23]", container.name,
                       project, node));
    }
  }
}

}  // namespace cara::sim
