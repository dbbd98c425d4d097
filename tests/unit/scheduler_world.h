// SchedulerWorld: several schedulers and what they need of an apiserver: changes, shares of the
// Pending projects, binds. Time stands still unless a test moves it.
#pragma once

#include <algorithm>
#include <deque>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "schema/codec.h"
#include "schema/subjects.h"
#include "schema/wire.h"
#include "services/scheduler/scheduler.h"
#include "tests/catch_compat.h"

namespace cara::test {

class SchedulerWorld {
 public:
  struct Member {
    std::unique_ptr<scheduler::Scheduler> actor;
    std::map<runtime::TimerId, runtime::MonoTime> timers;
    std::deque<runtime::Event> mailbox;
    bool frozen = false;
    bool gets_claims = true;
    int binds = 0;
  };
  std::map<std::string, Member> members;
  std::map<std::string, schema::Project> projects;
  std::map<std::string, schema::Node> nodes;
  std::string freeze_when_claimed;  // this one is frozen as soon as it is given something
  std::size_t max_claims = 16;
  runtime::Duration claim_length = std::chrono::seconds(1);
  schema::PlacementStrategy placement = schema::PlacementStrategy::kSpread;
  int conflicts = 0;
  int explained = 0;

  void add(const std::string& id) {
    members[id].actor =
        std::make_unique<scheduler::Scheduler>(scheduler::SchedulerOptions{.id = id});
    members[id].mailbox.emplace_back(runtime::Started{});
  }
  void put(schema::Node node) {
    write("node", node.metadata.name);
    node.metadata.revision = revision_;
    nodes[node.metadata.name] = std::move(node);
    hint();
  }
  void put(schema::Project project) {
    write("project", project.metadata.name);
    project.metadata.revision = revision_;
    projects[project.metadata.name] = std::move(project);
    hint();
  }
  void add_node(const std::string& name, std::int64_t cpu_millis) {
    schema::Node node;
    node.metadata.name = node.metadata.uid = name;
    node.status.state = schema::NodeState::kReady;
    node.status.info.allocatable =
        schema::Amounts{.cpu_millis = cpu_millis, .memory_bytes = std::int64_t{64} << 30};
    put(node);
  }
  void add_project(const std::string& name, const std::string& cpu) {
    schema::Project project;
    project.metadata.name = project.metadata.uid = name;
    project.spec.services = {
        {.name = "s", .image = "i", .resources = schema::Resources{.requests = {.cpu = cpu}}}};
    put(project);
  }
  void remove_project(const std::string& name) {
    write("project", name);
    projects.erase(name);
    hint();
  }
  // Until nothing moves without time.
  void run() {
    for (bool moved = true; moved;) {
      moved = false;
      for (auto& [id, member] : members) {
        if (member.frozen || member.mailbox.empty()) continue;
        const std::vector<runtime::Event> batch{std::move(member.mailbox.front())};
        member.mailbox.pop_front();
        perform(id, member, member.actor->step(batch, {now_, {}}));
        moved = true;
      }
    }
  }
  void advance(runtime::Duration by) {
    run();
    const runtime::MonoTime end = now_ + by;
    while (now_ < end) {
      now_ = std::min(end, now_ + std::chrono::milliseconds(10));
      if (std::erase_if(claims_, [&](const auto& claim) { return claim.second <= now_; }) > 0) {
        hint(0);
      }
      for (auto& [id, member] : members) {
        std::vector<runtime::TimerId> due;
        for (const auto& [timer, at] : member.timers) {
          if (at <= now_) due.push_back(timer);
        }
        for (const runtime::TimerId timer : due) {
          member.timers.erase(timer);
          member.mailbox.emplace_back(runtime::TimerFired{timer});
        }
      }
      run();
    }
  }
  std::size_t pending() const {
    return static_cast<std::size_t>(std::count_if(
        projects.begin(), projects.end(),
        [](const auto& entry) { return entry.second.status.phase == schema::Phase::kPending; }));
  }

 private:
  void write(const std::string& kind, const std::string& name) {
    changes_[{kind, name}] = ++revision_;
  }
  void hint() { hint(revision_); }
  void hint(std::int64_t revision) {
    for (auto& [id, member] : members) {
      member.mailbox.emplace_back(
          runtime::Delivered{schema::kSchedAll, schema::pack_message(schema::Wake{revision}), {}});
    }
  }
  void perform(const std::string& id, Member& member, const runtime::Effects& effects) {
    for (const runtime::Effect& effect : effects) {
      if (const auto* timer = std::get_if<runtime::SetTimer>(&effect)) {
        member.timers[timer->id] = now_ + timer->after;
      } else if (const auto* request = std::get_if<runtime::Request>(&effect)) {
        member.mailbox.emplace_back(runtime::Answered{request->id, serve(id, member, *request)});
      }
    }
  }
  runtime::Payload serve(const std::string& id, Member& member, const runtime::Request& request) {
    const auto call = schema::parse_api_subject(request.subject);
    REQUIRE(call);
    const std::string operation = call->kind + "." + call->verb;
    if (operation == "project.list") {
      schema::ProjectListReply page{{}, "", revision_};
      for (const auto& [name, project] : projects) page.projects.push_back(project);
      return schema::pack_message(page);
    }
    if (operation == "node.list") {
      schema::NodeListReply page{{}, "", revision_};
      for (const auto& [name, node] : nodes) page.nodes.push_back(node);
      return schema::pack_message(page);
    }
    if (operation == "changes.since") return changes_since(id, member, request);
    if (operation == "project.bind") return bind(member, request);
    REQUIRE(operation == "project.unschedulable");
    return unschedulable(request);
  }
  runtime::Payload changes_since(const std::string& id, Member& member,
                                 const runtime::Request& request) {
    const auto since = schema::unpack_message<schema::ChangesRequest>(request.body)->since;
    schema::ChangesReply reply{.revision = revision_};
    for (const auto& [object, at] : changes_) {
      if (at <= since) continue;
      const auto& [kind, name] = object;
      schema::Change change{.revision = at, .kind = kind, .name = name, .uid = name};
      if (kind == "node") {
        change.node = nodes.at(name);
      } else if (projects.contains(name)) {
        change.project = projects.at(name);
      } else {
        change.deleted = true;
      }
      reply.changes.push_back(std::move(change));
    }
    reply.placement = placement;
    reply.claim_ms = claim_length.count() / 1000;
    for (const auto& [name, project] : projects) {
      if (!member.gets_claims || reply.claimed.size() == max_claims) break;
      if (project.status.phase != schema::Phase::kPending || claims_.contains(name)) continue;
      claims_[name] = now_ + claim_length;
      reply.claimed.push_back(name);
      member.frozen = member.frozen || id == freeze_when_claimed;
    }
    return schema::pack_message(reply);
  }
  // What is said of a project in the state in which the scheduler saw it, or null.
  template <class Message>
  schema::Project* find(const Message& message) {
    const auto found = projects.find(message.name);
    if (found == projects.end() || found->second.metadata.revision != message.revision ||
        found->second.status.phase != schema::Phase::kPending) {
      ++conflicts;
      return nullptr;
    }
    claims_.erase(message.name);
    return &found->second;
  }
  runtime::Payload bind(Member& member, const runtime::Request& request) {
    const auto message = *schema::unpack_message<schema::BindRequest>(request.body);
    const schema::Project* found = find(message);
    if (found == nullptr) return schema::pack_error(conflict("it is not so any more"));
    schema::Project project = *found;
    project.status.phase = schema::Phase::kScheduled;
    project.status.node_ref = message.node;
    ++project.status.assignment;
    ++member.binds;
    put(std::move(project));
    return schema::pack_message(schema::RevisionReply{revision_});
  }
  runtime::Payload unschedulable(const runtime::Request& request) {
    const auto message = *schema::unpack_message<schema::UnschedulableRequest>(request.body);
    const schema::Project* found = find(message);
    if (found == nullptr) return schema::pack_error(conflict("it is not so any more"));
    schema::Project project = *found;
    schema::set_condition(project.status.conditions,
                          {.type = schema::kConditionPhase, .message = message.message});
    ++explained;
    write("project", message.name);
    project.metadata.revision = revision_;
    projects[message.name] = std::move(project);
    return schema::pack_message(schema::RevisionReply{revision_});
  }

  runtime::MonoTime now_{1'000'000};
  std::int64_t revision_ = 0;
  std::map<std::pair<std::string, std::string>, std::int64_t> changes_;  // the newest of each
  std::map<std::string, runtime::MonoTime> claims_;
};

}  // namespace cara::test
