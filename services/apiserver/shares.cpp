#include "services/apiserver/shares.h"

namespace cara::apiserver {

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
