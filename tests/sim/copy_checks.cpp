#include "tests/sim/copy_checks.h"

#include <fmt/format.h>

#include <charconv>

#include "schema/wire.h"
#include "services/agent/names.h"

namespace cara::sim {
namespace {

using schema::OnNodeLoss;

// An agent that starts or wakes up needs this long, in the worst case, to hear from the control
// plane or give it up, and to stop what it finds: the margin that `MoveExclusive` leaves for it.
constexpr Duration kStopsWithin = std::chrono::seconds(15);

std::int64_t assignment_of(const agent::Labels& labels) {
  const std::string text = agent::label(labels, agent::kLabelAssignment);
  std::int64_t assignment = 0;
  std::from_chars(text.data(), text.data() + text.size(), assignment);
  return assignment;
}

}  // namespace

void CopyChecks::look(const Snapshot& now) {
  for (const auto& [name, project] : now.projects) {
    if (project.spec.on_node_loss == OnNodeLoss::kMoveExclusive) {
      exclusive_.insert(project.metadata.uid);
    }
  }
}

void CopyChecks::on_request(const std::string& process, const runtime::Request& request) {
  const auto call = schema::parse_api_subject(request.subject);
  if (call && call->kind == "desired") told_[process].asked = request.id;
}

void CopyChecks::on_event(const std::string& process, const runtime::Event& event) {
  if (std::holds_alternative<runtime::Started>(event)) told_.erase(process);
  const auto* answer = std::get_if<runtime::Answered>(&event);
  if (answer == nullptr || !answer->body.ok()) return;
  const auto told = told_.find(process);
  if (told == told_.end() || told->second.asked != answer->id) return;
  const auto reply = schema::unpack_reply<schema::DesiredReply>(*answer->body);
  if (!reply.ok()) return;
  CARA_CHECK(reply->next.empty());  // so few projects are one page
  Epochs set;
  for (const schema::DesiredProject& project : reply->projects) {
    set[project.name] = {project.uid, project.assignment};
  }
  if (told->second.set) {
    for (const auto& [name, epoch] : *told->second.set) {
      if (!set.contains(name)) told->second.left[name] = cluster_.world().now();
    }
  }
  told->second.set = std::move(set);
}

bool CopyChecks::was_told_of(const std::string& process, const std::string& project,
                             Duration lately) const {
  const auto told = told_.find(process);
  if (told == told_.end() || !told->second.set) return false;
  const auto left = told->second.left.find(project);
  const bool was_away =
      left != told->second.left.end() && cluster_.world().now() - left->second < lately;
  return told->second.set->contains(project) && !was_away;
}

// An agent makes and starts nothing of an epoch older than the newest it was told of, and nothing
// that it was told is not its own any more [I17].
void CopyChecks::before_engine_op(const std::string& node, const agent::EngineOp& op) {
  const auto told = told_.find(Cluster::agent_of(node));
  if (told == told_.end() || !told->second.set) return;
  const agent::Labels* labels = nullptr;
  if (const auto* made = std::get_if<agent::CreateContainer>(&op)) {
    labels = &made->spec.labels;
  } else if (const auto* started = std::get_if<agent::StartContainer>(&op)) {
    const auto known = containers_[node].find(started->id);
    if (known != containers_[node].end()) labels = &known->second;
  }
  if (labels == nullptr) return;
  const std::string project = agent::label(*labels, agent::kLabelProject);
  const auto wanted = told->second.set->find(project);
  const bool is_newest = wanted != told->second.set->end() &&
                         wanted->second.uid == agent::label(*labels, agent::kLabelUid) &&
                         wanted->second.assignment == assignment_of(*labels);
  if (is_newest) return;
  fail_(
      fmt::format("the agent of {} makes or starts epoch {} of project {}, which is not the one "
                  "that it was told last [I17]",
                  node, assignment_of(*labels), project));
}

void CopyChecks::look_at(const std::string& node, const agent::Observation& seen) {
  auto& containers = containers_[node];
  containers.clear();
  for (const auto& container : seen.containers) containers[container.id] = container.labels;
  count(node, seen);
  check_copies();
}

void CopyChecks::count(const std::string& node, const agent::Observation& seen) {
  for (auto& [uid, nodes] : copies_) nodes.erase(node);
  for (const auto& container : seen.containers) {
    const std::string uid = agent::label(container.labels, agent::kLabelUid);
    if (container.state != agent::ContainerState::kRunning || !exclusive_.contains(uid)) continue;
    copies_[uid][node] = assignment_of(container.labels);
  }
}

// A project with `onNodeLoss: MoveExclusive` runs on one node at a time. Excused is an older copy
// whose agent does not run (it is down or frozen, or was until a moment ago), and one on a node
// that an operator has declared gone [I16].
void CopyChecks::check_copies() {
  for (const auto& entry : copies_) {
    if (entry.second.size() < 2) continue;
    const std::string uid = entry.first;
    // Some may have ended by themselves since they were counted.
    for (const std::string& node : cluster_.node_names()) count(node, cluster_.observe(node));
    const auto nodes = copies_.at(uid);
    std::int64_t newest = 0;
    for (const auto& [node, assignment] : nodes) newest = std::max(newest, assignment);
    for (const auto& [node, assignment] : nodes) {
      if (assignment == newest || is_excused(node)) continue;
      fail_(fmt::format("{} copies of exclusive project {} run, an older one on {} [I16]",
                        nodes.size(), uid, node));
    }
  }
}

bool CopyChecks::is_excused(const std::string& node) const {
  const MonoTime now = cluster_.world().now();
  const auto alive = cluster_.world().alive_since(Cluster::agent_of(node));
  if (!alive || now - *alive < kStopsWithin) return true;
  const auto deleted = orders_.deleted.find(node);
  return deleted != orders_.deleted.end() && now - deleted->second < kStopsWithin;
}

}  // namespace cara::sim
