// Shares: which scheduler places which Pending project, for a short while. Schedulers get their
// shares with what they pull, so several of them do not try the same projects, and a frozen one
// keeps only what it has, until its time is over.
//
// In memory only: a share is about who does the work, never about what is right. A bind that comes
// too late, or from whoever, is judged by the state alone.
#pragma once

#include <cstddef>
#include <map>
#include <string>

#include "services/runtime/actor.h"

namespace cara::apiserver {

inline constexpr runtime::Duration kShareLength = std::chrono::seconds(1);
inline constexpr std::size_t kMaxShares = 256;  // of a scheduler at a time

class Shares {
 public:
  // How many more this scheduler may take.
  std::size_t room_of(const std::string& scheduler, runtime::MonoTime now) const;
  // True: the project (by uid) is this scheduler's from now on, and was not a moment ago.
  bool take(const std::string& uid, const std::string& scheduler, runtime::MonoTime now);
  // It was placed, or found to fit nowhere.
  void give_back(const std::string& uid) { shares_.erase(uid); }
  // Forgets what has run out. True if there was any: somebody else is to be told.
  bool take_overdue(runtime::MonoTime now);

 private:
  struct Share {
    std::string scheduler;
    runtime::MonoTime until;
  };
  std::map<std::string, Share> shares_;  // by uid
};

}  // namespace cara::apiserver
