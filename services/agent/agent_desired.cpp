// Agent: what each project is wanted to be, with the control plane and without it.
#include <charconv>
#include <utility>

#include "services/agent/agent.h"

namespace cara::agent {
namespace {

// Made for another life of the project, or for a later assignment of this one.
bool is_later(const Labels& labels, const schema::DesiredProject& wanted) {
  if (label(labels, kLabelUid) != wanted.uid) return true;
  const std::string text = label(labels, kLabelAssignment);
  std::int64_t assignment = 0;
  std::from_chars(text.data(), text.data() + text.size(), assignment);
  return assignment > wanted.assignment;
}

}  // namespace

// Whatever runs for a cluster that is not the session's is left alone.
void Agent::forget_cluster() {
  cluster_ = session_.cluster();
  projects_.clear();
  ingress_.forget();
  held_.clear();
  engine_.drop_waiting();
  desired_.reset();
  from_cache_ = false;
  observing_node_ = false;
  looking_for_strays_ = false;
  collecting_images_ = false;
  node_seen_ = false;
}

void Agent::on_desired(DesiredPull::News news, runtime::MonoTime now) {
  if (news.refused) session_.register_again(out_);
  if (!news.complete) return;
  desired_ = std::move(*news.complete);
  cached_.reset();
  exclusive_.read(session_.has_lease(now));
  want_all(now);
  if (std::exchange(from_cache_, false)) {
    out_.push_back(runtime::note(runtime::Level::kInfo,
                                 "the control plane answers: the cached desired set is replaced"));
    observe_node();  // for what neither set has
  }
  if (!node_seen_) observe_node();
  cache_keeper_.keep({options_.node, cluster_, session_.registration(), *desired_}, out_);
}

void Agent::want_all(runtime::MonoTime now) {
  for (auto& [name, project] : projects_) {
    if (desired_->contains(name)) continue;
    project.want(std::nullopt);
    held_.erase(name);
  }
  for (const auto& [name, wanted] : *desired_) want(wanted);
  ingress_.want(*desired_, now);
}

void Agent::want(const schema::DesiredProject& wanted) {
  ProjectLoop& project = loop(wanted.name);
  const bool held = exclusive_.holds(wanted);
  const bool changes = held ? held_.insert(wanted.name).second : held_.erase(wanted.name) > 0;
  // What was to be said speaks of the other state.
  if (changes) project.reporter().forget();
  schema::DesiredProject allowed = wanted;
  if (held) allowed.spec.paused = true;
  project.want(std::move(allowed));
}

void Agent::check_lease(runtime::MonoTime now) {
  if (!exclusive_.closes(session_.has_lease(now)) || !desired_) return;
  for (const auto& [name, wanted] : *desired_) {
    if (!exclusive_.holds(wanted)) continue;
    const Error ended = unavailable("this node's lease has ended");
    for (const EngineCall& call : engine_.withdraw(name)) loop(name).ended(call, ended, now);
    loop(name).wait_for_nothing();
    want(wanted);
  }
  if (held_.empty()) return;
  out_.push_back(runtime::note(
      runtime::Level::kWarn,
      "the lease has ended: " + std::to_string(held_.size()) +
          " projects with onNodeLoss MoveExclusive are stopped until the control plane answers"));
}

void Agent::go_on_from_cache(runtime::MonoTime now) {
  if (desired_) return;
  const std::string silent =
      "the control plane has told nothing for " +
      format_duration_ms(
          std::chrono::duration_cast<std::chrono::milliseconds>(options_.offline_after).count());
  if (!cached_ || (!cluster_.empty() && cluster_ != cached_->cluster)) {
    out_.push_back(runtime::note(runtime::Level::kWarn,
                                 silent + " and no desired set of its cluster is cached: "
                                          "everything is left as it is"));
    return;
  }
  out_.push_back(runtime::note(runtime::Level::kWarn,
                               silent + ": going on from the cached desired set of registration " +
                                   std::to_string(cached_->registration) + ", " +
                                   std::to_string(cached_->projects.size()) +
                                   " projects, until it does"));
  cluster_ = cached_->cluster;
  desired_ = std::move(cached_->projects);
  cached_.reset();
  from_cache_ = true;
  want_all(now);
  observe_node();
}

// False: the cached set is of no use here, and is given up. What the engine has of a later life of
// a project than the cache is left alone.
bool Agent::trust_cache(const Observation& all, runtime::MonoTime now) {
  std::set<std::string> clusters;
  std::set<std::string> later;
  const auto look_at = [&](const Labels& labels) {
    clusters.insert(label(labels, kLabelCluster));
    const auto wanted = desired_->find(label(labels, kLabelProject));
    if (label(labels, kLabelCluster) == cluster_ && wanted != desired_->end() &&
        is_later(labels, wanted->second)) {
      later.insert(wanted->first);
    }
  };
  for (const ContainerInfo& container : all.containers) look_at(container.labels);
  for (const NetworkInfo& network : all.networks) look_at(network.labels);
  if (!clusters.empty() && !clusters.contains(cluster_) && session_.cluster().empty()) {
    out_.push_back(runtime::note(runtime::Level::kWarn,
                                 "the cached desired set is of cluster " + cluster_ +
                                     " and this engine's objects are of " + *clusters.begin() +
                                     ": everything is left as it is"));
    forget_cluster();
    return false;
  }
  for (const std::string& name : later) {
    out_.push_back(
        runtime::note(runtime::Level::kWarn, "project `" + name +
                                                 "` on this engine is not the one that is "
                                                 "cached: it is left as it is"));
    desired_->erase(name);
    projects_.erase(name);
    held_.erase(name);
  }
  ingress_.want(*desired_, now);
  return true;
}

}  // namespace cara::agent
