#include "services/agent/route_pull.h"

#include <utility>

#include "services/runtime/calls.h"

namespace cara::agent {
namespace {

using runtime::Effects;

void put(ClusterRoutes& routes, schema::ProjectRoutes project) {
  if (project.rules.empty()) {
    routes.projects.erase(project.name);
  } else {
    std::string name = project.name;
    routes.projects.insert_or_assign(std::move(name), std::move(project));
  }
}

void put(ClusterRoutes& routes, const schema::NodeRoute& node) {
  if (node.address.empty()) {
    routes.nodes.erase(node.name);
  } else {
    routes.nodes[node.name] = node.address;
  }
}

void put_all(ClusterRoutes& routes, schema::RoutesReply& reply) {
  routes.hop_key = reply.hop_key;
  for (schema::ProjectRoutes& project : reply.projects) put(routes, std::move(project));
  for (const schema::NodeRoute& node : reply.nodes) put(routes, node);
}

}  // namespace

RoutePull::RoutePull(RoutePullOptions options, runtime::RequestIds& ids)
    : options_(std::move(options)),
      identity_{schema::Role::kAgent, schema::node_token(options_.node)},
      ids_(ids) {}

void RoutePull::restart(std::int64_t registration, const std::string& cluster, Effects& out) {
  if (cluster != cluster_) shown_.reset();
  registration_ = registration;
  cluster_ = cluster;
  asked_.reset();
  list_anew();
  pull(out);
}

void RoutePull::list_anew() {
  revision_ = 0;
  reading_ = {};
  after_.clear();
}

void RoutePull::pull_if_older(std::int64_t revision, Effects& out) {
  if (revision > revision_) pull(out);
}

void RoutePull::pull(Effects& out) {
  if (registration_ == 0) return;
  if (asked_) {
    again_ = true;
  } else {
    ask(out);
  }
}

void RoutePull::ask(Effects& out) {
  asked_ = ids_.next();
  if (after_.empty()) again_ = false;
  const schema::RoutesRequest request{
      .node = options_.node, .registration = registration_, .since = revision_, .after = after_};
  out.push_back(runtime::call(*asked_, identity_, "routes.get", request));
}

std::optional<RoutePull::News> RoutePull::handle(const runtime::Event& event, Effects& out) {
  if (const auto* fired = std::get_if<runtime::TimerFired>(&event)) {
    if (fired->id != options_.timer) return std::nullopt;
    if (!asked_) pull(out);
    return News{};
  }
  const auto* answer = std::get_if<runtime::Answered>(&event);
  if (answer == nullptr || !asked_ || answer->id != *asked_) return std::nullopt;
  return answered(*answer, out);
}

RoutePull::News RoutePull::answered(const runtime::Answered& answer, Effects& out) {
  asked_.reset();
  auto reply = runtime::open<schema::RoutesReply>(answer);
  if (reply.ok() && reply->cluster != cluster_) {
    reply = conflict("the apiserver has another store than at registration");
  }
  if (!reply.ok()) {
    failed(reply.error(), out);
    // An apiserver from before there were routes: it will not have any.
    const bool knows_none = reply.error().code == Code::kInvalid && !shown_;
    if (knows_none) shown_ = ClusterRoutes{};
    return {knows_none};
  }
  failures_ = 0;
  complaint_.clear();
  const bool more = reply->more || !reply->next.empty();
  const bool changed =
      revision_ == 0 ? take_page(std::move(*reply)) : take_changes(std::move(*reply));
  if (more || again_) {
    ask(out);
  } else {
    out.push_back(runtime::SetTimer{options_.timer, options_.every});
  }
  return {changed};
}

// What changes while the pages are read is told again as a change since the first one.
bool RoutePull::take_page(schema::RoutesReply reply) {
  if (after_.empty()) reading_revision_ = reply.revision;
  put_all(reading_, reply);
  after_ = reply.next;
  if (!after_.empty()) return false;
  shown_ = std::exchange(reading_, {});
  revision_ = reading_revision_;
  return true;
}

bool RoutePull::take_changes(schema::RoutesReply reply) {
  revision_ = reply.revision;
  const bool changed =
      !reply.projects.empty() || !reply.nodes.empty() || shown_->hop_key != reply.hop_key;
  put_all(*shown_, reply);
  return changed;
}

void RoutePull::failed(const Error& error, Effects& out) {
  ++failures_;
  after_.clear();
  reading_ = {};
  if (error.code == Code::kGone) revision_ = 0;
  if (error.message != complaint_) {
    complaint_ = error.message;
    out.push_back(runtime::note(runtime::Level::kWarn,
                                "cannot read where the cluster's hosts are: " + error.message));
  }
  out.push_back(runtime::SetTimer{options_.timer, options_.backoff.after(failures_)});
}

}  // namespace cara::agent
