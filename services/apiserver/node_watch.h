// NodeWatch: what the apiserver remembers of nodes in memory only, by its own monotonic clock:
// when each was last heard, since when each project of a lost node waits, and which report about a
// project was the last. After a restart the nodes get a full lease, and the waits fall back to the
// times in the projects' conditions.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "services/runtime/actor.h"

namespace cara::apiserver {

class NodeWatch {
 public:
  explicit NodeWatch(runtime::Duration timeout) : timeout_(timeout) {}

  void start(runtime::MonoTime now);
  void heard(const std::string& node, runtime::MonoTime now);
  // It is silent, and that is on disk.
  void forget(const std::string& node);
  // Its record is removed.
  void forget_node(const std::string& node);
  // Heartbeats may have been missed by us: every node gets a full lease from now.
  void grant_all(runtime::MonoTime now);
  // Called every `interval`. Time that this process slept through does not count as silence: the
  // heartbeats of that time are still on their way to it.
  void tick(runtime::MonoTime now, runtime::Duration interval);
  std::vector<std::string> silent(runtime::MonoTime now) const;
  // Nothing: not since the start.
  std::optional<runtime::MonoTime> last_heard(const std::string& node) const;

  // It became NotReady; until it is heard.
  void lost(const std::string& node, runtime::MonoTime now) { lost_at_.emplace(node, now); }
  // Nodes that were lost since then and are still.
  std::int64_t lost_within(runtime::MonoTime now, runtime::Duration window) const;

  // A full lease has passed since start: silence now means something.
  bool settled(runtime::MonoTime now) const;

  // Projects (by uid) that wait for their lost node.
  void waits(const std::string& uid, runtime::MonoTime since) { waiting_[uid] = since; }
  void waits_no_more(const std::string& uid) { waiting_.erase(uid); }
  std::optional<runtime::MonoTime> waiting_since(const std::string& uid) const;
  // All of them begin once more.
  void restart_waits(runtime::MonoTime now) { waits_restarted_at_ = now; }
  std::optional<runtime::MonoTime> waits_restarted_at() const { return waits_restarted_at_; }

  // False: a later report of the same registration about this project (by uid) was taken before.
  bool takes_report(const std::string& uid, const std::string& node, std::int64_t registration,
                    std::int64_t number);
  // Its record is removed.
  void forget_project(const std::string& uid);

 private:
  runtime::Duration timeout_;
  runtime::MonoTime started_;
  runtime::MonoTime last_tick_;
  std::map<std::string, runtime::MonoTime> last_heard_;
  std::map<std::string, runtime::MonoTime> lost_at_;  // by node
  std::map<std::string, runtime::MonoTime> waiting_;
  std::optional<runtime::MonoTime> waits_restarted_at_;
  struct LastReport {
    std::string node;
    std::int64_t registration = 0;
    std::int64_t number = 0;
  };
  std::map<std::string, LastReport> reports_;  // by the project's uid
};

}  // namespace cara::apiserver
