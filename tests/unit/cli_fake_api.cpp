#include "tests/unit/cli_fake_api.h"

#include <stdexcept>
#include <utility>

#include "schema/codec.h"
#include "schema/defaults.h"
#include "schema/lifecycle.h"
#include "schema/wire.h"

namespace cara::cli::test {
namespace {

class FakeHints final : public Hints {
 public:
  explicit FakeHints(FakeApi& api) : api_(api) {}
  void wait(runtime::Duration patience) override {
    if (++waits_ > kMaxWaits) throw std::runtime_error("the command waits for ever");
    api_.mono = api_.mono + patience;
    if (api_.while_waiting) api_.while_waiting(api_);
  }

 private:
  static constexpr int kMaxWaits = 1'000;
  FakeApi& api_;
  int waits_ = 0;
};

// One page of a list.
template <class Page, class Objects, class Member>
runtime::Payload list(const FakeApi& api, const Objects& objects, Member member,
                      const runtime::Payload& body) {
  const auto request = *schema::unpack_message<schema::ListRequest>(body);
  Page reply{.revision = api.info.revision};
  for (auto it = objects.upper_bound(request.after); it != objects.end(); ++it) {
    if ((reply.*member).size() == api.page) {
      reply.next = (reply.*member).back().metadata.name;
      break;
    }
    (reply.*member).push_back(it->second);
  }
  return schema::pack_message(reply);
}

}  // namespace

FakeApi::FakeApi() = default;
FakeApi::~FakeApi() = default;

Result<runtime::Payload> FakeApi::call(std::string_view operation, const runtime::Payload& body,
                                       runtime::Duration timeout) {
  calls.emplace_back(operation);
  if (fail) return *fail;
  if (operation == "project.list" && broken_lists > 0) {
    --broken_lists;
    return unavailable("no control plane");
  }
  const runtime::Payload reply = answer(operation, body);
  if (lose_replies == 0) return reply;
  --lose_replies;
  mono = mono + timeout;
  return timed_out("no answer");
}

Result<std::unique_ptr<Hints>> FakeApi::watch(const std::string& subject) {
  watched.push_back(subject);
  return std::unique_ptr<Hints>(std::make_unique<FakeHints>(*this));
}

Streams& FakeApi::streams() {
  agents.on_wait = [this](runtime::Duration patience) { mono = mono + patience; };
  return agents;
}

schema::Node& FakeApi::add_node(const std::string& name) {
  nodes[name].metadata = {.name = name, .uid = "uid-" + name};
  nodes[name].status.state = schema::NodeState::kReady;
  return nodes[name];
}

void FakeApi::place(const std::string& project, const std::string& node, schema::Phase phase) {
  projects[project].status.node_ref = node;
  projects[project].status.phase = phase;
}

schema::Project& FakeApi::add(const std::string& name, schema::Phase phase) {
  schema::Project project;
  project.metadata = {.name = name, .uid = "uid-" + name, .revision = 1, .generation = 1};
  project.metadata.created_at = {kNow.ms - 8'000};
  project.spec.services.push_back({.name = "app", .image = "busybox:1"});
  schema::fill_defaults(project.spec);
  project.status.phase = phase;
  return projects[name] = project;
}

runtime::Payload FakeApi::apply(const runtime::Payload& body) {
  const auto request = *schema::unpack_message<schema::ApplyRequest>(body);
  request_ids.push_back(request.request_id);
  if (const auto found = kept_.find(request.request_id); found != kept_.end()) {
    return found->second;
  }
  const auto wanted = schema::read_manifest(request.manifest);
  if (!wanted) return schema::pack_error(wanted.error());
  const std::string name = wanted->metadata.name;
  if (wanted->spec.expire_at && *wanted->spec.expire_at < kNow) {
    return schema::pack_error(invalid("past", {{"spec.expireAt", "is already past"}}));
  }
  if (before_apply && !request.dry_run) std::exchange(before_apply, nullptr)(*this);
  const std::map<std::string, schema::Project> before = projects;
  schema::ApplyReply reply;
  if (!projects.contains(name)) {
    add(name);
  } else {
    const schema::Project& old = projects[name];
    const std::int64_t expected = wanted->metadata.revision;
    if (expected != 0 && expected != old.metadata.revision) {
      return schema::pack_error(conflict("project/" + name + " has changed"));
    }
    const bool same = old.spec == wanted->spec && old.metadata.labels == wanted->metadata.labels;
    reply.outcome = same ? schema::ApplyOutcome::kUnchanged : schema::ApplyOutcome::kConfigured;
    if (old.spec != wanted->spec) ++projects[name].metadata.generation;
    reply.previous = old;
  }
  projects[name].spec = wanted->spec;
  projects[name].metadata.labels = wanted->metadata.labels;
  reply.project = projects[name];
  if (request.dry_run) {
    if (before.contains(name)) reply.previous = before.at(name);
    projects = before;
    return schema::pack_message(reply);
  }
  reply.previous.reset();
  return kept_[request.request_id] = schema::pack_message(reply);
}

runtime::Payload FakeApi::change_project(const runtime::Payload& body) {
  project_changes.push_back(*schema::unpack_message<schema::ProjectChangeRequest>(body));
  const schema::ProjectChangeRequest& request = project_changes.back();
  if (!projects.contains(request.name)) {
    return schema::pack_error(not_found("project/" + request.name + " does not exist"));
  }
  schema::Project& project = projects[request.name];
  const schema::Project before = project;
  if (request.paused) project.spec.paused = *request.paused;
  for (const auto& [key, value] : request.set_labels) project.metadata.labels[key] = value;
  for (const std::string& key : request.remove_labels) project.metadata.labels.erase(key);
  for (const auto& [key, value] : request.set_annotations) {
    project.metadata.annotations[key] = value;
  }
  for (const std::string& key : request.remove_annotations) {
    project.metadata.annotations.erase(key);
  }
  const bool changed = project != before || !request.restart.empty();
  if (changed) ++project.metadata.generation;
  return schema::pack_message(schema::ProjectChangeReply{changed, project});
}

runtime::Payload FakeApi::remove(const runtime::Payload& body, bool is_node) {
  const auto request = *schema::unpack_message<schema::DeleteRequest>(body);
  request_ids.push_back(request.request_id);
  if (is_node ? !nodes.contains(request.name) : !projects.contains(request.name)) {
    return schema::pack_error(not_found("it does not exist"));
  }
  if (is_node || request.force) {
    nodes.erase(request.name);
    projects.erase(request.name);
    schema::DeleteReply gone = delete_reply;
    gone.outcome = schema::DeleteOutcome::kDeleted;
    gone.uid = "uid";
    return schema::pack_message(gone);
  }
  schema::Project& project = projects[request.name];
  project.status.phase = schema::Phase::kTerminating;
  project.status.delete_volumes = request.volumes;
  delete_reply.uid = project.metadata.uid;
  return schema::pack_message(delete_reply);
}

runtime::Payload FakeApi::history(const runtime::Payload& body) {
  const auto request = *schema::unpack_message<schema::HistoryRequest>(body);
  schema::HistoryReply reply;
  for (const schema::RevisionInfo& revision : revisions) {
    if (request.revision == 0 || request.revision == revision.number) {
      reply.revisions.push_back(revision);
    }
  }
  if (reply.revisions.empty()) return schema::pack_error(not_found("no revision"));
  return schema::pack_message(reply);
}

runtime::Payload FakeApi::list_events(const runtime::Payload& body) {
  const auto request = *schema::unpack_message<schema::EventListRequest>(body);
  schema::EventListReply reply;
  for (const schema::Event& event : events) {
    const bool wanted = event.number > request.after &&
                        (request.kind.empty() || request.kind == event.kind) &&
                        (request.name.empty() || request.name == event.name) &&
                        (request.uid.empty() || request.uid == event.uid);
    if (!wanted) continue;
    reply.more = reply.events.size() == page;
    if (reply.more) break;
    reply.events.push_back(event);
  }
  return schema::pack_message(reply);
}

runtime::Payload FakeApi::change(const runtime::Payload& body) {
  changes.push_back(*schema::unpack_message<schema::NodeChangeRequest>(body));
  const schema::NodeChangeRequest& request = changes.back();
  if (!nodes.contains(request.name)) return schema::pack_error(not_found("it does not exist"));
  schema::Node& node = nodes[request.name];
  const schema::Node before = node;
  if (request.unschedulable) node.spec.unschedulable = *request.unschedulable;
  for (const auto& [key, value] : request.set_labels) node.metadata.labels[key] = value;
  for (const std::string& key : request.remove_labels) node.metadata.labels.erase(key);
  const auto drop = [&](const schema::Taint& old) {
    std::erase_if(node.spec.taints, [&](const schema::Taint& taint) {
      return taint.key == old.key && taint.effect == old.effect;
    });
  };
  for (const schema::Taint& taint : request.remove_taints) drop(taint);
  for (const schema::Taint& taint : request.set_taints) {
    drop(taint);
    node.spec.taints.push_back(taint);
  }
  return schema::pack_message(schema::NodeChangeReply{node != before, node});
}

runtime::Payload FakeApi::move(const runtime::Payload& body) {
  moves.push_back(*schema::unpack_message<schema::MoveRequest>(body));
  const schema::MoveRequest& request = moves.back();
  if (const auto found = immovable.find(request.name); found != immovable.end()) {
    return schema::pack_error(conflict(found->second));
  }
  if (!projects.contains(request.name)) {
    return schema::pack_error(not_found("it does not exist"));
  }
  if (!request.dry_run) place(request.name, "", schema::Phase::kPending);
  return schema::pack_message(schema::MoveReply{candidate});
}

runtime::Payload FakeApi::allow_moves() {
  schema::AllowMovesReply reply{info.moves_held};
  info.moves_held.clear();
  return schema::pack_message(reply);
}

runtime::Payload FakeApi::answer(std::string_view operation, const runtime::Payload& body) {
  if (more) {
    if (const auto known = more(operation, body)) return *known;
  }
  if (operation == "project.history") return history(body);
  if (operation == "event.list") return list_events(body);
  if (operation == "project.undo") {
    undo = *schema::unpack_message<schema::UndoRequest>(body);
    return schema::pack_message(undone);
  }
  if (operation == "project.apply") return apply(body);
  if (operation == "project.change") return change_project(body);
  if (operation == "project.delete") return remove(body, false);
  if (operation == "node.delete") return remove(body, true);
  if (operation == "project.list") {
    return list<schema::ProjectListReply>(*this, projects, &schema::ProjectListReply::projects,
                                          body);
  }
  if (operation == "node.list") {
    return list<schema::NodeListReply>(*this, nodes, &schema::NodeListReply::nodes, body);
  }
  if (operation == "server.info") {
    return schema::pack_message(info);
  }
  if (operation == "node.change") return change(body);
  if (operation == "project.move") return move(body);
  if (operation == "cluster.allow-moves") return allow_moves();
  const std::string name = schema::unpack_message<schema::GetRequest>(body)->name;
  if (operation == "project.get" && projects.contains(name)) {
    return schema::pack_message(schema::ProjectReply{projects[name]});
  }
  if (operation == "node.get" && nodes.contains(name)) {
    return schema::pack_message(schema::NodeReply{nodes[name]});
  }
  return schema::pack_error(not_found("it does not exist"));
}

}  // namespace cara::cli::test
