#include "services/apiserver/node_watch.h"

#include <algorithm>

namespace cara::apiserver {

using runtime::Duration;
using runtime::MonoTime;

void NodeWatch::start(MonoTime now) {
  started_ = now;
  last_tick_ = now;
}

void NodeWatch::heard(const std::string& node, MonoTime now) {
  last_heard_[node] = now;
  lost_at_.erase(node);
}

void NodeWatch::forget(const std::string& node) { last_heard_.erase(node); }

void NodeWatch::forget_node(const std::string& node) {
  last_heard_.erase(node);
  lost_at_.erase(node);
}

void NodeWatch::grant_all(MonoTime now) {
  for (auto& [node, last] : last_heard_) last = now;
}

void NodeWatch::tick(MonoTime now, Duration interval) {
  const Duration slept = now - last_tick_ - interval;
  last_tick_ = now;
  if (slept <= interval) return;
  for (auto& [node, last] : last_heard_) last = std::min(now, last + slept);
}

std::vector<std::string> NodeWatch::silent(MonoTime now) const {
  std::vector<std::string> nodes;
  for (const auto& [node, last] : last_heard_) {
    if (now - last >= timeout_) nodes.push_back(node);
  }
  return nodes;
}

std::optional<MonoTime> NodeWatch::last_heard(const std::string& node) const {
  const auto found = last_heard_.find(node);
  if (found == last_heard_.end()) return std::nullopt;
  return found->second;
}

std::int64_t NodeWatch::lost_within(MonoTime now, Duration window) const {
  return std::count_if(lost_at_.begin(), lost_at_.end(),
                       [&](const auto& entry) { return now - entry.second <= window; });
}

bool NodeWatch::settled(MonoTime now) const { return now - started_ >= timeout_; }

std::optional<MonoTime> NodeWatch::waiting_since(const std::string& uid) const {
  const auto found = waiting_.find(uid);
  if (found == waiting_.end()) return std::nullopt;
  return found->second;
}

bool NodeWatch::takes_report(const std::string& uid, const std::string& node,
                             std::int64_t registration, std::int64_t number) {
  LastReport& last = reports_[uid];
  const bool same = last.node == node && last.registration == registration;
  if (same && number < last.number) return false;
  last = {node, registration, number};
  return true;
}

void NodeWatch::forget_project(const std::string& uid) {
  reports_.erase(uid);
  waiting_.erase(uid);
}

}  // namespace cara::apiserver
