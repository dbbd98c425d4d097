// Backoff: how long to wait after the n-th failure in a row. Doubles from `base` up to `max`.
#pragma once

#include <algorithm>
#include <cstdint>

#include "services/runtime/actor.h"

namespace cara::runtime {

struct Backoff {
  Duration base = std::chrono::milliseconds(50);
  Duration max = std::chrono::seconds(10);

  // REQUIRES: failures >= 1
  Duration after(std::uint32_t failures) const {
    const std::uint32_t doublings = std::min<std::uint32_t>(failures - 1, 30);
    return std::min(max, base * (std::int64_t{1} << doublings));
  }
};

}  // namespace cara::runtime
