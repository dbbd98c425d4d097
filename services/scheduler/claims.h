// Claims: which Pending projects are this scheduler's own to place, and until when. The apiserver
// hands them out, each to one scheduler at a time (ChangesReply.claimed); what is not placed when
// the time is over it offers to somebody else, so one that is frozen delays nobody for long.
#pragma once

#include <cstdint>
#include <map>
#include <string>

#include "services/runtime/actor.h"

namespace cara::scheduler {

class Claims {
 public:
  // An apiserver that is older than claims names none (claimMs is 0): then everything is its own.
  void set_needed(bool needed) { needed_ = needed; }
  bool needed() const { return needed_; }

  void add(const std::string& project, runtime::MonoTime until) {
    ends_.insert_or_assign(project, until);
  }
  bool owns(const std::string& project, runtime::MonoTime now) const {
    if (!needed_) return true;
    const auto found = ends_.find(project);
    return found != ends_.end() && now < found->second;
  }
  void drop(const std::string& project) { ends_.erase(project); }
  void drop_ended(runtime::MonoTime now) {
    std::erase_if(ends_, [now](const auto& entry) { return entry.second <= now; });
  }

 private:
  bool needed_ = false;
  std::map<std::string, runtime::MonoTime> ends_;
};

}  // namespace cara::scheduler
