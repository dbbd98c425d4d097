// Agent: what the engine has of this node as a whole.
#include <algorithm>
#include <set>
#include <utility>

#include "schema/formats.h"
#include "services/agent/agent.h"
#include "services/agent/strays.h"

namespace cara::agent {
namespace {

// They change by people's hands only, and people want to see that they are gone.
constexpr runtime::Duration kStraysEvery = std::chrono::minutes(10);
constexpr runtime::Duration kStraysAgain = std::chrono::minutes(1);

// How often old images are looked for: what was used in between is used, so often enough.
runtime::Duration collect_every(std::chrono::milliseconds max_age) {
  using namespace std::chrono_literals;
  return std::clamp<runtime::Duration>(max_age / 4, 1min, 1h);
}

// The part of `all` that is this project's.
Observation part_of(const Observation& all, const Owner& owner, const std::string& project) {
  const Labels wanted = project_selector(owner, project);
  const auto belongs = [&](const auto& object) {
    return std::includes(object.labels.begin(), object.labels.end(), wanted.begin(), wanted.end());
  };
  Observation part;
  std::copy_if(all.containers.begin(), all.containers.end(), std::back_inserter(part.containers),
               belongs);
  std::copy_if(all.networks.begin(), all.networks.end(), std::back_inserter(part.networks),
               belongs);
  std::copy_if(all.volumes.begin(), all.volumes.end(), std::back_inserter(part.volumes), belongs);
  return part;
}

template <class Visit>
void for_each_labels(const Observation& all, Visit visit) {
  for (const ContainerInfo& container : all.containers) visit(container.labels);
  for (const NetworkInfo& network : all.networks) visit(network.labels);
  for (const VolumeInfo& volume : all.volumes) visit(volume.labels);
}

}  // namespace

std::map<std::string, std::int64_t> Agent::gauges() const {
  const auto number = [](std::size_t size) { return static_cast<std::int64_t>(size); };
  return {{"registration", session_.registration()},
          {"revision", desired_pull_.revision()},
          {"projects", desired_ ? number(desired_->size()) : 0},
          {"pending", number(engine_.waiting())},
          {"engine_calls", number(engine_.running())},
          {"reports_in_flight", number(reports_.size())},
          {"undecodable", static_cast<std::int64_t>(undecodable_)}};
}

void Agent::observe_node() {
  if (observing_node_ || !desired_) return;
  observing_node_ = true;
  changes_at_observe_.clear();
  for (const auto& [name, project] : projects_) changes_at_observe_[name] = project.changes();
  engine_.add({"", kObserveNodeKey, Observe{{{kLabelNode, options_.node}}}});
}

void Agent::node_observed(const Result<EngineReply>& reply, runtime::MonoTime now) {
  observing_node_ = false;
  out_.push_back(runtime::SetTimer{kObserveTimer,
                                   reply.ok() ? options_.observe_every : options_.observe_retry});
  if (!reply.ok() || !desired_) return;
  if (from_cache_ && !node_seen_ && !trust_cache(reply->observation, now)) return;
  node_seen_ = true;
  adopt(reply->observation);
}

void Agent::look_for_strays() {
  if (looking_for_strays_) return;
  looking_for_strays_ = true;
  engine_.add(
      {"", kStraysKey, Observe{.labels = {}, .any_value_of = kLabelProject, .brief = true}});
}

void Agent::strays_seen(const Result<EngineReply>& reply, runtime::MonoTime now) {
  looking_for_strays_ = false;
  std::string strays;
  if (reply.ok()) {
    strays = describe_strays(reply->observation, {options_.node, session_.cluster()});
    session_.set_strays(strays, now, out_);
  }
  const bool again = !reply.ok() || !strays.empty();
  out_.push_back(runtime::SetTimer{kStraysTimer, again ? kStraysAgain : kStraysEvery});
}

void Agent::collect_images() {
  if (options_.image_max_age.count() <= 0) return;
  out_.push_back(runtime::SetTimer{kImagesTimer, collect_every(options_.image_max_age)});
  // Before the newest desired set is known, no image is known to be unused.
  if (collecting_images_ || !desired_ || from_cache_) return;
  collecting_images_ = true;
  CollectImages op{.keep = {}, .max_age_ms = options_.image_max_age.count()};
  for (const auto& [name, wanted] : *desired_) {
    for (const schema::ServiceDef& service : wanted.spec.services) op.keep.push_back(service.image);
  }
  engine_.add({"", kCollectImagesKey, std::move(op)});
}

void Agent::images_collected(const Result<EngineReply>& reply) {
  collecting_images_ = false;
  if (!reply.ok()) {
    out_.push_back(
        runtime::note(runtime::Level::kWarn, "cannot remove old images: " + reply.error().message));
    return;
  }
  std::string_view removed = reply->text;
  for (auto end = removed.find('\n'); end != std::string_view::npos; end = removed.find('\n')) {
    out_.push_back(runtime::note(runtime::Level::kInfo,
                                 "removed unused image " + std::string(removed.substr(0, end))));
    removed.remove_prefix(end + 1);
  }
}

void Agent::adopt(const Observation& all) {
  std::set<std::string> names;
  for_each_labels(all, [&](const Labels& labels) {
    const std::string project = label(labels, kLabelProject);
    if (label(labels, kLabelCluster) == cluster_ && !project.empty()) names.insert(project);
  });
  for (const std::string& name : names) {
    if (!from_cache_ && !projects_.contains(name)) loop(name).want(std::nullopt);
  }
  const Owner owner{options_.node, cluster_};
  for (auto& [name, project] : projects_) {
    const auto at = changes_at_observe_.find(name);
    project.saw(part_of(all, owner, name), at == changes_at_observe_.end() ? 0 : at->second);
  }
}

// --- Byte streams -------------------------------------------------------------------------------

// False: garbage.
bool Agent::on_stream(const runtime::Delivered& message, runtime::MonoTime now) {
  auto opening = StreamOpener::read(message.body);
  if (!opening) return false;
  const bool of_the_node = opening->verb == "stats";
  const Result<std::string> container =
      of_the_node ? Result<std::string>("") : container_for(*opening);
  streams_.open(std::move(*opening), container, now, out_);
  return true;
}

Result<std::string> Agent::container_for(const schema::StreamOpen& opening) const {
  const std::string& name = opening.request.project;
  const std::string called = "project `" + schema::printable(name) + "`";
  const auto project = projects_.find(name);
  const schema::DesiredProject* wanted =
      project == projects_.end() ? nullptr : project->second.wanted();
  if (wanted == nullptr || wanted->uid != opening.uid) {
    return unavailable("node " + options_.node + " was not told of " + called +
                       " yet; try again in a moment");
  }
  if (!node_seen_ || !project->second.is_seen()) {
    return unavailable("node " + options_.node + " does not know yet what runs of " + called +
                       "; try again in a moment");
  }
  return find_container(opening, *wanted, project->second.seen(),
                        project->second.reporter().message());
}

}  // namespace cara::agent
