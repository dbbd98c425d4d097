#include "services/apiserver/shares.h"

#include <algorithm>

namespace cara::apiserver {

std::size_t Shares::room_of(const std::string& scheduler, runtime::MonoTime now) const {
  const auto held = static_cast<std::size_t>(
      std::count_if(shares_.begin(), shares_.end(), [&](const auto& entry) {
        return entry.second.scheduler == scheduler && now < entry.second.until;
      }));
  return kMaxShares - std::min(held, kMaxShares);
}

bool Shares::take(const std::string& uid, const std::string& scheduler, runtime::MonoTime now) {
  Share& share = shares_[uid];
  if (now < share.until) return false;
  share = {scheduler, now + kShareLength};
  return true;
}

bool Shares::take_overdue(runtime::MonoTime now) {
  return std::erase_if(shares_, [now](const auto& entry) { return entry.second.until <= now; }) > 0;
}

}  // namespace cara::apiserver
