// IdSource: unique ids from a seed. One seed gives one sequence, so a replayed run names everything
// the same. Ids are unguessable only as far as the seed is: never use them as secrets.
#pragma once

#include <cstdint>
#include <string>

#include "services/runtime/actor.h"

namespace cara::runtime {

// The host draws it from the kernel, the simulator from its own seed.
struct Seed {
  std::uint64_t high = 0;
  std::uint64_t low = 0;
};

// xoroshiro128++ 1.0 (Blackman and Vigna, https://prng.di.unimi.it/xoroshiro128plusplus.c).
class IdSource {
 public:
  explicit IdSource(Seed seed);

  std::string next();                        // 32 hex digits: uids and request ids of messages
  std::uint64_t bits();                      // 64 of them
  std::uint64_t below(std::uint64_t bound);  // 0 .. bound-1. REQUIRES: bound > 0

 private:
  std::uint64_t state_[2];
};

// Numbers for an actor's own Requests: unique within its life, shared by all its parts.
class RequestIds {
 public:
  RequestId next() { return ++last_; }

 private:
  RequestId last_ = 0;
};

}  // namespace cara::runtime
