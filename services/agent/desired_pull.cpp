#include "services/agent/desired_pull.h"

#include <utility>

#include "services/runtime/calls.h"

namespace cara::agent {

using runtime::Effects;
using runtime::SetTimer;

DesiredPull::DesiredPull(PullOptions options, runtime::RequestIds& ids)
    : options_(std::move(options)),
      identity_{schema::Role::kAgent, schema::node_token(options_.node)},
      ids_(ids) {}

void DesiredPull::restart(std::int64_t registration, std::string cluster, Effects& out) {
  registration_ = registration;
  cluster_ = std::move(cluster);
  have_revision_ = -1;
  asked_.reset();  // an answer that is under way is for the registration before
  after_.clear();
  pull(out);
}

void DesiredPull::pull(Effects& out) {
  if (registration_ == 0) return;
  if (asked_) {
    again_ = true;
  } else {
    ask(out);
  }
}

void DesiredPull::pull_if_older(std::int64_t revision, Effects& out) {
  if (revision > have_revision_) pull(out);
}

std::optional<DesiredPull::News> DesiredPull::handle(const runtime::Event& event, Effects& out) {
  if (const auto* fired = std::get_if<runtime::TimerFired>(&event)) {
    if (fired->id != options_.timer) return std::nullopt;
    if (!asked_) pull(out);
    return News{};
  }
  const auto* answer = std::get_if<runtime::Answered>(&event);
  if (answer == nullptr || answer->id != asked_) return std::nullopt;
  return answered(*answer, out);
}

void DesiredPull::ask(Effects& out) {
  asked_ = ids_.next();
  if (after_.empty()) {
    again_ = false;
    reading_.clear();
  }
  const schema::DesiredRequest request{
      .node = options_.node, .registration = registration_, .after = after_};
  out.push_back(runtime::call(*asked_, identity_, "desired.get", request));
}

DesiredPull::News DesiredPull::answered(const runtime::Answered& answer, Effects& out) {
  asked_.reset();
  auto page = runtime::open<schema::DesiredReply>(answer);
  if (!page.ok()) return failed(page.error(), out);
  if (page->cluster != cluster_) {
    return failed(conflict("the apiserver has another store than at registration"), out);
  }
  if (after_.empty()) reading_revision_ = page->revision;
  const bool changed = page->revision != reading_revision_;
  for (schema::DesiredProject& project : page->projects) {
    std::string name = project.name;
    reading_.insert_or_assign(std::move(name), std::move(project));
  }
  after_ = changed ? "" : page->next;
  if (changed || !after_.empty()) {
    ask(out);
    return {};
  }
  failures_ = 0;
  complaint_.clear();
  have_revision_ = reading_revision_;
  out.push_back(SetTimer{options_.timer, options_.every});
  News news{.complete = std::exchange(reading_, {})};
  if (again_) ask(out);
  return news;
}

DesiredPull::News DesiredPull::failed(const Error& error, Effects& out) {
  after_.clear();
  ++failures_;
  if (error.message != complaint_) {
    complaint_ = error.message;
    out.push_back(runtime::note(runtime::Level::kWarn,
                                "cannot read what this node should have: " + error.message));
  }
  out.push_back(SetTimer{options_.timer, options_.backoff.after(failures_)});
  return {.refused = error.code == Code::kConflict || error.code == Code::kNotFound};
}

}  // namespace cara::agent
