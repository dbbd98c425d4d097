// What the operations of ModelEngine share.
#pragma once

#include <algorithm>
#include <string>

#include "services/agent/engine.h"

namespace cara::sim {

inline bool carries(const agent::Labels& labels, const agent::Labels& wanted) {
  return std::includes(labels.begin(), labels.end(), wanted.begin(), wanted.end());
}

inline Timestamp after(Timestamp time, std::int64_t ms) { return {time.ms + ms}; }

inline Error taken(const std::string& kind, const std::string& name) {
  return conflict("the name " + name + " is taken by another " + kind);
}

}  // namespace cara::sim
