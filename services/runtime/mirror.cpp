#include "services/runtime/mirror.h"

#include <utility>

#include "services/runtime/calls.h"

namespace cara::runtime {
namespace {

// True if `into` changed.
bool apply_change(schema::Change& change, std::map<std::string, schema::Project>& projects,
                  std::map<std::string, schema::Node>& nodes) {
  const auto put = [&change](auto& into, auto& object) {
    if (change.deleted) {
      const auto found = into.find(change.name);
      // The name may already belong to a newer incarnation.
      if (found == into.end() || found->second.metadata.uid != change.uid) return false;
      into.erase(found);
      return true;
    }
    if (!object) return false;
    into.insert_or_assign(change.name, std::move(*object));
    return true;
  };
  if (change.kind == "project") return put(projects, change.project);
  if (change.kind == "node") return put(nodes, change.node);
  return false;  // a kind of a newer apiserver
}

}  // namespace

bool Mirror::handle(const Event& event, Effects& out) {
  if (std::holds_alternative<Started>(event) || std::holds_alternative<Resync>(event)) {
    pull(out);
    return false;
  }
  if (const auto* fired = std::get_if<TimerFired>(&event)) {
    if (fired->id != options_.timer) return false;
    if (!asked_) ask(out);
    return true;
  }
  if (const auto* answer = std::get_if<Answered>(&event)) {
    if (!asked_ || answer->id != *asked_) return false;
    asked_.reset();
    on_answer(*answer, out);
    return true;
  }
  return false;
}

void Mirror::pull(Effects& out) {
  if (asked_) {
    again_ = true;
  } else {
    ask(out);
  }
}

void Mirror::wake(const Payload& body, Effects& out) {
  const auto hint = schema::unpack_message<schema::Wake>(body);
  const bool is_news = !hint.ok() || hint->revision == 0 || hint->revision > revision();
  if (ready() && !is_news) return;
  pull(out);
}

void Mirror::ask(Effects& out) {
  asked_ = ids_.next();
  again_ = false;
  if (step_ == Step::kFollow) {
    const schema::ChangesRequest request{.since = target().revision};
    out.push_back(call(*asked_, options_.caller, "changes.since", request, options_.call_timeout));
    return;
  }
  const schema::ListRequest request{.after = after_, .limit = 0};
  const char* operation = step_ == Step::kListProjects ? "project.list" : "node.list";
  out.push_back(call(*asked_, options_.caller, operation, request, options_.call_timeout));
}

void Mirror::on_answer(const Answered& answer, Effects& out) {
  more_ = false;
  Result<Ok> result = Ok{};
  switch (step_) {
    case Step::kListProjects:
      result = on_projects(answer);
      break;
    case Step::kListNodes:
      result = on_nodes(answer);
      break;
    case Step::kFollow:
      result = on_changes(answer);
      break;
  }
  if (!result.ok()) return fail(result.error(), out);
  if (more_ || again_) {
    ask(out);
  } else {
    out.push_back(SetTimer{options_.timer, options_.pull_every});
  }
}

Result<Ok> Mirror::on_projects(const Answered& answer) {
  auto page = open<schema::ProjectListReply>(answer);
  if (!page.ok()) return page.error();
  Content& content = target();
  // Pages are read at different revisions: following from the first page's makes them one state.
  if (after_.empty()) content.revision = page->revision;
  for (schema::Project& project : page->projects) {
    std::string name = project.metadata.name;
    content.projects.insert_or_assign(std::move(name), std::move(project));
  }
  after_ = page->next;
  if (after_.empty()) step_ = Step::kListNodes;
  more_ = true;
  return Ok{};
}

Result<Ok> Mirror::on_nodes(const Answered& answer) {
  auto page = open<schema::NodeListReply>(answer);
  if (!page.ok()) return page.error();
  for (schema::Node& node : page->nodes) {
    std::string name = node.metadata.name;
    target().nodes.insert_or_assign(std::move(name), std::move(node));
  }
  after_ = page->next;
  if (after_.empty()) step_ = Step::kFollow;
  more_ = true;
  return Ok{};
}

Result<Ok> Mirror::on_changes(const Answered& answer) {
  auto reply = open<schema::ChangesReply>(answer);
  if (!reply.ok()) return reply.error();
  Content& content = target();
  if (reply->now.is_set()) server_time_ = reply->now;
  if (reply->revision < content.revision) return gone("the store went back in time");
  bool changed = false;
  for (schema::Change& change : reply->changes) {
    if (!apply_change(change, content.projects, content.nodes)) continue;
    changed = true;
    if (!relisting_) remember(change);
  }
  content.revision = reply->revision;
  placement_ = reply->placement;
  claim_ms_ = reply->claim_ms;
  remember_claims(std::move(reply->claimed));
  failures_ = 0;  // not sooner: a list that is outdated again and again has to wait, too
  last_error_.clear();
  more_ = reply->more;
  if (relisting_ && !more_) {
    shown_ = std::move(*relisting_);
    relisting_.reset();
    news_.all = true;
    changed = true;
  }
  if (changed && !relisting_) ++version_;
  return Ok{};
}

MirrorNews Mirror::take_news() { return ready() ? std::exchange(news_, {}) : MirrorNews{}; }

void Mirror::remember(const schema::Change& change) {
  if (news_.all || options_.max_news == 0) return;
  auto& names = change.kind == "node" ? news_.nodes : news_.projects;
  names.insert(change.name);
  news_.all = names.size() > options_.max_news;
}

// Those beyond the limit end unplaced and are offered again.
void Mirror::remember_claims(std::vector<std::string> claimed) {
  for (std::string& name : claimed) {
    if (news_.claimed.size() >= options_.max_news) return;
    news_.claimed.push_back(std::move(name));
  }
}

void Mirror::fail(const Error& error, Effects& out) {
  ++failures_;
  if (error.message != last_error_) {
    last_error_ = error.message;
    const Level level = error.code == Code::kGone ? Level::kInfo : Level::kWarn;
    out.push_back(note(level, "cannot read from the apiserver yet: " + error.message));
  }
  // Everything else is asked again where it stopped.
  if (error.code == Code::kGone) restart_list();
  if (error.code == Code::kGone && failures_ == 1) {
    ask(out);
  } else {
    out.push_back(SetTimer{options_.timer, options_.backoff.after(failures_)});
  }
}

void Mirror::restart_list() {
  relisting_ = Content{};
  step_ = Step::kListProjects;
  after_.clear();
}

}  // namespace cara::runtime
